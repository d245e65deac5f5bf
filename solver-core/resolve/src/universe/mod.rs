//! What a search knows of the index: names, their records in order, and which of them a spec matches.
//!
//! The index speaks in strings and in ids local to one subdir. A [`Universe`] gives every package name and distinct
//! spec it meets a dense id of its own. It grows as the search asks: a name's records are listed when something first
//! requires it, and only a *known* prefix of them is looked at (see [`Name`]). Nothing in it belongs to one request:
//! what does (specs, constraints, pins) is assumed by the search, so that one universe serves many requests with the
//! same [`Policy`](crate::policy::Policy).
//!
//! **Order.** A name's records are sorted by what the contract's levels ask in turn: (channel, when priority is
//! flexible,) version, build number, arch before noarch, newest timestamp, `.conda` before `.tar.bz2`, channel,
//! subdir, file name. Every level is then a bound on one ladder over this order. A segment of the index already has
//! that order, so the list of a name that lies in one segment is just a range of it.

mod extras;
mod list;
mod matching;
mod names;

use std::marker::PhantomData;
use std::sync::Arc;

use conda::index::{Index, ListId, RecordId, RecordRef, Segment, SpecId};
use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) use crate::ids::{ExtraId, NameId, SpecIdx};
pub(crate) use extras::Required;
pub(crate) use matching::Spec;
pub(crate) use names::{Candidate, Exclusion, Name};

use crate::ids::{Id, Table};
use crate::policy::Policy;
use crate::request::{is_virtual_name, VirtualPackage};

/// A list of specs of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SpecList {
    /// What it depends on.
    Depends,
    /// What it constrains.
    Constrains,
    /// What an extra of it depends on.
    Extra(ExtraId),
}

/// The universe's ids of a segment's own ones, those that have been met.
struct Seen<I> {
    /// Each plus one; 0 is unseen. A zeroed table is mapped lazily by the system, so its size costs nothing until it
    /// is used.
    ids: Vec<u32>,
    of: PhantomData<fn(I)>,
}

impl<I: Id> Seen<I> {
    fn new(len: usize) -> Self {
        Seen {
            ids: vec![0; len],
            of: PhantomData,
        }
    }

    fn get(&self, own: u32) -> Option<I> {
        let seen = *self.ids.get(own.place())?;
        seen.checked_sub(1).map(|id| I::of(id.place()))
    }

    fn set(&mut self, own: u32, id: I) {
        if let Some(entry) = self.ids.get_mut(own.place()) {
            *entry = u32::of(id.place()) + 1;
        }
    }
}

/// Everything a search knows of the index.
pub(crate) struct Universe {
    pub index: Arc<Index>,
    pub policy: Policy,
    pub names: Table<NameId, Name>,
    pub specs: Table<SpecIdx, Spec>,
    name_ids: FxHashMap<Box<str>, NameId>,
    /// Per segment: the universe's id of each of the segment's names.
    segment_names: Table<u32, Seen<NameId>>,
    /// Per segment: the universe's id of each of the segment's specs.
    segment_specs: Table<u32, Seen<SpecIdx>>,
    spec_ids: FxHashMap<Box<str>, SpecIdx>,
    extras: extras::Extras,
    /// What lists of dependencies that were chosen require, by segment and list.
    required: FxHashMap<(u32, ListId), Required>,
    virtual_records: Vec<PackageRecord>,
    /// Specs on virtual packages.
    on_virtual: Vec<SpecIdx>,
    /// List records that strict priority hides too, with that as their exclusion.
    pub show_hidden: bool,
}

impl Universe {
    pub(crate) fn new(index: Arc<Index>, policy: Policy) -> Self {
        let segments = || index.segments().iter().map(|member| &member.segment);
        Universe {
            names: Table::default(),
            specs: Table::default(),
            name_ids: FxHashMap::default(),
            segment_names: segments().map(|s| Seen::new(s.name_count())).collect(),
            segment_specs: segments().map(|s| Seen::new(s.spec_count())).collect(),
            spec_ids: FxHashMap::default(),
            extras: extras::Extras::default(),
            required: FxHashMap::default(),
            virtual_records: policy.virtual_packages.iter().map(|v| v.record()).collect(),
            on_virtual: Vec::new(),
            show_hidden: false,
            index,
            policy,
        }
    }

    /// The segment of the index with this position.
    pub(crate) fn segment(&self, position: u32) -> &Segment {
        self.index.segment(position)
    }

    /// The id of a name, whether or not any channel has it.
    pub(crate) fn name_id(&mut self, text: &str) -> NameId {
        if let Some(&id) = self.name_ids.get(text) {
            return id;
        }
        let id = self.names.push(Name::new(text));
        self.name_ids.insert(text.into(), id);
        id
    }

    fn segment_name(&mut self, segment: u32, name: conda::index::NameId) -> NameId {
        if let Some(seen) = self.segment_names[segment].get(name.0) {
            return seen;
        }
        let index = Arc::clone(&self.index);
        let id = self.name_id(index.segment(segment).name(name));
        self.segment_names[segment].set(name.0, id);
        id
    }

    /// The universe's spec for one of a segment's specs.
    pub(crate) fn segment_spec(&mut self, segment: u32, spec: SpecId) -> SpecIdx {
        if let Some(seen) = self.segment_specs[segment].get(spec.0) {
            return seen;
        }
        let index = Arc::clone(&self.index);
        let found = index.segment(segment).spec(spec);
        let text = found.text();
        let id = match self.spec_ids.get(text) {
            Some(&id) => id,
            None => {
                let name = found.name_id().map(|name| self.segment_name(segment, name));
                let id = if found.is_simple() {
                    let name = name.unwrap_or_else(|| self.name_id(found.name()));
                    self.add_spec(
                        text,
                        name,
                        found.version_program().to_vec(),
                        matching::Filter::build(found.build()),
                    )
                } else {
                    match MatchSpec::parse(text) {
                        Ok(parsed) => self.add_parsed(text, &parsed),
                        Err(_) => {
                            let name = name.unwrap_or_else(|| self.name_id(found.name()));
                            self.add_spec(text, name, Vec::new(), matching::Filter::Nothing)
                        }
                    }
                };
                self.spec_ids.insert(text.into(), id);
                id
            }
        };
        self.segment_specs[segment].set(spec.0, id);
        id
    }

