//! A version spec as an interval, for those who reason about its ends: matching needs none of this.

use std::cmp::Ordering;
use std::fmt;

use super::VersionSpec;
use crate::version::Version;

/// One end of an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The version.
    pub version: Version,
    /// Whether it belongs to the interval.
    pub included: bool,
}

/// The versions between two ends; without an end there is none on that side. Written as a spec: `>=1.22,<2`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interval {
    /// The lower end.
    pub low: Option<End>,
    /// The upper end.
    pub high: Option<End>,
}

impl VersionSpec {
    /// The spec as one interval; `None` where it is none: alternatives, exclusions or patterns. Its
    /// ends may leave nothing between them.
    ///
    /// `3.12.*`, `=3.12` and `~=3.12.0` are taken as `>=…,<3.13`, as people read them. Strictly they also match
    /// development versions below their start, such as `3.12.dev1`.
    pub fn as_interval(&self) -> Option<Interval> {
        Interval::of_terms(self.as_str())
    }

    /// The spec as alternatives, each an interval.
    pub fn as_intervals(&self) -> Option<Vec<Interval>> {
        if self.as_str().contains(['(', '^']) {
            return None;
        }
        self.as_str().split('|').map(Interval::of_terms).collect()
    }
}

impl Interval {
    /// The versions that satisfy all of some terms.
    fn of_terms(text: &str) -> Option<Self> {
        if text.contains(['|', '!', '(', '^']) {
            return None;
        }
        let mut all = Interval::default();
        for term in text.split(',').map(str::trim) {
            let term = Interval::of_term(term)?;
            all.low = tighter(all.low, term.low, Ordering::Greater);
            all.high = tighter(all.high, term.high, Ordering::Less);
        }
        Some(all)
    }

    fn of_term(term: &str) -> Option<Self> {
        let end = |text: &str, included| {
            let version = Version::parse(text).ok()?;
            Some(Some(End { version, included }))
        };
        let from = |low: &str, stem: &str| {
            Some(Interval {
                low: end(low, true)?,
                high: end(&following(stem)?, false)?,
            })
        };
        let (low, high) = if term == "*" {
            (None, None)
        } else if let Some(version) = term.strip_prefix(">=") {
            (end(version, true)?, None)
        } else if let Some(version) = term.strip_prefix("<=") {
            (None, end(version, true)?)
        } else if let Some(version) = term.strip_prefix('>') {
            (end(version, false)?, None)
        } else if let Some(version) = term.strip_prefix('<') {
            (None, end(version, false)?)
        } else if let Some(version) = term.strip_prefix("~=") {
            return from(version, version.rsplit_once('.')?.0);
        } else {
            let version = term.trim_start_matches('=');
            let stem = version.strip_suffix('*').map(|s| s.trim_end_matches('.'));
            match stem {
                Some(stem) => return from(stem, stem),
                None if term.starts_with('=') && !term.starts_with("==") => {
                    return from(version, version)
                }
                None => (end(version, true)?, end(version, true)?),
            }
        };
        Some(Interval { low, high })
    }
}

/// The end that leaves fewer versions; `inward` is how it compares with the other.
fn tighter(a: Option<End>, b: Option<End>, inward: Ordering) -> Option<End> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let order = a.version.cmp(&b.version);
            let second = order == inward.reverse() || (order == Ordering::Equal && !b.included);
            Some(if second { b } else { a })
        }
        (a, b) => a.or(b),
    }
}

/// The first release behind all that begin with a number: `3.13` for `3.12`; `None` where it does not end in a number.
pub fn following(stem: &str) -> Option<String> {
    let (head, last) = match stem.rsplit_once('.') {
        Some((head, last)) => (Some(head), last),
        None => (None, stem),
    };
    let next = last.parse::<u64>().ok()?.checked_add(1)?;
    Some(match head {
        Some(head) => format!("{head}.{next}"),
        None => next.to_string(),
    })
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(low) = &self.low {
            f.write_str(if low.included { ">=" } else { ">" })?;
            f.write_str(low.version.as_str())?;
        }
        if let Some(high) = &self.high {
            f.write_str(if self.low.is_some() { "," } else { "" })?;
            f.write_str(if high.included { "<=" } else { "<" })?;
            f.write_str(high.version.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(text: &str) -> Option<String> {
        let spec = VersionSpec::parse(text).unwrap();
        spec.as_interval().map(|interval| interval.to_string())
    }

    #[test]
    fn intervals_of_specs() {
        for (spec, expected) in [
            ("*", ""),
            (">=1.22,<2", ">=1.22,<2"),
            ("<2", "<2"),
            (">1,<=3", ">1,<=3"),
            ("3.12.*", ">=3.12,<3.13"),
            ("=3.12", ">=3.12,<3.13"),
            ("~=1.4.2", ">=1.4.2,<1.5"),
            ("==1.4", ">=1.4,<=1.4"),
            ("1.4", ">=1.4,<=1.4"),
            (">=1,>2,<5,<=4", ">2,<=4"),
            (">=2,>2", ">2"),
            ("1.*,>=1.3", ">=1.3,<2"),
            // Nothing lies between them.
            ("1.*,2.*", ">=2,<2"),
            (">=0,<0", ">=0,<0"),
        ] {
            assert_eq!(interval(spec).as_deref(), Some(expected), "{spec}");
        }
        for spec in ["!=1", "<1|>2", "(>1|<0),>3", "^1.*$", "1*.2"] {
            assert_eq!(interval(spec), None, "{spec}");
        }
    }

    #[test]
    fn alternatives() {
        let all = |text: &str| {
            let spec = VersionSpec::parse(text).unwrap();
            let all = spec.as_intervals()?;
            Some(all.iter().map(ToString::to_string).collect::<Vec<String>>())
        };
        assert_eq!(all("<1|>=2,<3"), Some(vec!["<1".into(), ">=2,<3".into()]));
        assert_eq!(all("1.*"), Some(vec![">=1,<2".into()]));
        assert_eq!(all("<1|!=3"), None);
    }

    /// Whatever an interval is read from, it holds the versions that the spec matches, development versions aside.
    #[test]
    fn intervals_hold_what_specs_match() {
        let specs = [
            ">=1.2,<2",
            "1.2.*",
            "~=1.2.3",
            "==1.2",
            ">1.2",
            "<=2",
            "=1",
            ">=1.2,1.*",
        ];
        let versions = [
            "0.9", "1", "1.1", "1.2", "1.2.0", "1.2.3", "1.2.4", "1.3", "1.9", "2", "2.0.1",
        ];
        for text in specs {
            let spec = VersionSpec::parse(text).unwrap();
            let interval = VersionSpec::parse(&spec.as_interval().unwrap().to_string()).unwrap();
            for version in versions {
                let version = Version::parse(version).unwrap();
                assert_eq!(
                    spec.matches(&version),
                    interval.matches(&version),
                    "{text} {version}"
                );
            }
        }
    }

    #[test]
    fn what_follows() {
        assert_eq!(following("3.12").as_deref(), Some("3.13"));
        assert_eq!(following("9").as_deref(), Some("10"));
        assert_eq!(following("1.2rc1"), None);
        assert_eq!(following("1.18446744073709551615"), None);
    }
}
