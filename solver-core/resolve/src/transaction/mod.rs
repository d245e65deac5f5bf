//! What must be unlinked and linked to come from an environment to an answer.

mod difference;
mod link_order;

use conda::record::PackageRecord;

pub(crate) use difference::{difference, python_home};
pub(crate) use link_order::link_order;

/// Records to unlink and to link, each list in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transaction {
    /// Records to remove, dependents first.
    pub unlink: Vec<PackageRecord>,
    /// Records to install, dependencies first.
    pub link: Vec<PackageRecord>,
}
