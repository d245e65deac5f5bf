//! What leads to what among records of a request.

pub(crate) mod by_name;
pub(crate) mod dependency;
pub(crate) mod reachability;
mod roots;
pub(crate) mod sides;
