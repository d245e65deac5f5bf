//! What leads to what among records, extras included.
//!
//! A record leads to the names in its `depends`, and to those in each of its groups that something reached asks for
//! (CEP 44). Conditions are not looked at: a dependency that does not apply leads to its name all the same, so that
//! what is needed does not change with every package that comes or goes.

use conda::index::{Index, RecordRef, Segment, SpecId};
use conda::record::PackageRecord;
use rustc_hash::{FxHashMap, FxHashSet};

use super::by_name::ByName;
use super::dependency::{asked_extras, required_name};
use crate::ids::Id;
use crate::request::RequestSpec;

/// A name that something asks for, with extras of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask<'n> {
    pub name: &'n str,
    pub extras: Vec<String>,
}

impl<'n> Ask<'n> {
    /// A name without extras.
    pub(crate) fn of_name(name: &'n str) -> Self {
        Ask {
            name,
            extras: Vec::new(),
        }
    }

    /// What a spec of a request asks for.
    pub(crate) fn of_spec(spec: &'n RequestSpec) -> Self {
        Ask {
            name: &spec.name,
            extras: spec.spec.extras().to_vec(),
        }
    }

    /// What the text of a dependency asks for.
    pub(crate) fn of_text(text: &'n str) -> Self {
        Ask {
            name: required_name(text),
            extras: if text.contains("extras") {
                asked_extras(text)
            } else {
                Vec::new()
            },
        }
    }

    /// What specs of a segment ask for.
    fn of_specs(segment: &'n Segment, specs: &[SpecId]) -> Vec<Ask<'n>> {
        let ask = |&spec: &SpecId| {
            let spec = segment.spec(spec);
            let name = segment.name(spec.name_id()?);
            let extras = if spec.asks_for_extras() {
                asked_extras(spec.text())
            } else {
                Vec::new()
            };
            Some(Ask { name, extras })
        };
        specs.iter().filter_map(ask).collect()
    }
}

/// What a record of an index asks for: by its `depends`, or by one of its groups.
pub(crate) fn asks_of<'n>(index: &'n Index, at: RecordRef, group: Option<&str>) -> Vec<Ask<'n>> {
    let segment = index.segment(at.segment);
    match group {
        None => Ask::of_specs(segment, segment.depends(at.record)),
        Some(_) if !segment.has_extras(at.record) => Vec::new(),
        Some(group) => {
            let groups = segment.extra_depends(at.record).into_iter();
            groups
                .filter(|(name, _)| *name == group)
                .flat_map(|(_, specs)| Ask::of_specs(segment, &specs))
                .collect()
        }
    }
}

/// The same of a whole record.
pub(crate) fn asks_of_record<'n>(record: &'n PackageRecord, group: Option<&str>) -> Vec<Ask<'n>> {
    let ask = |text: &'n String| Ask::of_text(text);
    match group {
        None => record.depends.iter().map(ask).collect(),
        Some(group) => {
            let groups = record.extra_depends.iter();
            groups
                .filter(|(name, _)| name == group)
                .flat_map(|(_, specs)| specs.iter().map(ask))
                .collect()
        }
    }
}

/// Names that are reached, and the extras that are asked of them.
#[derive(Debug, Default)]
pub(crate) struct Reach<'n> {
    /// In the order in which they were reached.
    pub names: Vec<&'n str>,
    reached: FxHashSet<&'n str>,
    /// By name, in the order in which they were asked for.
    pub extras: FxHashMap<&'n str, Vec<String>>,
}

