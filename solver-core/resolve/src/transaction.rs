//! What must be unlinked and linked, and in which order.
//!
//! Records are linked after everything they depend on, and unlinked in the reverse of that order. The order is
//! Kahn's: all records without unlinked dependencies, by name; in a cycle the record with the fewest open
//! dependencies (then by name) breaks it, the same way every time. An edge `python → pip` is dropped, so that python is
//! linked before pip and every other noarch python package (conda's rule).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

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
    let by_name: FxHashMap<&str, usize> = records.iter().enumerate().map(|(i, r)| (r.name, i)).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); records.len()];
    let mut open: Vec<usize> = vec![0; records.len()];
    for (i, record) in records.iter().enumerate() {
        let mut needs: Vec<usize> = record
            .needs
            .iter()
            .filter(|&&name| !(record.name == "python" && name == "pip"))
            .filter_map(|&name| by_name.get(name).copied())
            .filter(|&j| j != i)
            .collect();
        needs.sort_unstable();
        needs.dedup();
        open[i] = needs.len();
        for j in needs {
            needed_by[j].push(i);
        }
    }
    // Entries are (open dependencies, name, position); a stale count is skipped when popped.
    let mut heap: BinaryHeap<Reverse<(usize, &str, usize)>> =
        records.iter().enumerate().map(|(i, r)| Reverse((open[i], r.name, i))).collect();
    let mut done = vec![false; records.len()];
    let mut order = Vec::with_capacity(records.len());
    while let Some(Reverse((count, _, i))) = heap.pop() {
        if done[i] || count != open[i] {
            continue;
        }
        done[i] = true;
        order.push(i);
        for &dependent in &needed_by[i] {
            if !done[dependent] {
                open[dependent] -= 1;
                heap.push(Reverse((open[dependent], records[dependent].name, dependent)));
            }
        }
    }
    order
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
        link_order(records).into_iter().map(|i| records[i].name).collect()
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
    fn names_of_specs() {
        assert_eq!(required_name("python >=3.9,<3.13.0a0"), "python");
        assert_eq!(required_name("conda-forge::numpy=1.2"), "numpy");
        assert_eq!(required_name("gen[when=\"python >=3.8\"]"), "gen");
    }
}