    /// The universe's spec for a parsed one, by its text.
    pub(crate) fn parsed_spec(&mut self, text: &str, spec: &MatchSpec) -> SpecIdx {
        if let Some(&id) = self.spec_ids.get(text) {
            return id;
        }
        let id = self.add_parsed(text, spec);
        self.spec_ids.insert(text.into(), id);
        id
    }

    fn add_parsed(&mut self, text: &str, spec: &MatchSpec) -> SpecIdx {
        let name = self.name_id(spec.name_exact().unwrap_or_default());
        let program = spec
            .version()
            .map_or_else(Vec::new, |v| v.program().to_vec());
        let id = self.add_spec(text, name, program, matching::Filter::of(spec));
        if spec.when().is_some() || !spec.extras().is_empty() {
            let extras = spec.extras().iter();
            let extras = extras.map(|group| self.extra_id(name, group)).collect();
            self.specs[id].asks = Some(Box::new(matching::Asks {
                condition: spec.when().cloned(),
                extras,
            }));
        }
        id
    }

    fn add_spec(
        &mut self,
        text: &str,
        name: NameId,
        program: Vec<u8>,
        filter: matching::Filter,
    ) -> SpecIdx {
        let is_virtual = is_virtual_name(&self.names[name].text);
        let mut spec = Spec::new(text, name, program, filter);
        if is_virtual {
            let name = &*self.names[name].text;
            spec.on_virtual = Some(meets(&self.virtual_records, name, &spec));
            self.on_virtual.push(self.specs.next_id());
        } else {
            self.list(name);
            self.locate(&mut spec);
        }
        self.specs.push(spec)
    }

    /// Makes another target the one that specs on virtual packages are about, if none of those met so far is decided
    /// another way there: then all that is known and written holds for it, too.
    pub(crate) fn move_to(&mut self, target: &[VirtualPackage]) -> bool {
        let records: Vec<PackageRecord> = target.iter().map(VirtualPackage::record).collect();
        let same = |&id: &SpecIdx| {
            let spec = &self.specs[id];
            let name = &*self.names[spec.name].text;
            spec.on_virtual == Some(meets(&records, name, spec))
        };
        let moves = self.on_virtual.iter().all(same);
        if moves {
            self.virtual_records = records;
            self.policy.virtual_packages = target.to_vec();
        }
        moves
    }

    /// The address of a record in the index; `None` for an installed one that no channel has.
    pub(crate) fn record_ref(&self, name: NameId, position: u32) -> RecordRef {
        let at = self.names[name].cands[position];
        RecordRef {
            segment: at.segment,
            record: RecordId(at.record),
        }
    }

    /// The version of a known candidate, as written.
    pub(crate) fn version(&self, name: NameId, position: u32) -> &str {
        let at = self.names[name].cands[position];
        self.segment(at.segment).version(RecordId(at.record))
    }
}

impl Universe {
    /// For each of some requirements of a name the positions, in the whole list, of the records that have it.
    pub(crate) fn records_with(
        &self,
        name: NameId,
        wanted: impl IntoIterator<Item = (SpecList, SpecIdx)>,
    ) -> FxHashMap<(SpecList, SpecIdx), Vec<u32>> {
        let mut out: FxHashMap<(SpecList, SpecIdx), Vec<u32>> = FxHashMap::default();
        out.extend(wanted.into_iter().map(|which| (which, Vec::new())));
        let text = |&(_, spec): &(SpecList, SpecIdx)| (&*self.specs[spec].text, spec);
        let by_text: FxHashMap<&str, SpecIdx> = out.keys().map(text).collect();
        let lists: FxHashSet<SpecList> = out.keys().map(|&(which, _)| which).collect();
        let entry = &self.names[name];
        for position in 0..entry.len() {
            let place = entry.place(position);
            let segment = self.segment(place.segment);
            let record = RecordId(place.record);
            for &which in &lists {
                let group;
                let list = match which {
                    SpecList::Depends => segment.depends(record),
                    SpecList::Constrains => segment.constrains(record),
                    SpecList::Extra(extra) => {
                        group = self.group(segment, record, extra);
                        &group
                    }
                };
                for &id in list {
                    let known = self.segment_specs[place.segment].get(id.0);
                    let spec = known.or_else(|| by_text.get(segment.spec(id).text()).copied());
                    let found = spec.and_then(|spec| out.get_mut(&(which, spec)));
                    if let Some(found) = found.filter(|found| found.last() != Some(&position)) {
                        found.push(position);
                    }
                }
            }
        }
        out
    }

    /// The version of any record of a name, as written.
    pub(crate) fn version_at(&self, name: NameId, position: u32) -> &str {
        let place = self.names[name].place(position);
        self.segment(place.segment).version(RecordId(place.record))
    }
}

/// Whether what a target has meets a spec on a virtual package, as a dependency and as a constraint.
fn meets(target: &[PackageRecord], name: &str, spec: &Spec) -> (bool, bool) {
    let mut present = target.iter().filter(|r| r.name == name).peekable();
    let absent = present.peek().is_none();
    let matched = present.any(|r| spec.matches_record(r));
    (matched, matched || absent)
}
