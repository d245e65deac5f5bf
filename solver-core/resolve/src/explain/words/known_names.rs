//! Packages that Python, or PyPI, knows by other names than conda does.

/// Other name and package, one pair a line.
const NAMES: &str = include_str!("known_names.txt");

/// What a package is called here whose module, or whose distribution on PyPI, has this name.
pub(crate) fn conda_name(other: &str) -> Option<&'static str> {
    let plain = other.to_ascii_lowercase();
    let mut lines = NAMES.lines().filter(|line| !line.starts_with('#'));
    lines.find_map(|line| {
        let (theirs, ours) = line.split_once(' ')?;
        (theirs.to_ascii_lowercase() == plain).then_some(ours)
    })
}

#[cfg(test)]
mod tests {
    use super::{conda_name, NAMES};

    #[test]
    fn names_of_modules_and_distributions() {
        assert_eq!(conda_name("sklearn"), Some("scikit-learn"));
        assert_eq!(conda_name("PIL"), Some("pillow"));
        assert_eq!(conda_name("numpy"), None);
    }

    #[test]
    fn every_name_has_one_package() {
        let pairs: Vec<&str> = NAMES.lines().filter(|l| !l.starts_with('#')).collect();
        let mut names: Vec<&str> = pairs
            .iter()
            .filter_map(|l| Some(l.split_once(' ')?.0))
            .collect();
        assert_eq!(names.len(), pairs.len());
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), pairs.len());
    }
}
