//! In which order records are linked.
//!
//! Records are linked after everything they depend on, and unlinked in the reverse of that order. The order is
//! Kahn's: all records without unlinked dependencies, by name; when a cycle has no open dependencies outside itself,
//! the member with the fewest within it (then by name) begins, the same way every time. An edge `python → pip` is
//! dropped, so that python is linked before pip and every other noarch python package (conda's rule).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use conda::record::PackageRecord;
use rustc_hash::FxHashMap;

use crate::graph::reachability::needs_of_records;
use crate::ids::Id;

/// The positions of records in link order, given the name of each and what it needs of the others. Linear in records
/// and dependencies, up to a logarithm.
pub(crate) fn link_order(names: &[&str], needs: Vec<Vec<u32>>) -> Vec<usize> {
    // Names are compared once.
    let mut sorted: Vec<u32> = (0..names.len() as u32).collect();
    sorted.sort_by_key(|&i| (names[i.place()], i));
    let mut rank = vec![0u32; names.len()];
    for (place, &i) in (0..).zip(&sorted) {
        rank[i.place()] = place;
    }
    let needs = Edges::of((0..).zip(needs).map(|(i, mut needed): (u32, Vec<u32>)| {
        let name = names[i.place()];
        needed.retain(|&j| j != i && (name, names[j.place()]) != ("python", "pip"));
        needed.sort_unstable();
        needed.dedup();
        needed
    }));
    let needed_by = needs.reversed();
    let cycle = cycles(&needs);
    // What is still open, outside the record's own cycle and within it: a cycle begins when nothing outside is open.
    let mut open: Vec<(u32, u32)> = (0..names.len())
        .map(|i| {
            let needs = needs.from(i);
            let same = |&&j: &&u32| cycle[j.place()] == cycle[i];
            let inside = needs.iter().filter(same).count();
            ((needs.len() - inside) as u32, inside as u32)
        })
        .collect();
    // A stale count is skipped when popped. Records with something open outside cannot be the next.
    let mut heap: BinaryHeap<Waiting> = (0..names.len())
        .filter(|&i| open[i].0 == 0)
        .map(|i| Reverse((open[i].1, rank[i])))
        .collect();
    let mut done = vec![false; names.len()];
    let mut order = Vec::with_capacity(names.len());
    while let Some(Reverse((inside, place))) = heap.pop() {
        let i = sorted[place.place()].place();
        if done[i] || inside != open[i].1 {
            continue;
        }
        done[i] = true;
        order.push(i);
        for dependent in needed_by.from(i).iter().map(|&d| d.place()) {
            if done[dependent] {
                continue;
            }
            let count = &mut open[dependent];
            if cycle[dependent] == cycle[i] {
                count.1 -= 1;
            } else {
                count.0 -= 1;
            }
            if count.0 == 0 {
                heap.push(Reverse((count.1, rank[dependent])));
            }
        }
    }
    order
}

/// What is open of a record within its cycle, and the rank of its name; the least comes first.
type Waiting = Reverse<(u32, u32)>;

/// A graph: the targets of all edges, those from one node after those from the other.
struct Edges {
    to: Vec<u32>,
    ends: Vec<u32>,
}

impl Edges {
    fn of(lists: impl Iterator<Item = Vec<u32>>) -> Self {
        let (mut to, mut ends) = (Vec::new(), Vec::new());
        for list in lists {
            to.extend(list);
            ends.push(to.len() as u32);
        }
        Edges { to, ends }
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn from(&self, node: usize) -> &[u32] {
        let start = node.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.to[start.place()..self.ends[node].place()]
    }

    /// The same edges the other way round, in the order of their nodes.
    fn reversed(&self) -> Self {
        let mut next = vec![0u32; self.len() + 1];
        for &to in &self.to {
            next[to.place() + 1] += 1;
        }
        for node in 1..next.len() {
            next[node] += next[node - 1];
        }
        let mut reversed = vec![0; self.to.len()];
        for node in 0..self.len() {
            for &to in self.from(node) {
                reversed[next[to.place()].place()] = node as u32;
                next[to.place()] += 1;
            }
        }
        next.pop();
        Edges {
            to: reversed,
            ends: next,
        }
    }
}

/// The strongly connected component of each node (Tarjan 1972, without recursion).
fn cycles(edges: &Edges) -> Vec<usize> {
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
            match edges.from(node).get(edge) {
                Some(&to) => {
                    let to = to.place();
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
pub(super) fn link_order_of(records: &[PackageRecord]) -> Vec<usize> {
    let names: Vec<&str> = records.iter().map(|r| r.name.as_str()).collect();
    by_name_in_order(&names, &needs_of_records(records))
}

/// The same where records need others by name.
fn by_name_in_order(names: &[&str], needs: &[Vec<&str>]) -> Vec<usize> {
    let by_name: FxHashMap<&str, u32> = names.iter().copied().zip(0..).collect();
    let needs = needs.iter().map(|needed| {
        let positions = needed.iter().filter_map(|name| by_name.get(name).copied());
        positions.collect()
    });
    link_order(names, needs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::dependency::required_name;

    fn record<'a>(name: &'a str, depends: &[&'a str]) -> (&'a str, Vec<&'a str>) {
        (
            name,
            depends.iter().map(|spec| required_name(spec)).collect(),
        )
    }

    fn names<'a>(records: &[(&'a str, Vec<&'a str>)]) -> Vec<&'a str> {
        let (names, needs): (Vec<&str>, Vec<Vec<&str>>) = records.iter().cloned().unzip();
        let order = by_name_in_order(&names, &needs);
        order.into_iter().map(|i| names[i]).collect()
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
}
