//! What a reader of a conflict would look up next: other spellings, other channels, later dates, older pythons.

use conda::index::RecordRef;
use conda::version::Version;
use rustc_hash::FxHashMap;

use super::facts::{Conflict, Fact, FactKind};
use super::text::plain;

/// Most names offered for one that does not exist.
const MOST_NAMES: usize = 3;
/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// What a hint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HintKind {
    /// Names that are spelt nearly so.
    NearestName,
    /// Versions that exist.
    ExistingVersions,
    /// A package of a lower channel that strict priority hides.
    HiddenChannel,
    /// A package that appeared after the cut-off.
    AfterCutoff,
    /// A virtual package that the target lacks or has too old.
    VirtualPackage,
    /// A python (or other base package) for which no build exists yet, or any more.
    NoBuildFor,
}

impl HintKind {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            HintKind::NearestName => "nearest_name",
            HintKind::ExistingVersions => "existing_versions",
            HintKind::HiddenChannel => "hidden_channel",
            HintKind::AfterCutoff => "after_cutoff",
            HintKind::VirtualPackage => "virtual_package",
            HintKind::NoBuildFor => "no_build_for",
        }
    }
}

/// One hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What it is about.
    pub kind: HintKind,
    /// The package it speaks of.
    pub name: String,
    /// What it offers, best first: names, versions, a channel, a date.
    pub offers: Vec<String>,
    /// One sentence.
    pub text: String,
}

impl Conflict {
    /// The hints of a conflict, in the order of its facts.
    pub fn hints(&self) -> Vec<Hint> {
        let mut out = Vec::new();
        for fact in &self.facts {
            match fact.kind {
                FactKind::MissingName => out.extend(self.nearest_names(fact)),
                FactKind::MissingVersion => out.extend(existing_versions(fact)),
                FactKind::ChannelPriority => out.extend(self.hidden_channel(fact)),
                FactKind::Policy => out.extend(self.after_cutoff(fact)),
                FactKind::VirtualPackage => out.push(self.virtual_package(fact)),
                _ => {}
            }
        }
        out.extend(self.no_build_for());
        out
    }

    fn nearest_names(&self, fact: &Fact) -> Option<Hint> {
        let offers = nearest(&fact.name, self.names());
        let (last, rest) = offers.split_last()?;
        let names = if rest.is_empty() {
            last.clone()
        } else {
            format!("{} or {last}", rest.join(", "))
        };
        Some(Hint {
            kind: HintKind::NearestName,
            name: fact.name.clone(),
            text: format!("there is no {}; did you mean {names}?", fact.name),
            offers,
        })
    }

    /// All names of the index; one of several channels may come more than once.
    fn names(&self) -> impl Iterator<Item = &str> {
        let segments = self.index.segments().iter();
        segments.flat_map(|m| m.segment.packages().map(|p| m.segment.package_name(p)))
    }

    fn hidden_channel(&self, fact: &Fact) -> Option<Hint> {
        let at = fact.records.first()?;
        let channel =
            &self.index.channels()[self.index.segments().get(at.segment as usize)?.channel].name;
        Some(Hint {
            kind: HintKind::HiddenChannel,
            name: fact.name.clone(),
            text: format!(
                "channel {channel} has {} {}, hidden by strict priority; ask for {channel}::{}, or for another priority",
                fact.name, fact.ranges, fact.name
            ),
            offers: vec![channel.clone()],
        })
    }

    fn after_cutoff(&self, fact: &Fact) -> Option<Hint> {
        let first = fact.records.iter().map(|at| self.time(*at)).min()?;
        let cutoff = self.request.cutoffs.general?;
        let (first, cutoff) = (date(first), date(cutoff));
        Some(Hint {
            kind: HintKind::AfterCutoff,
            name: fact.name.clone(),
            text: format!(
                "{} {} came after the cut-off of {cutoff}, the first on {first}",
                fact.name, fact.ranges
            ),
            offers: vec![first],
        })
    }

    /// When a record came to be, as the cut-off sees it, in milliseconds since 1970.
    pub(super) fn time(&self, at: RecordRef) -> u64 {
        let Some(member) = self.index.segments().get(at.segment as usize) else {
            return 0;
        };
        let indexed = member.segment.indexed_timestamp(at.record);
        indexed.unwrap_or_else(|| member.segment.timestamp(at.record))
    }

    fn virtual_package(&self, fact: &Fact) -> Hint {
        let asking = self.facts.iter().find(|f| f.target == fact.name);
        let has = match fact.spec.as_str() {
            "" => "the target has none".to_string(),
            _ => format!("the target has {}", fact.ranges),
        };
        let text = match asking {
            Some(f) if f.kind == FactKind::Dependency => {
                format!("{} {} needs {}, {has}", f.name, f.ranges, plain(&f.spec))
            }
            Some(f) => format!("{} is asked for, {has}", plain(&f.spec)),
            None => format!("{} is missing: {has}", fact.name),
        };
        Hint {
            kind: HintKind::VirtualPackage,
            name: fact.name.clone(),
            offers: asking.iter().map(|f| f.spec.clone()).collect(),
            text,
        }
    }

