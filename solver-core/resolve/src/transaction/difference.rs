//! What leads from the installed records to those of an answer.

use conda::record::{NoArch, PackageRecord};
use conda::version::Version;
use rustc_hash::FxHashMap;

use super::link_order::link_order_of;
use super::Transaction;

/// What leads from installed records to others, given in link order.
///
/// Records that stay, which are equal in both, appear in neither list, but for noarch python packages when python's
/// minor version changes, and those that `again` names: they are unlinked and linked anew.
pub fn difference(
    installed: &[PackageRecord],
    records: &[PackageRecord],
    again: &dyn Fn(&PackageRecord) -> bool,
) -> Transaction {
    let before: FxHashMap<&str, &PackageRecord> =
        installed.iter().map(|r| (r.name.as_str(), r)).collect();
    let after: FxHashMap<&str, &PackageRecord> =
        records.iter().map(|r| (r.name.as_str(), r)).collect();
    let minor = |by_name: &FxHashMap<&str, &PackageRecord>| {
        let python = by_name.get("python")?;
        Version::parse(&python.version).ok()?.major_minor()
    };
    let other_python = after.contains_key("python") && minor(&before) != minor(&after);
    let untouched = |r: &PackageRecord| {
        let relinked = (other_python && r.noarch == Some(NoArch::Python)) || again(r);
        let is_same = |other: &FxHashMap<&str, &PackageRecord>| {
            other.get(r.name.as_str()).is_some_and(|o| *o == r)
        };
        !relinked && is_same(&before) && is_same(&after)
    };
    let order = if installed.iter().all(&untouched) {
        Vec::new()
    } else {
        link_order_of(installed)
    };
    let mut unlink: Vec<PackageRecord> = order
        .into_iter()
        .map(|i| &installed[i])
        .filter(|r| !untouched(r))
        .cloned()
        .collect();
    unlink.reverse();
    Transaction {
        unlink,
        link: records.iter().filter(|r| !untouched(r)).cloned().collect(),
    }
}
