//! What several specs on one package ask for together, in few words.
//!
//! Records of one package often ask for another in many ways (`openssl >=3.2.0,<4.0a0`, `openssl >=3.2.1,<4.0a0`, …).
//! For a reader their union says what matters: none of them takes anything outside of it. Specs whose version part is
//! an interval are joined where they overlap or touch; conda writes the end of an interval as `<4.0a0` to keep
//! pre-releases out, which is taken as `<4` here. Anything else (patterns, builds) is left as it is; where there are
//! too many of them, builds are left out, which says less but nothing wrong.

use conda::version::Version;
use conda::version_spec::{End, VersionSpec};

/// Most alternatives written out in one line.
const MOST_ALTERNATIVES: usize = 3;
/// Longest spec that is written out in full, in characters.
const LONGEST_SPEC: usize = 60;

/// A spec as people write it: without what conda adds to upper bounds, and not longer than a line.
pub(crate) fn plain(spec: &str) -> String {
    let spec: Vec<&str> = spec.split_whitespace().collect();
    let text = spec
        .join(" ")
        .split(',')
        .map(|term| match term.rsplit_once('<') {
            Some((head, bound)) if !bound.starts_with('=') => format!("{head}<{}", release(bound)),
            _ => term.to_string(),
        })
        .collect::<Vec<String>>()
        .join(",");
    if text.chars().count() > LONGEST_SPEC {
        let head: String = text.chars().take(LONGEST_SPEC - 1).collect();
        return format!("{head}…");
    }
    text
}

/// An upper bound without its pre-release mark: `4` for `4.0a0`, `1.1.2` for `1.1.2a`.
pub(crate) fn release(bound: &str) -> &str {
    let marks = [".0a0", ".0.a0", ".a0", "a0", "a"];
    let plain = marks.iter().find_map(|mark| bound.strip_suffix(mark));
    let is_number = |rest: &&str| rest.ends_with(|c: char| c.is_ascii_digit());
    plain.filter(is_number).unwrap_or(bound)
}

/// An interval of versions, and the text of the only spec it came from.
#[derive(Debug, Clone)]
struct Interval {
    low: Option<End>,
    high: Option<End>,
    text: Option<String>,
}

impl Interval {
    /// The interval of a spec's version part; `None` when it is none, more than one, a single version or all of them.
    fn parse(text: &str) -> Option<Self> {
        let interval = VersionSpec::parse(text).ok()?.as_interval()?;
        if interval.low == interval.high {
            return None;
        }
        let without_mark = |end: End| match Version::parse(release(end.version.as_str())) {
            Ok(version) if !end.included => End { version, ..end },
            _ => end,
        };
        Some(Interval {
            low: interval.low,
            high: interval.high.map(without_mark),
            text: Some(plain(text)),
        })
    }

    /// Whether the other one, which does not begin before, begins within or right behind this one.
    fn reaches(&self, other: &Interval) -> bool {
        match (&self.high, &other.low) {
            (None, _) | (_, None) => true,
            (Some(high), Some(low)) => {
                let (high_key, low_key) = (high.version.key(), low.version.key());
                low_key < high_key || (low_key == high_key && (low.included || high.included))
            }
        }
    }

    /// Takes the other one in.
    fn join(&mut self, other: &Interval) {
        let longer = match (&self.high, &other.high) {
            (None, _) => false,
            (_, None) => true,
            (Some(mine), Some(its)) => {
                (its.version.key(), its.included) > (mine.version.key(), mine.included)
            }
        };
        if longer {
            self.high.clone_from(&other.high);
        }
        if self.text != other.text {
            self.text = None;
        }
    }

    fn words(&self) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        let mut words = Vec::new();
        if let Some(low) = &self.low {
            let sign = if low.included { ">=" } else { ">" };
            words.push(format!("{sign}{}", low.version.as_str()));
        }
        if let Some(high) = &self.high {
            let sign = if high.included { "<=" } else { "<" };
            words.push(format!("{sign}{}", high.version.as_str()));
        }
        words.join(",")
    }
}

/// Orders texts as people count: 2 before 10.
fn natural(text: &str) -> Vec<(u64, String)> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let words = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(words);
        let digits = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        out.push((tail[..digits].parse().unwrap_or(u64::MAX), word.to_string()));
        rest = &tail[digits..];
    }
    out
}

/// The part of a spec behind the name; `==1.0` and `1.0` are one.
fn behind<'s>(name: &str, spec: &'s str) -> &'s str {
    let part = match spec.split_at_checked(name.len()) {
        // Names ignore case, and a spec may have it as somebody typed it.
        Some((head, tail)) if head.eq_ignore_ascii_case(name) => tail.trim(),
        _ => spec,
    };
    part.strip_prefix("==").unwrap_or(part)
}

/// Whether a spec asks for a build.
pub(crate) fn names_a_build(name: &str, spec: &str) -> bool {
    let part = behind(name, spec);
    part.split_whitespace().count() > 1
        || part.contains("build")
        || part
            .trim_start_matches(['=', '<', '>', '!', '~'])
            .contains('=')
}