    /// "python 3.14 has no build of numpy 1.26, the newest is for 3.12": a package asked for at a version for which
    /// every build of another asks for lower ones.
    fn no_build_for(&self) -> Vec<Hint> {
        let mut out = Vec::new();
        let asked = self
            .facts
            .iter()
            .filter(|f| f.kind == FactKind::Request && f.target == "python");
        for base in asked {
            let Some(wanted) = first_minor(&base.spec) else {
                continue;
            };
            let mut newest: FxHashMap<&str, (u64, &str, usize)> = FxHashMap::default();
            for fact in self
                .facts
                .iter()
                .filter(|f| f.kind == FactKind::Dependency && f.target == "python")
            {
                let Some(built) = exact_minor(&fact.spec) else {
                    // One that is not built for a single python speaks of no build.
                    newest.insert(&fact.name, (u64::MAX, "", 0));
                    continue;
                };
                let entry = newest.entry(&fact.name).or_insert((built, &fact.ranges, 0));
                entry.2 += 1;
                if built > entry.0 {
                    *entry = (built, &fact.ranges, entry.2);
                }
            }
            let mut found: Vec<(&str, (u64, &str, usize))> = newest.into_iter().collect();
            found.sort_unstable();
            for (name, (built, _, _)) in found {
                if built < wanted {
                    out.push(Hint {
                        kind: HintKind::NoBuildFor,
                        name: name.to_string(),
                        offers: vec![format!("3.{built}")],
                        text: format!("{name} has no build for python 3.{wanted} here; its newest is for 3.{built}"),
                    });
                }
            }
        }
        out
    }
}

fn existing_versions(fact: &Fact) -> Option<Hint> {
    let word = fact.spec.strip_prefix(fact.name.as_str())?.trim();
    // The versions next to the first one the spec names.
    let named: String = word
        .trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '.')
        .collect();
    let named = named.trim_end_matches('.');
    let wanted = Version::parse(named).ok()?;
    let at = fact
        .versions
        .partition_point(|v| Version::parse(v).is_ok_and(|v| v.key() > wanted.key()));
    let mut offers = Vec::new();
    if let Some(below) = fact.versions.get(at) {
        offers.push(below.clone());
    }
    if let Some(above) = at.checked_sub(1).and_then(|i| fact.versions.get(i)) {
        offers.push(above.clone());
    }
    let exists = offers
        .first()
        .is_some_and(|v| Version::parse(v).is_ok_and(|v| v.key() == wanted.key()));
    let text = match &offers[..] {
        [found, ..] if exists => {
            format!("{} {found} exists, but no build of it matches", fact.name)
        }
        [below, above] => format!(
            "the versions of {} nearest to {named} are {below} and {above}",
            fact.name
        ),
        [one] if at == 0 => format!("the newest version of {} is {one}", fact.name),
        [one] => format!("the oldest version of {} is {one}", fact.name),
        _ => return None,
    };
    Some(Hint {
        kind: HintKind::ExistingVersions,
        name: fact.name.clone(),
        offers,
        text,
    })
}

/// `12` for the first `3.12` in a spec's text.
fn first_minor(spec: &str) -> Option<u64> {
    let digits: String = spec
        .split("3.")
        .nth(1)?
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

/// `12` for `>=3.12,<3.13.0a0` and `3.12.*`: a spec that leaves one minor version.
fn exact_minor(spec: &str) -> Option<u64> {
    let low = first_minor(spec)?;
    let single = spec.contains(&format!("<3.{}", low + 1)) || spec.contains(&format!("3.{low}.*"));
    single.then_some(low)
}

/// The names nearest to one that does not exist: within a third of its letters, at most two edits, or the same but for
/// separators and the prefixes and endings that channels add.
fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let bound = (wrong.chars().count() / 3).clamp(1, 2);
    let folded = fold(wrong);
    let mut found: Vec<(usize, &str)> = Vec::new();
    for name in names {
        let distance = if folded == fold(name) {
            0
        } else {
            edits(wrong, name, bound)
        };
        if distance <= bound {
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

/// A name without what is easily got wrong.
fn fold(name: &str) -> String {
    let plain: String = name
        .to_ascii_lowercase()
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | '.'))
        .collect();
    let plain = plain
        .strip_prefix("python")
        .filter(|s| s.len() > 2)
        .unwrap_or(&plain);
    let plain = plain
        .strip_prefix("py")
        .filter(|s| s.len() > 2)
        .unwrap_or(plain);
    plain.to_string()
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

/// A day in UTC, `2026-01-31` (civil calendar from a count of days, after Hinnant).
pub(super) fn date(milliseconds: u64) -> String {
    let days = milliseconds / DAY + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The end of a day in UTC, in milliseconds since 1970.
pub(super) fn end_of_day(milliseconds: u64) -> u64 {
    milliseconds / DAY * DAY + DAY - 1
}

#[cfg(test)]
mod tests {
    use super::{date, edits, end_of_day, exact_minor, nearest};

    #[test]
    fn dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400_000), "2000-02-29");
        assert_eq!(date(1_767_225_599_999), "2025-12-31");
        assert_eq!(end_of_day(5), 86_399_999);
    }

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
        assert!(of("tensorflow").is_empty());
    }

    #[test]
    fn minors() {
        assert_eq!(exact_minor("python >=3.12,<3.13.0a0"), Some(12));
        assert_eq!(exact_minor("python 3.9.*"), Some(9));
        assert_eq!(exact_minor("python >=3.9"), None);
    }
}
