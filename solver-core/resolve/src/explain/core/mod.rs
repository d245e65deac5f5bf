//! Searches for facts that cannot all hold, and for the smallest relaxation of a spec.

pub(crate) mod relax;
pub(crate) mod search;
pub(crate) mod whole;
