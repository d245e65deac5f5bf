//! Packages that have no build for a python.

use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use conda::version::Version;
use rustc_hash::FxHashSet;

use super::{Hint, HintKind};
use crate::explain::conflict::{Conflict, Fact, FactKind, Group, Quantifier};
use crate::explain::exists::records_of;
use crate::explain::spec_union::plain;
use crate::explain::words::subject::{subject, verb};

/// Packages that stand for a python themselves.
const PYTHON_ITSELF: [&str; 6] = [
    "python",
    "python_abi",
    "cpython",
    "pypy",
    "python-gil",
    "python-freethreading",
];

/// A python by its major and minor version.
type Minor = (u64, u64);

/// What there is of python.
struct Pythons {
    records: Vec<PackageRecord>,
    /// Ascending.
    minors: Vec<Minor>,
}

impl Pythons {
    /// The minor versions that a record gets along with. Of one that asks nothing of python these are all.
    fn of(&self, record: &PackageRecord) -> Vec<Minor> {
        let specs = record
            .depends
            .iter()
            .flat_map(|text| MatchSpec::parse(text));
        let specs: Vec<MatchSpec> = specs.filter(|s| s.name_exact() == Some("python")).collect();
        let admits = |minor: &&Minor| {
            let mut all = self
                .records
                .iter()
                .filter(|r| minor_of(&r.version) == Some(**minor));
            all.any(|r| specs.iter().all(|spec| spec.matches(r)))
        };
        self.minors.iter().filter(admits).copied().collect()
    }
}

fn minor_of(version: &str) -> Option<Minor> {
    Version::parse(version).ok()?.major_minor()
}

impl Conflict {
    /// "numba has no build for python 3.14, its newest is for 3.13": a python that is asked for, while no record of
    /// another package takes it; of those records, that is, that the request's own specs on the package admit.
    pub(crate) fn no_build_for(&self) -> Vec<Hint> {
        use FactKind::{Constraint, Frozen, Pin, Request};
        let mut out = Vec::new();
        let asks = |f: &&Fact| {
            f.target == "python" && matches!(f.kind, Request | Pin | Constraint | Frozen)
        };
        let asked: Vec<&Fact> = self.facts.iter().filter(asks).collect();
        if asked.is_empty() {
            return out;
        }
        let pythons = self.pythons();
        let wanted = self.wanted(&asked, &pythons);
        let Some(wanted) = wanted else {
            return out;
        };
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        for group in &self.groups {
            let first = group.first(&self.facts);
            let name = first.name.as_str();
            let on_python = first.kind == FactKind::Dependency && first.target == "python";
            if on_python && !PYTHON_ITSELF.contains(&name) && seen.insert(name) {
                out.extend(self.no_build_of(group, wanted, &pythons));
            }
        }
        out
    }

    fn pythons(&self) -> Pythons {
        let records = records_of(&self.index, "python");
        let records: Vec<PackageRecord> = records.into_iter().map(|(_, r)| r).collect();
        let mut minors: Vec<Minor> = records
            .iter()
            .filter_map(|r| minor_of(&r.version))
            .collect();
        minors.sort_unstable();
        minors.dedup();
        Pythons { records, minors }
    }

    /// The one minor version of python that is asked for.
    fn wanted(&self, asked: &[&Fact], pythons: &Pythons) -> Option<Minor> {
        let specs = asked.iter().flat_map(|f| MatchSpec::parse(&f.spec));
        let specs: Vec<MatchSpec> = specs.collect();
        let fits = |r: &&PackageRecord| specs.iter().all(|spec| spec.matches(r));
        let mut minors = pythons
            .records
            .iter()
            .filter(fits)
            .filter_map(|r| minor_of(&r.version));
        let first = minors.next()?;
        minors.all(|other| other == first).then_some(first)
    }

    fn no_build_of(&self, group: &Group, wanted: Minor, pythons: &Pythons) -> Option<Hint> {
        let name = group.first(&self.facts).name.as_str();
        let records = records_of(&self.index, name);
        let records: Vec<PackageRecord> = records.into_iter().map(|(_, r)| r).collect();
        let minors: Vec<Vec<Minor>> = records.iter().map(|r| pythons.of(r)).collect();
        // What is said is said of the whole package, or of what one spec of the request leaves of it, or of versions.
        let specs = self.facts.iter().filter(|f| {
            use FactKind::{Constraint, Pin, Request};
            matches!(f.kind, Request | Pin | Constraint) && f.name == name && f.spec != name
        });
        let mut scopes: Vec<(String, bool, Vec<bool>)> =
            vec![(name.to_string(), false, vec![true; records.len()])];
        for fact in specs {
            let Ok(spec) = MatchSpec::parse(&fact.spec) else {
                continue;
            };
            let some = records.iter().map(|r| spec.matches(r)).collect();
            scopes.push((plain(&fact.spec), false, some));
        }
        let versions: FxHashSet<&str> = group.versions.iter().map(String::as_str).collect();
        let shown = records
            .iter()
            .map(|r| versions.contains(&*r.version))
            .collect();
        let first = group.first(&self.facts);
        let many = verb(Quantifier::All, &group.ranges, "", "s") == "s";
        let who = subject(first, Quantifier::All, &group.ranges);
        scopes.push((who, many, shown));
        for (who, many, some) in scopes {
            let mut theirs: Vec<Minor> = Vec::new();
            let within = minors.iter().zip(&some).filter(|(_, &is)| is);
            within.for_each(|(minors, _)| theirs.extend(minors));
            if theirs.is_empty() || theirs.contains(&wanted) {
                continue;
            }
            let (oldest, newest) = (theirs.iter().min()?, theirs.iter().max()?);
            let (word, offer) = if *newest < wanted {
                ("newest", newest)
            } else if *oldest > wanted {
                ("oldest", oldest)
            } else {
                continue;
            };
            let offer = format!("{}.{}", offer.0, offer.1);
            let text = format!(
                "{who} {} no build for python {}.{}, {} {word} is for {offer}",
                if many { "have" } else { "has" },
                wanted.0,
                wanted.1,
                if many { "their" } else { "its" },
            );
            return Some(Hint::new(HintKind::NoBuildFor, name, vec![offer], text));
        }
        None
    }
}