/// What some specs on a package ask for: `python >=3.9,<3.12`, `lib <2 or >=4`. Builds are listed however many there are
/// if they matter to others.
pub(crate) fn union(name: &str, specs: &[&str], builds_matter: bool) -> String {
    let mut parts: Vec<String> = specs.iter().map(|s| behind(name, s).to_string()).collect();
    let mut words = alternatives(&parts);
    if words.len() > MOST_ALTERNATIVES + 1 && !builds_matter {
        for part in &mut parts {
            let version = part.split_whitespace().next().unwrap_or_default();
            *part = version.to_string();
        }
        words = alternatives(&parts);
    }
    if words.iter().any(String::is_empty) {
        // Together they leave no version out.
        return name.to_string();
    }
    if name.is_empty() {
        // A feature, or a pattern of names: the spec says all there is.
        return words.join(" or ");
    }
    let count = words.len();
    if count > MOST_ALTERNATIVES + 1 {
        // Both ends show which way it is out of reach.
        let last = words.split_off(MOST_ALTERNATIVES - 1).pop();
        words.push("…".to_string());
        words.extend(last);
        return format!("{name} {} ({count} in all)", words.join(" or "));
    }
    format!("{name} {}", words.join(" or "))
}

/// Whether some version, existing or not, satisfies both specs, if they are intervals.
pub(crate) fn overlap(name: &str, a: &str, b: &str) -> bool {
    let parse = |spec| Interval::parse(behind(name, spec));
    let (Some(mut a), Some(mut b)) = (parse(a), parse(b)) else {
        return false;
    };
    let low = |i: &Interval| i.low.as_ref().map(|end| end.version.key().to_vec());
    if low(&a) > low(&b) {
        std::mem::swap(&mut a, &mut b);
    }
    match (&a.high, &b.low) {
        (Some(high), Some(low)) => {
            let (high_key, low_key) = (high.version.key(), low.version.key());
            low_key < high_key || (low_key == high_key && low.included && high.included)
        }
        _ => true,
    }
}

/// The same for version parts, with or without builds, as few of them as say it; an empty one is any version.
fn alternatives(parts: &[String]) -> Vec<String> {
    let mut intervals: Vec<Interval> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for part in parts {
        match Interval::parse(part) {
            Some(interval) => intervals.push(interval),
            None => others.push(plain(part)),
        }
    }
    let low = |i: &Interval| {
        i.low
            .as_ref()
            .map(|end| (end.version.key().to_vec(), !end.included))
    };
    intervals.sort_by_cached_key(low);
    let mut joined: Vec<Interval> = Vec::new();
    for interval in intervals {
        match joined.last_mut().filter(|last| last.reaches(&interval)) {
            Some(last) => last.join(&interval),
            None => joined.push(interval),
        }
    }
    others.sort_by_cached_key(|text| natural(text));
    others.dedup();
    joined.iter().map(Interval::words).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::{names_a_build, overlap, plain, union};

    #[test]
    fn plain_bounds() {
        assert_eq!(plain("python >=3.12,<3.13.0a0"), "python >=3.12,<3.13");
        assert_eq!(plain("__glibc >=2.17,<3.0.a0"), "__glibc >=2.17,<3");
        assert_eq!(plain("lib <2.0a0"), "lib <2");
        assert_eq!(plain("openssl >=1.1.1q,<1.1.2a"), "openssl >=1.1.1q,<1.1.2");
        assert_eq!(plain("lib <2.0beta"), "lib <2.0beta");
        assert_eq!(plain("blas 2.1   openblas"), "blas 2.1 openblas");
        assert_eq!(plain("lib <=2.0a0"), "lib <=2.0a0");
    }

    #[test]
    fn builds() {
        assert!(names_a_build("x", "x 1.* *_mkl"));
        assert!(names_a_build("x", "x=1=h_0"));
        assert!(names_a_build("x", "x[build=h_0]"));
        assert!(!names_a_build("x", "x >=1,<2"));
        assert!(!names_a_build("x", "x ==1"));
        assert!(!names_a_build("x", "x"));
    }

    #[test]
    fn overlaps() {
        assert!(overlap("x", "x <1.20", "x >=1.19,<3"));
        assert!(!overlap("x", "x <1.19", "x >=1.19,<3"));
        assert!(overlap("x", "x >=1", "x <2"));
        assert!(!overlap("x", "x * *_mkl", "x <2"));
    }

    #[test]
    fn unions() {
        let of = |specs: &[&str]| union("x", specs, false);
        assert_eq!(
            of(&["x >=3.2.0,<4.0a0", "x >=3.2.1,<4.0a0"]),
            "x >=3.2.0,<4"
        );
        assert_eq!(
            of(&[
                "x >=3.10,<3.11.0a0",
                "x >=3.9,<3.10.0a0",
                "x >=3.11,<3.12.0a0"
            ]),
            "x >=3.9,<3.12"
        );
        assert_eq!(of(&["x 3.9.*", "x 3.10.*"]), "x >=3.9,<3.11");
        assert_eq!(of(&["x 3.9.*", "x 3.11.*"]), "x 3.9.* or 3.11.*");
        assert_eq!(of(&["x <2", "x >=4"]), "x <2 or >=4");
        assert_eq!(of(&["x <2", "x >=1"]), "x");
        assert_eq!(of(&["x >1", "x"]), "x");
        assert_eq!(of(&["x 1.* *_a", "x 1.* *_b"]), "x 1.* *_a or 1.* *_b");
        assert_eq!(of(&["x <2", "x <=2"]), "x <=2");
        assert_eq!(of(&["x >2", "x <2"]), "x <2 or >2");
        let many: Vec<String> = (0..9).map(|i| format!("x {i}.* b{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&many), "x >=0,<9");
        assert_eq!(
            union("x", &many, true),
            "x 0.* b0 or 1.* b1 or … or 8.* b8 (9 in all)"
        );
        assert_eq!(of(&["x ==1", "x 1"]), "x 1");
        let many: Vec<String> = (0..9).map(|i| format!("x !={i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&many), "x !=0 or !=1 or … or !=8 (9 in all)");
    }
}
