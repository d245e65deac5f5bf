//! Versions as a person would write them.
//!
//! Which versions lie between two others is known from the whole list of a name, so `1.0, 1.1, 1.2` is `1.0 to 1.2`
//! exactly if the name has no other version in between; what is left out shows as a gap.

/// Most ranges written out.
const MOST_RANGES: usize = 3;

/// Writes some of a name's versions.
///
/// `all` are the distinct versions of the name, newest first; `some(i)` says whether the `i`-th is meant. Empty text
/// when none is; `(all 3 versions, 1 to 3)` when every one is, unless there are only one or two.
pub(crate) fn ranges(all: &[&str], some: impl Fn(usize) -> bool) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut count = 0;
    for i in (0..all.len()).filter(|&i| some(i)) {
        count += 1;
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == i => *last = i,
            _ => runs.push((i, i)),
        }
    }
    if count == all.len() && count > 2 {
        return format!("(all {count} versions, {} to {})", all[count - 1], all[0]);
    }
    if runs.len() > MOST_RANGES {
        let (newest, oldest) = (runs[0].0, runs[runs.len() - 1].1);
        return format!("({count} versions from {} to {})", all[oldest], all[newest]);
    }
    let mut words: Vec<String> = Vec::new();
    for &(newest, oldest) in runs.iter().rev() {
        match oldest - newest {
            0 => words.push(all[newest].to_string()),
            1 => words.extend([all[oldest].to_string(), all[newest].to_string()]),
            _ => words.push(format!("{} to {}", all[oldest], all[newest])),
        }
    }
    list(&words)
}

/// "a", "a and b", "a, b and c".
pub(crate) fn list<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_string(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    const ALL: [&str; 6] = ["2.1", "2.0", "1.3", "1.2", "1.1", "1.0"];

    fn of(some: &[usize]) -> String {
        ranges(&ALL, |i| some.contains(&i))
    }

    #[test]
    fn gaps_are_those_of_the_whole_list() {
        assert_eq!(of(&[]), "");
        assert_eq!(of(&[0]), "2.1");
        assert_eq!(of(&[0, 1]), "2.0 and 2.1");
        assert_eq!(of(&[1, 2, 3]), "1.2 to 2.0");
        assert_eq!(of(&[0, 2, 3, 4]), "1.1 to 1.3 and 2.1");
        assert_eq!(of(&[0, 2, 4, 5]), "1.0, 1.1, 1.3 and 2.1");
        assert_eq!(of(&[0, 1, 2, 3, 4, 5]), "(all 6 versions, 1.0 to 2.1)");
        assert_eq!(ranges(&["1.0"], |_| true), "1.0");
        assert_eq!(ranges(&["1.1", "1.0"], |_| true), "1.0 and 1.1");
        let long: Vec<String> = (0..9).rev().map(|i| format!("{i}")).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        assert_eq!(ranges(&long, |i| i % 2 == 0), "(5 versions from 0 to 8)");
    }
}
