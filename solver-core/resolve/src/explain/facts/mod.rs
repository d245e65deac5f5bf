//! From the guards of a core to facts.

pub(crate) mod describe;
pub(crate) mod graph;
pub(crate) mod group;
