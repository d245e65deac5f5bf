//! Ranks of the requested names.
//!
//! A rank counts versions (or build numbers) above a record among the records that *this call's specs of the name*
//! leave. For all other names the universe's own counts are the ranks.
//!
//! A spec with a condition may not apply, so it leaves out nothing by itself. But what it asks for where it applies
//! must not look bad, or the answer would rather break the condition. So there are ranks of a second kind for names
//! with such specs: among the records that one of these specs matches too.

use rustc_hash::FxHashMap;

use crate::encode::RequestedSpecs;
use crate::ids::Table;
use crate::universe::{NameId, SpecIdx, Universe};

/// Rank tables of names with specs, for their known candidates.
#[derive(Debug, Default)]
pub(crate) struct Ranks {
    /// Of these specs at least one must match.
    sometimes: RequestedSpecs,
    tables: FxHashMap<NameId, RankTable>,
}

#[derive(Debug, Default)]
struct RankTable {
    /// By position: matches all specs, version rank, build rank.
    rows: Table<u32, (bool, u32, u32)>,
    /// Versions with a match among the rows.
    versions: u32,
}

impl Ranks {
    /// Ranks among the records that at least one of these specs of their name matches as well.
    pub(crate) fn with(sometimes: RequestedSpecs) -> Self {
        Ranks {
            sometimes,
            ..Ranks::default()
        }
    }

    /// Version and build rank of a known candidate, and whether the specs of its name match it.
    pub(crate) fn of(
        &mut self,
        u: &Universe,
        requested_specs: &RequestedSpecs,
        name: NameId,
        position: u32,
    ) -> (bool, u32, u32) {
        let entry = &u.names[name];
        if !requested_specs.contains_key(&name) && !self.sometimes.contains_key(&name) {
            let cand = entry.cands[position];
            return (true, cand.class, cand.build_rank);
        }
        self.table(u, requested_specs, name).rows[position]
    }

    /// The least version rank that a record behind the known ones can have.
    pub(crate) fn rest(
        &mut self,
        u: &Universe,
        requested_specs: &RequestedSpecs,
        name: NameId,
    ) -> u32 {
        if !requested_specs.contains_key(&name) && !self.sometimes.contains_key(&name) {
            return u.names[name]
                .cands
                .entries()
                .last()
                .map_or(0, |c| c.class + 1);
        }
        self.table(u, requested_specs, name).versions
    }

    fn table(
        &mut self,
        u: &Universe,
        requested_specs: &RequestedSpecs,
        name: NameId,
    ) -> &RankTable {
        let table = self.tables.entry(name).or_default();
        let cands = &u.names[name].cands;
        let specs = requested_specs.get(&name).map_or(&[][..], Vec::as_slice);
        let sometimes = self.sometimes.get(&name);
        let mut position = table.rows.next_id();
        let known = u.names[name].known();
        // Known candidates come in whole version classes.
        while position < known {
            let class = cands[position].class;
            let (mut builds, mut any) = (0, false);
            let mut last_build: Option<u32> = None;
            while position < known && cands[position].class == class {
                let matches = |&s: &SpecIdx| u.matches(&u.specs[s], position);
                let matched = specs.iter().all(matches)
                    && sometimes.is_none_or(|specs| specs.iter().any(matches));
                if matched {
                    if last_build.is_some_and(|b| b != cands[position].build_rank) {
                        builds += 1;
                    }
                    last_build = Some(cands[position].build_rank);
                    any = true;
                }
                // A record that does not match never counts; it carries the ranks of what is above it.
                table.rows.push((matched, table.versions, builds));
                position += 1;
            }
            table.versions += u32::from(any);
        }
        table
    }
}
