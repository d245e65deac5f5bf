//! The least loosening of a requested spec that gives an answer.
//!
//! A spec such as `numpy >=1.22,<2` is an interval of the versions that there are. Let in more of them above it, or
//! below it: the more, the more answers, so the least that helps is found by halving. Versions are let in by series
//! (`2.0`, `2.1`, …), because who gets along with the first release of a series is better off with its last. Of both
//! directions the one counts that lets in fewer series; of equals, that of the newer ones. All of it is asked of one
//! instance, in which the spec is relaxed to its name and each loosening is one assumption.
//!
//! A build goes before any version is let in. Specs that say more than name, version and build are not loosened, nor
//! are those whose versions are no interval (`!=`, `|`).

use std::sync::Arc;

use conda::index::Index;
use conda::match_spec::MatchSpec;
use conda::version::Version;
use conda::version_spec::{following, End, Interval};

use crate::encode::Liftable;
use crate::explain::core::search::Search;
use crate::optimize::{Budget, Interrupted};
use crate::request::{Request, RequestSpec};
use crate::solution::Solution;

/// The spec of a name with an interval of versions.
fn spec_within(name: &str, interval: &Interval) -> Option<RequestSpec> {
    RequestSpec::parse(format!("{name} {interval}").trim()).ok()
}

/// The versions that a spec lets in, as a stretch of all that there are.
struct Versions {
    /// Of the package, oldest first.
    all: Vec<Version>,
    /// Those before this one are below the spec.
    first: usize,
    /// Those from this one on are above it.
    end: usize,
}

impl Versions {
    fn of(all: Vec<Version>, spec: &MatchSpec, ends: &Interval) -> Option<Self> {
        let matches = |v: &Version| spec.version().is_none_or(|s| s.matches(v));
        let found = all.iter().position(matches);
        let (first, end) = match found {
            Some(first) => (first, all.iter().rposition(matches)? + 1),
            None => {
                let end = ends.low.as_ref().or(ends.high.as_ref())?;
                let at = all.partition_point(|v| *v < end.version);
                (at, at)
            }
        };
        Some(Versions { all, first, end })
    }

    /// The lowest and the highest version of the spec; of one without any the version that it names.
    fn own(&self, ends: &Interval) -> Option<(Version, Version)> {
        if self.first < self.end {
            return Some((self.all[self.first].clone(), self.all[self.end - 1].clone()));
        }
        let end = ends.low.as_ref().or(ends.high.as_ref())?;
        Some((end.version.clone(), end.version.clone()))
    }

    /// Where each series ends that lies above the spec, the nearest first.
    fn above(&self) -> Vec<usize> {
        let last = |&at: &usize| {
            let next = self.all.get(at + 1);
            next.is_none_or(|next| series(next) != series(&self.all[at]))
        };
        let above = self.end..self.all.len();
        above.filter(last).map(|at| at + 1).collect()
    }

    /// Where each series begins that lies below the spec, the nearest first.
    fn below(&self) -> Vec<usize> {
        let first = |&at: &usize| {
            let before = at.checked_sub(1).map(|before| series(&self.all[before]));
            before != Some(series(&self.all[at]))
        };
        (0..self.first).rev().filter(first).collect()
    }

    /// The shortest end that lets in the version at `last` and none above.
    fn up_to(&self, last: usize) -> Option<End> {
        let (version, next) = (&self.all[last], self.all.get(last + 1)?);
        let fits = |bound: &Version| version < bound && bound <= next;
        let bounds = stems(version).filter_map(|stem| Version::parse(&following(stem)?).ok());
        let found = bounds.into_iter().find(fits);
        let included = found.is_none();
        let version = found.unwrap_or_else(|| version.clone());
        Some(End { version, included })
    }

    /// The shortest end that lets in the version at `first` and none below; of a pre-release the series that it belongs to,
    /// without it.
    fn from(&self, first: usize) -> Option<End> {
        let (version, last) = (&self.all[first], &self.all[first.checked_sub(1)?]);
        let shortest = |version: &Version, most: &Version| {
            let bounds = stems(version).filter_map(|stem| Version::parse(stem).ok());
            bounds
                .into_iter()
                .find(|bound| last < bound && bound <= most)
        };
        let of_its_series = || {
            let release = Version::parse(released(version)?).ok()?;
            let behind = self.all[first..].iter();
            let newest = behind.take_while(|v| series(v) == series(version)).last()?;
            shortest(&release, newest)
        };
        let version = shortest(version, version)
            .or_else(of_its_series)
            .unwrap_or_else(|| version.clone());
        let included = true;
        Some(End { version, included })
    }
}