impl<'n> Reach<'n> {
    /// Walks from what is asked for; `asks` gives what the record of a name asks for, by itself or by a group, and
    /// `None` for a name that has no record.
    pub(crate) fn from(
        roots: impl IntoIterator<Item = Ask<'n>>,
        asks: impl Fn(&'n str, Option<&str>) -> Option<Vec<Ask<'n>>>,
    ) -> Self {
        let mut reach = Reach::default();
        let mut open: Vec<Ask<'n>> = roots.into_iter().collect();
        while let Some(Ask { name, extras }) = open.pop() {
            if !reach.reached.contains(name) {
                let Some(more) = asks(name, None) else {
                    continue;
                };
                reach.reached.insert(name);
                reach.names.push(name);
                open.extend(more);
            }
            for extra in extras {
                let known = reach.extras.entry(name).or_default();
                if !known.contains(&extra) {
                    open.extend(asks(name, Some(&extra)).into_iter().flatten());
                    known.push(extra);
                }
            }
        }
        reach
    }

    /// What the extras of an ask lead to, without what its name does.
    pub(crate) fn of_extras(
        ask: &Ask<'n>,
        asks: impl Fn(&'n str, Option<&str>) -> Option<Vec<Ask<'n>>>,
    ) -> Vec<&'n str> {
        let mut open: Vec<(&'n str, String)> = Vec::new();
        let mut done: FxHashSet<(&'n str, String)> = FxHashSet::default();
        let mut names = Vec::new();
        open.extend(ask.extras.iter().map(|extra| (ask.name, extra.clone())));
        while let Some((name, extra)) = open.pop() {
            if !done.insert((name, extra.clone())) {
                continue;
            }
            for next in asks(name, Some(&extra)).into_iter().flatten() {
                names.push(next.name);
                open.extend(next.extras.into_iter().map(|extra| (next.name, extra)));
            }
        }
        names
    }

    /// Whether a name is reached.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.reached.contains(name)
    }
}

/// For each of whole records the names it asks for, those of the extras included that these records ask for.
pub(crate) fn needs_of_records(records: &[PackageRecord]) -> Vec<Vec<&str>> {
    let by_name: FxHashMap<&str, &PackageRecord> =
        records.iter().map(|r| (r.name.as_str(), r)).collect();
    let asks = |name: &str, group: Option<&str>| Some(asks_of_record(by_name.get(name)?, group));
    let own: Vec<Vec<Ask<'_>>> = records.iter().map(|r| asks_of_record(r, None)).collect();
    let reach = Reach::from(own.iter().flatten().cloned(), asks);
    let names = records.iter().zip(own).map(|(record, own)| {
        let extras = reach.extras.get(record.name.as_str()).into_iter().flatten();
        let groups = extras.flat_map(|extra| asks_of_record(record, Some(extra)));
        own.iter()
            .cloned()
            .chain(groups)
            .map(|ask| ask.name)
            .collect()
    });
    names.collect()
}

/// Records of an index by name.
pub(crate) fn by_name<'n>(index: &'n Index, places: &[RecordRef]) -> FxHashMap<&'n str, RecordRef> {
    let name_of = |at: &RecordRef| {
        let segment = index.segment(at.segment);
        segment.name_of(at.record)
    };
    places.iter().map(|at| (name_of(at), *at)).collect()
}

/// For each of some records of an index the others that it asks for, those of the extras included that are asked of it
/// among these records or by `roots`.
pub(crate) fn needs<'n>(
    index: &'n Index,
    places: &[RecordRef],
    named: &ByName<'n>,
    roots: impl IntoIterator<Item = Ask<'n>>,
) -> Vec<Vec<u32>> {
    let mut open: Vec<Ask<'n>> = roots.into_iter().collect();
    let mut out: Vec<Vec<u32>> = Vec::with_capacity(places.len());
    for at in places {
        let segment = index.segment(at.segment);
        let mut needed = Vec::new();
        for &dep in segment.depends(at.record) {
            let spec = segment.spec(dep);
            needed.extend(
                spec.name_id()
                    .and_then(|name| named.position(at.segment, name)),
            );
            if spec.asks_for_extras() {
                open.extend(Ask::of_specs(segment, &[dep]));
            }
        }
        out.push(needed);
    }
    let mut done: FxHashSet<(&str, String)> = FxHashSet::default();
    while let Some(Ask { name, extras }) = open.pop() {
        let Some(position) = named.position_of(name) else {
            continue;
        };
        for extra in extras {
            let more = asks_of(index, places[position.place()], Some(&extra));
            if done.insert((name, extra)) {
                let needed = more.iter().filter_map(|ask| named.position_of(ask.name));
                out[position.place()].extend(needed);
                open.extend(more.into_iter().filter(|ask| !ask.extras.is_empty()));
            }
        }
    }
    out
}
