//! What must be unlinked and linked, and in which order.
//!
//! Records are linked after everything they depend on, and unlinked in the reverse of that order. The order is
//! Kahn's: all records without unlinked dependencies, by name; when a cycle has no open dependencies outside itself, the
//! member with the fewest within it (then by name) begins, the same way every time. An edge `python → pip` is dropped, so that python is
//! linked before pip and every other noarch python package (conda's rule).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use conda::record::{NoArch, PackageRecord};
use conda::version::Version;
use rustc_hash::FxHashMap;

use crate::needs::needs_of_records;
use crate::solution::Transaction;

/// One record as far as its place in the order goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'a> {
    /// The package's name.
    pub name: &'a str,
    /// Names of the packages it depends on.
    pub needs: Vec<&'a str>,
}

/// The name a dependency string asks for: everything before the first character that cannot be in a name.
pub fn required_name(spec: &str) -> &str {
    let spec = spec.rsplit("::").next().unwrap_or(spec).trim_start();
    let end = spec
        .find(|c: char| c.is_ascii_whitespace() || "=<>!~[;@".contains(c))
        .unwrap_or(spec.len());
    &spec[..end]
}

/// The positions of the records in link order. Linear in records and dependencies, up to a logarithm.
pub fn link_order(records: &[Node<'_>]) -> Vec<usize> {
    let by_name: FxHashMap<&str, usize> = records
        .iter()
        .enumerate()
        .map(|(i, r)| (r.name, i))
        .collect();
    let mut needs: Vec<Vec<usize>> = Vec::with_capacity(records.len());
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); records.len()];
    for (i, record) in records.iter().enumerate() {
        let mut list: Vec<usize> = record
            .needs
            .iter()
            .filter(|&&name| !(record.name == "python" && name == "pip"))
            .filter_map(|&name| by_name.get(name).copied())
            .filter(|&j| j != i)
            .collect();
        list.sort_unstable();
        list.dedup();
        for &j in &list {
            needed_by[j].push(i);
        }
        needs.push(list);
    }
    let cycle = cycles(&needs);
    // What is still open, outside the record's own cycle and within it: a cycle begins when nothing outside is open.
    let mut open: Vec<(usize, usize)> = (0..records.len())
        .map(|i| {
            let inside = needs[i].iter().filter(|&&j| cycle[j] == cycle[i]).count();
            (needs[i].len() - inside, inside)
        })
        .collect();
    // A stale count is skipped when popped.
    let mut heap: BinaryHeap<Waiting<'_>> = records
        .iter()
        .enumerate()
        .map(|(i, r)| Reverse((open[i], r.name, i)))
        .collect();
    let mut done = vec![false; records.len()];
    let mut order = Vec::with_capacity(records.len());
    while let Some(Reverse((count, _, i))) = heap.pop() {
        if done[i] || count != open[i] {
            continue;
        }
        done[i] = true;
        order.push(i);
        for &dependent in needed_by[i].iter().filter(|&&d| !done[d]) {
            let (outside, inside) = &mut open[dependent];
            *(if cycle[dependent] == cycle[i] {
                inside
            } else {
                outside
            }) -= 1;
            heap.push(Reverse((
                open[dependent],
                records[dependent].name,
                dependent,
            )));
        }
    }
    order
}

/// What is open of a record, its name and its position; the least comes first.
type Waiting<'a> = Reverse<((usize, usize), &'a str, usize)>;

/// The strongly connected component of each node (Tarjan 1972, without recursion).
fn cycles(edges: &[Vec<usize>]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let mut index = vec![UNSEEN; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut component = vec![UNSEEN; edges.len()];
    let (mut next, mut components) = (0, 0);
    let mut stack = Vec::new();
    let mut calls: Vec<(usize, usize)> = Vec::new();
    for root in 0..edges.len() {
        if index[root] != UNSEEN {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                index[node] = next;
                low[node] = next;
                next += 1;
                stack.push(node);
            }
            match edges[node].get(edge) {
                Some(&to) => {
                    calls.push((node, edge + 1));
                    if index[to] == UNSEEN {
                        calls.push((to, 0));
                    } else if component[to] == UNSEEN {
                        low[node] = low[node].min(index[to]);
                    }
                }
                None => {
                    if low[node] == index[node] {
                        while let Some(member) = stack.pop() {
                            component[member] = components;
                            if member == node {
                                break;
                            }
                        }
                        components += 1;
                    }
                    if let Some(&(caller, _)) = calls.last() {
                        low[caller] = low[caller].min(low[node]);
                    }
                }
            }
        }
    }
    component
}

/// The positions of whole records in link order.
pub fn link_order_of(records: &[PackageRecord]) -> Vec<usize> {
    let nodes: Vec<Node<'_>> = records
        .iter()
        .zip(needs_of_records(records))
        .map(|(r, needs)| Node {
            name: &r.name,
            needs,
        })
        .collect();
    link_order(&nodes)
}

/// What leads from installed records to others, given in link order.
///
/// Records that stay, which are equal in both, appear in neither list, but for noarch python packages when python's minor version changes, and
/// those that `again` names: they are unlinked and linked anew.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record<'a>(name: &'a str, depends: &[&'a str]) -> Node<'a> {
        Node {
            name,
            needs: depends.iter().map(|spec| required_name(spec)).collect(),
        }
    }

    fn names<'a>(records: &[Node<'a>]) -> Vec<&'a str> {
        link_order(records)
            .into_iter()
            .map(|i| records[i].name)
            .collect()
    }

    #[test]
    fn dependencies_come_first() {
        let records = [
            record("numpy", &["python >=3.12", "libblas 3.*"]),
            record("libblas", &[]),
            record("python", &["pip", "libblas"]),
            record("pip", &["python"]),
        ];
        assert_eq!(names(&records), ["libblas", "python", "numpy", "pip"]);
    }

    #[test]
    fn cycles_break_the_same_way() {
        let mut records = vec![
            record("b", &["c"]),
            record("a", &["b"]),
            record("c", &["a", "d"]),
            record("d", &[]),
        ];
        let expected = vec!["d", "a", "c", "b"];
        assert_eq!(names(&records), expected);
        records.reverse();
        assert_eq!(names(&records), expected);
    }

    #[test]
    fn what_needs_a_cycle_waits_for_all_of_it() {
        let records = [
            record("a-theme", &["sphinx"]),
            record("sphinx", &["ext1", "ext2"]),
            record("ext1", &["sphinx"]),
            record("ext2", &["sphinx"]),
        ];
        assert_eq!(names(&records), ["ext1", "ext2", "sphinx", "a-theme"]);
    }

    #[test]
    fn names_of_specs() {
        assert_eq!(required_name("python >=3.9,<3.13.0a0"), "python");
        assert_eq!(required_name("conda-forge::numpy=1.2"), "numpy");
        assert_eq!(required_name("gen[when=\"python >=3.8\"]"), "gen");
    }
}