/// `1`, `1.21`, `1.21.6` for `1.21.6`, where there are only numbers.
fn stems(version: &Version) -> impl Iterator<Item = &str> {
    let text = version.as_str();
    let plain = |stem: &&str| stem.split('.').all(|s| s.parse::<u64>().is_ok());
    let ends = text.match_indices('.').map(|(at, _)| at);
    ends.chain([text.len()])
        .map(|end| &text[..end])
        .take_while(plain)
}

/// `3.5.0` for `3.5.0rc4`, a pre-release of it.
fn released(version: &Version) -> Option<&str> {
    let text = version.as_str();
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (release, mark) = text.split_at(end);
    let word: String = mark.chars().take_while(char::is_ascii_alphabetic).collect();
    let is_numbered = mark[word.len()..].starts_with(|c: char| c.is_ascii_digit());
    let marks = ["a", "alpha", "b", "beta", "c", "rc", "pre", "dev"];
    let release = release.trim_end_matches(['.', '_']);
    let is_plain = release.split('.').all(|part| part.parse::<u64>().is_ok());
    (marks.contains(&word.as_str()) && is_numbered && is_plain).then_some(release)
}

/// The first two numbers of a version, or of the release that it comes before; all of it where it begins otherwise.
fn series(version: &Version) -> &str {
    let text = released(version).unwrap_or(version.as_str());
    let plain = |stem: &&str| stem.split('.').all(|s| s.parse::<u64>().is_ok());
    let ends = text.match_indices('.').map(|(at, _)| at);
    let stems = ends.chain([text.len()]).map(|end| &text[..end]);
    stems.take_while(plain).take(2).last().unwrap_or(text)
}

