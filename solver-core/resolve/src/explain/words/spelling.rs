//! Names that are spelt nearly like one that does not exist.

/// Most names offered for one that does not exist.
const MOST_NAMES: usize = 3;

/// The names nearest to one that does not exist: the same but for separators; else by edits, at most two and within a
/// third of its letters. A prefix or ending that channels add counts as more than one edit and less than two.
pub(crate) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let bound = (wrong.chars().count() / 3).clamp(1, 2);
    let (folded, stem) = (fold(wrong), stem(wrong));
    let mut found: Vec<(usize, &str)> = Vec::new();
    for name in names {
        let distance = 2 * edits(wrong, name, bound);
        let distance = if folded == fold(name) {
            0
        } else if stem == self::stem(name) {
            distance.min(3)
        } else {
            distance
        };
        if distance <= (2 * bound).max(3) {
            found.push((distance, name));
        }
    }
    found.sort_unstable();
    found.dedup();
    // A clear winner needs no company.
    let best = found.first().map_or(0, |f| f.0);
    found
        .into_iter()
        .take_while(|f| f.0 == best)
        .take(MOST_NAMES)
        .map(|(_, n)| n.to_string())
        .collect()
}

/// A name without case and separators.
fn fold(name: &str) -> String {
    let plain = name.chars().filter(|c| !matches!(c, '-' | '_' | '.'));
    plain.map(|c| c.to_ascii_lowercase()).collect()
}

/// A folded name without what channels add to names of Python's packages.
fn stem(name: &str) -> String {
    let mut plain = fold(name);
    for mark in ["python", "py"] {
        let rest = plain.strip_prefix(mark).or(plain.strip_suffix(mark));
        if let Some(rest) = rest.filter(|rest| rest.len() > 2) {
            plain = rest.to_string();
        }
    }
    plain
}

/// The number of insertions, deletions, replacements and swaps of neighbours between two names, or more than `bound`
/// (Damerau, restricted).
fn edits(a: &str, b: &str, bound: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > bound {
        return bound + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut cost = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row.push(cost);
        }
        if row.iter().all(|&c| c > bound) {
            return bound + 1;
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{edits, nearest};

    #[test]
    fn distances() {
        assert_eq!(edits("nunpy", "numpy", 2), 1);
        assert_eq!(edits("nmupy", "numpy", 2), 1);
        assert_eq!(edits("scipy", "numpy", 2), 3);
        assert_eq!(edits("a", "abcd", 2), 3);
    }

    #[test]
    fn names() {
        let all = ["numpy", "scipy", "numba", "scikit-learn", "python-dateutil"];
        let of = |wrong| nearest(wrong, all.into_iter());
        assert_eq!(of("nunpy"), ["numpy"]);
        assert_eq!(of("scikit_learn"), ["scikit-learn"]);
        assert_eq!(of("dateutil"), ["python-dateutil"]);
        assert_eq!(of("python-dateutils"), ["python-dateutil"]);
        assert_eq!(
            nearest(
                "python-dateutils",
                ["dateutils", "python-dateutil"].into_iter()
            ),
            ["python-dateutil"]
        );
        assert!(of("tensorflow").is_empty());
    }
}
