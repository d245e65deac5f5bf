//! The parsers of conda's words. Whatever is accepted must survive being written and read again.

use conda::index::Index;
use conda::match_spec::MatchSpec;
use conda::version::Version;
use conda::version_spec::VersionSpec;

/// Two versions, one a line: each equals itself reread, and they are ordered the same from both sides.
pub fn version(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let versions: Vec<Version> = text
        .lines()
        .take(4)
        .filter_map(|line| Version::parse(line).ok())
        .collect();
    for a in &versions {
        assert_eq!(&Version::parse(&a.to_string()).expect("its own text"), a);
        for b in &versions {
            assert_eq!(a.cmp(b), b.cmp(a).reverse());
            assert_eq!(a == b, a.cmp(b).is_eq());
        }
    }
}

/// A version spec in the first line, versions in the others: written and read again it matches the same.
pub fn version_spec(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let Ok(spec) = VersionSpec::parse(lines.next().unwrap_or_default()) else {
        return;
    };
    let again = VersionSpec::parse(&spec.to_string()).expect("its own text");
    for line in lines
        .take(8)
        .chain(["1.0", "2!3.4a1.post2", "0.0.9+local.1"])
    {
        if let Ok(version) = Version::parse(line) {
            assert_eq!(spec.matches(&version), again.matches(&version));
        }
    }
}

/// A match spec is written in a form that reads as what is written alike.
pub fn match_spec(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(spec) = MatchSpec::parse(&text) {
        let written = spec.to_string();
        let again = MatchSpec::parse(&written)
            .unwrap_or_else(|error| panic!("{text:?} is written as {written:?}: {error}"));
        assert_eq!(again.to_string(), written);
    }
}

/// Repodata that is accepted gives records that can all be looked at.
pub fn repodata(data: &[u8]) {
    if let Ok(index) = Index::from_json(&[("channel", "linux-64", data)], "linux-64") {
        let records = index.segments().len();
        assert!(records <= 1);
        assert_eq!(index.is_empty(), index.len() == 0);
        let _ = index.warnings();
    }
}