/// The least number of things, at most `most`, with which something is possible that gets no less so with more; `None`
/// where not even `most` will do.
fn least(
    most: usize,
    mut possible: impl FnMut(usize) -> Result<bool, Interrupted>,
) -> Result<Option<usize>, Interrupted> {
    if most == 0 || !possible(most)? {
        return Ok(None);
    }
    let (mut too_few, mut enough) = (0, most);
    while too_few + 1 < enough {
        let middle = too_few + (enough - too_few) / 2;
        if possible(middle)? {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    Ok(Some(enough))
}

/// The least loosening of a spec that gives an answer, or `None` where there is none but its name.
///
/// `request` asks for the name alone, which gives `solution`.
pub(crate) fn relax(
    index: &Arc<Index>,
    request: &Request,
    spec: &RequestSpec,
    solution: &Solution,
    budget: Budget<'_>,
) -> Result<Option<RequestSpec>, Interrupted> {
    let name = &spec.name;
    let Some(ends) = spec.spec.version().filter(|_| spec.spec.is_simple()) else {
        return Ok(None);
    };
    let given = solution.records().into_iter().find(|r| r.name == *name);
    let given = given.and_then(|record| Version::parse(&record.version).ok());
    let (Some(ends), Some(given)) = (ends.as_interval(), given) else {
        return Ok(None);
    };
    let mut search = Search::new(index, request, Liftable::Request, budget);
    let all = search.versions(name);
    let Some(versions) = Versions::of(all, &spec.spec, &ends) else {
        return Ok(None);
    };
    if spec.spec.build().is_some() {
        let same = spec.spec.version().map(|v| format!("{name} {v}"));
        let same = same.and_then(|text| RequestSpec::parse(&text).ok());
        if let Some(same) = same {
            if search.possible_with(&same)? {
                return Ok(Some(same));
            }
        }
    }
    let own = versions.own(&ends);
    let mut ends = ends;
    if versions.first == versions.end {
        // An end beyond all that there is would only puzzle.
        ends.low = ends.low.filter(|_| versions.first > 0);
        ends.high = ends.high.filter(|_| versions.end < versions.all.len());
    }
    let (above, below) = (versions.above(), versions.below());
    let up = |count: usize| {
        let high = versions.up_to(above[count - 1] - 1);
        let low = ends.low.clone();
        spec_within(name, &Interval { low, high })
    };
    let down = |count: usize| {
        let low = versions.from(below[count - 1]);
        let high = ends.high.clone();
        spec_within(name, &Interval { low, high })
    };
    let mut possible = |spec: Option<RequestSpec>| match spec {
        Some(spec) => search.possible_with(&spec),
        None => Ok(false),
    };
    // What the name alone gives is surely enough, where it lies above.
    let given = versions.all.partition_point(|v| *v < given);
    let enough = above.partition_point(|&end| end <= given) + 1;
    let most = if given < versions.end {
        above.len()
    } else {
        enough.min(above.len())
    };
    let higher = least(most, |count| possible(up(count)))?;
    // What is left of the spec's own series is nearer than the next one, on either side.
    let is_own = |at: Option<usize>, own: Option<&Version>| {
        let its = at.and_then(|at| versions.all.get(at)).map(series);
        usize::from(its.is_some() && its == own.map(series))
    };
    let nearer = is_own(below.first().copied(), own.as_ref().map(|(low, _)| low));
    let further = is_own(
        above.first().map(|end| end - 1),
        own.as_ref().map(|(_, high)| high),
    );
    let most = higher.map_or(below.len(), |higher| {
        below
            .len()
            .min((higher + nearer).saturating_sub(further + 1))
    });
    let lower = least(most, |count| possible(down(count)))?;
    let loosened = match (lower, higher) {
        (Some(count), _) => down(count),
        (None, Some(count)) => up(count),
        (None, None) => None,
    };
    Ok(loosened.filter(|loosened| loosened.text != *name))
}

#[cfg(test)]
mod tests {
    use super::{least, Versions};
    use conda::match_spec::MatchSpec;
    use conda::version::Version;
    use conda::version_spec::{End, Interval};

    fn versions(spec: &str) -> Option<Versions> {
        let all = [
            "1.20.3", "1.21.6", "1.22.0", "1.22.4", "2.0.0", "2.1rc1", "2.1.0",
        ];
        let all = all.iter().filter_map(|v| Version::parse(v).ok()).collect();
        let spec = MatchSpec::parse(spec).ok()?;
        let ends = spec.version()?.as_interval()?;
        Versions::of(all, &spec, &ends)
    }

    fn low(end: Option<End>) -> Option<String> {
        let interval = Interval {
            low: Some(end?),
            high: None,
        };
        Some(interval.to_string())
    }

    fn high(end: Option<End>) -> Option<String> {
        let interval = Interval {
            low: None,
            high: Some(end?),
        };
        Some(interval.to_string())
    }

    #[test]
    fn bounds_are_as_short_as_they_can_be() {
        let Some(versions) = versions("x 1.22.*") else {
            panic!("no interval");
        };
        assert_eq!((versions.first, versions.end), (2, 4));
        assert_eq!(high(versions.up_to(4)).as_deref(), Some("<2.0.1"));
        assert_eq!(high(versions.up_to(3)).as_deref(), Some("<2"));
        assert_eq!(high(versions.up_to(5)).as_deref(), Some("<=2.1rc1"));
        assert_eq!(versions.up_to(6), None);
        assert_eq!(low(versions.from(1)).as_deref(), Some(">=1.21"));
        assert_eq!(low(versions.from(4)).as_deref(), Some(">=2"));
        assert_eq!(versions.from(0), None);
    }

    #[test]
    fn series_are_let_in_whole() {
        // A pre-release belongs to the series of its release.
        let beside = |spec| versions(spec).map(|v| (v.above(), v.below()));
        assert_eq!(beside("x 1.22.*"), Some((vec![5, 7], vec![1, 0])));
        assert_eq!(beside("x ==1.22.0"), Some((vec![4, 5, 7], vec![1, 0])));
        assert_eq!(beside("x ==1.22.4"), Some((vec![5, 7], vec![2, 1, 0])));
    }

    #[test]
    fn a_spec_without_versions_has_a_place() {
        let place = |spec| versions(spec).map(|v| (v.first, v.end));
        assert_eq!(place("x 9.*"), Some((7, 7)));
        assert_eq!(place("x ==1.22.1"), Some((3, 3)));
        assert_eq!(place("x <1"), Some((0, 0)));
    }

    #[test]
    fn halving() {
        for most in 0..9 {
            for enough in 1..9 {
                let found = least(most, |count| Ok(count >= enough));
                assert_eq!(found.ok(), Some((enough <= most).then_some(enough)));
            }
        }
    }
}
