//! What leads from the installed records to those of an answer.

use conda::record::{NoArch, PackageRecord};
use conda::version::Version;
use rustc_hash::FxHashMap;

use super::link_order::link_order_of;
use super::Transaction;

/// What noarch python packages were linked for: python's minor version, whose byte code they hold, and the folder that
/// it looks into. A record that names no folder has the default one (CEP 17).
pub(crate) fn python_home(python: &PackageRecord) -> (Option<(u64, u64)>, String) {
    let minor = Version::parse(&python.version)
        .ok()
        .and_then(|version| version.major_minor());
    let folder = match (&python.python_site_packages_path, minor) {
        (Some(path), _) => path.replace('\\', "/").trim_end_matches('/').to_string(),
        (None, Some((major, minor))) => format!("lib/python{major}.{minor}/site-packages"),
        (None, None) => String::new(),
    };
    (minor, folder)
}

/// What leads from installed records to others, given in link order.
///
/// Records that stay, which are equal in both, appear in neither list, but for noarch python packages when python's
/// minor version or its site-packages folder changes, and those that `again` names: they are unlinked and linked again.
pub(crate) fn difference(
    installed: &[PackageRecord],
    records: &[PackageRecord],
    again: &dyn Fn(&PackageRecord) -> bool,
) -> Transaction {
    let before: FxHashMap<&str, &PackageRecord> =
        installed.iter().map(|r| (r.name.as_str(), r)).collect();
    let after: FxHashMap<&str, &PackageRecord> =
        records.iter().map(|r| (r.name.as_str(), r)).collect();
    let home = |by_name: &FxHashMap<&str, &PackageRecord>| {
        by_name.get("python").map(|python| python_home(python))
    };
    let other_python = after.contains_key("python") && home(&before) != home(&after);
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
