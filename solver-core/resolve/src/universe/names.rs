//! The records of one name: listed, ordered, ranked, known prefix by known prefix.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use conda::index::{RecordId, RecordRef, Segment};
use conda::match_spec::MatchSpec;

use super::list::{List, Place, Span};
use super::{NameId, Universe};
use crate::ids::{Id, Table};
use crate::policy::Rules;
use crate::request::ChannelPriority;

/// Smallest number of records that become known at a time.
const FIRST_WINDOW: u32 = 8;

/// Why a record cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Exclusion {
    /// A higher channel has the name (strict priority).
    Priority,
    /// It is newer than the cut-off.
    Cutoff,
    /// Its version or one of its specs cannot be read.
    Unparsable,
    /// It is on the deny list.
    Denied,
    /// The licence rule does not allow it.
    License,
}

/// A known record with its ranks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub segment: u32,
    pub record: u32,
    /// Distinct versions above it in the whole list.
    pub class: u32,
    /// Distinct build numbers above it within its version.
    pub build_rank: u32,
    pub excluded: Option<Exclusion>,
    /// Its dependencies are encoded.
    pub open: bool,
}

/// A span of a name's list in which versions are sorted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub start: u32,
    pub end: u32,
}

/// One package name.
///
/// Its list holds every record that channel priority leaves. The first [`Name::known`] of them, always whole version
/// classes, have been looked at; what lies behind is one lump, the *rest*.
#[derive(Debug, Default)]
pub(crate) struct Name {
    pub text: Box<str>,
    /// The known candidates, best first, excluded ones too.
    pub cands: Table<u32, Candidate>,
    /// `None`: nobody asked yet.
    list: Option<List>,
    /// The only channel that strict priority leaves.
    first_channel: Option<usize>,
    /// The one it would leave if the request named none; only where hidden records are listed.
    first_otherwise: Option<usize>,
    pub(super) runs: Vec<Run>,
    /// Versions ascend within a run (a strategy that prefers low versions).
    pub(super) ascending: bool,
}

impl Name {
    pub(super) fn new(text: &str) -> Self {
        Name {
            text: text.into(),
            ..Name::default()
        }
    }

    /// Number of known candidates.
    pub(crate) fn known(&self) -> u32 {
        self.cands.len() as u32
    }

    /// Whether a version never lies behind a lower one.
    pub(crate) fn versions_descend(&self) -> bool {
        !self.ascending && self.runs.len() <= 1
    }

    /// Number of records.
    pub(crate) fn len(&self) -> u32 {
        self.list.as_ref().map_or(0, List::len)
    }

    pub(super) fn place(&self, position: u32) -> Place {
        let place = self.list.as_ref().and_then(|list| list.place(position));
        place.unwrap_or(Place {
            segment: 0,
            record: u32::MAX,
        })
    }

    /// The candidates with the version and build rank of the one at `position`: `[start, end)`.
    pub(crate) fn group(&self, position: u32) -> std::ops::Range<u32> {
        let at = self.cands[position];
        let same = |c: &Candidate| c.class == at.class && c.build_rank == at.build_rank;
        let before = self.cands.entries()[..position.place()]
            .iter()
            .rev()
            .take_while(|c| same(c))
            .count();
        let after = self.cands.entries()[position.place()..]
            .iter()
            .take_while(|c| same(c))
            .count();
        position - before as u32..position + after as u32
    }

    /// The candidates with the version of the one at `position`: `[start, end)`.
    pub(crate) fn version_class(&self, position: u32) -> std::ops::Range<u32> {
        let class = self.cands[position].class;
        let start = self.cands.entries().partition_point(|c| c.class < class);
        let end = self.cands.entries().partition_point(|c| c.class <= class);
        start as u32..end as u32
    }
}

impl Exclusion {
    /// Whether it follows from the [`Rules`](crate::policy::Rules).
    pub(crate) fn is_by_rule(self) -> bool {
        matches!(
            self,
            Exclusion::Cutoff | Exclusion::Denied | Exclusion::License
        )
    }
}

impl Universe {
    /// Lists the records of a name, at the first call.
    pub(crate) fn list(&mut self, name: NameId) {
        if self.names[name].list.is_some() {
            return;
        }
        let index = Arc::clone(&self.index);
        let text = self.names[name].text.clone();
        let allowed = self.policy.allowed_channels(&text);
        let strict = self.policy.channel_priority == ChannelPriority::Strict;
        let (mut first_channel, mut first_otherwise): (Option<usize>, Option<usize>) = (None, None);
        let mut spans: Vec<Span> = Vec::new();
        for (position, member) in index.segments().iter().enumerate() {
            let ok = allowed.is_none_or(|ok| ok[member.channel]);
            if member.installed || (!ok && !self.show_hidden) {
                continue;
            }
            let Some(package) = member.segment.find_package(&text) else {
                continue;
            };
            if self.show_hidden {
                first_otherwise.get_or_insert(member.channel);
            }
            if ok {
                let first = *first_channel.get_or_insert(member.channel);
                if strict && first != member.channel && !self.show_hidden {
                    continue;
                }
            }
            spans.push((position as u32, member.segment.records(package)));
        }
        // What is installed may stay, whatever its channel.
        for at in self.policy.installed_of(&text) {
            let listed = spans
                .iter()
                .any(|(s, span)| *s == at.segment && span.contains(&at.record.0));
            if !listed {
                spans.push((at.segment, at.record.0..at.record.0 + 1));
            }
        }
        if !self.show_hidden {
            self.leave_twins_out(&mut spans);
        }
        let ascending = self.policy.low.covers(&text);
        let flexible = self.policy.channel_priority == ChannelPriority::Flexible;
        let order = |a: &Place, b: &Place| self.compare(a, b, ascending, flexible);
        let list = match ascending {
            // The order within a segment is another one.
            true => List::sorted(&spans, order),
            false => List::merged(&spans, order),
        };
        let entry = &mut self.names[name];
        entry.list = Some(list);
        entry.first_channel = first_channel.or(first_otherwise).filter(|_| strict);
        entry.first_otherwise = first_otherwise.filter(|_| strict);
        entry.ascending = ascending;
        let len = entry.len();
        entry.runs = if flexible {
            let mut runs: Vec<Run> = Vec::new();
            let mut last = None;
            for (stretch, end) in entry.list.iter().flat_map(List::stretches) {
                let channel = Some(index.member(stretch.segment).channel);
                match runs.last_mut() {
                    Some(run) if last == channel => run.end = end,
                    _ => runs.push(Run {
                        start: stretch.start,
                        end,
                    }),
                }
                last = channel;
            }
            runs
        } else {
            vec![Run { start: 0, end: len }]
        };
        if len > 0 {
            self.grow(name, 1);
        }
    }

    fn leave_twins_out(&self, spans: &mut Vec<Span>) {
        let mut at = 0;
        while let Some((segment, span)) = spans.get(at).cloned() {
            match self.policy.twins_in(segment).find(|r| span.contains(r)) {
                Some(twin) => {
                    spans[at].1.end = twin;
                    spans.push((segment, twin + 1..span.end));
                }
                None => at += 1,
            }
        }
    }

    /// The order described in the module's essay.
    fn compare(&self, a: &Place, b: &Place, ascending: bool, flexible: bool) -> Ordering {
        let (ma, mb) = (self.index.member(a.segment), self.index.member(b.segment));
        let (sa, sb): (&Segment, &Segment) = (&ma.segment, &mb.segment);
        let (ra, rb) = (RecordId(a.record), RecordId(b.record));
        let by_channel = ma.channel.cmp(&mb.channel);
        let by_version = sa.version_key(ra).cmp(sb.version_key(rb));
        (if flexible {
            by_channel
        } else {
            Ordering::Equal
        })
        .then_with(|| {
            if ascending {
                by_version
            } else {
                by_version.reverse()
            }
        })
        .then(match self.policy.channel_priority {
            ChannelPriority::Disabled => by_channel,
            _ => Ordering::Equal,
        })
        .then_with(|| sb.build_number(rb).cmp(&sa.build_number(ra)))
        .then_with(|| (sa.subdir() == "noarch").cmp(&(sb.subdir() == "noarch")))
        .then_with(|| Reverse(sa.timestamp(ra)).cmp(&Reverse(sb.timestamp(rb))))
        .then_with(|| sb.is_conda_archive(rb).cmp(&sa.is_conda_archive(ra)))
        .then(by_channel)
        .then_with(|| sa.subdir().cmp(sb.subdir()))
        .then_with(|| {
            if a.segment == b.segment {
                a.record.cmp(&b.record)
            } else {
                sa.file_name(ra).cmp(&sb.file_name(rb))
            }
        })
    }

    /// The position of a record in the list of its name.
    pub(crate) fn position_of(&self, name: NameId, at: RecordRef) -> Option<u32> {
        self.names[name].list.as_ref()?.position(Place {
            segment: at.segment,
            record: at.record.0,
        })
    }

    /// Makes at least `target` candidates known, and at least twice as many as before; false if all are.
    pub(crate) fn grow(&mut self, name: NameId, target: u32) -> bool {
        let (known, len) = (self.names[name].known(), self.names[name].len());
        if known >= len {
            return false;
        }
        let target = target.max(FIRST_WINDOW).max(2 * known).min(len);
        let flexible = self.policy.channel_priority == ChannelPriority::Flexible;
        let index = Arc::clone(&self.index);
        let mut cands = std::mem::take(&mut self.names[name].cands);
        let mut previous = cands.entries().last().map(|c| Place {
            segment: c.segment,
            record: c.record,
        });
        for position in known..len {
            let place = self.names[name].place(position);
            let member = &index.member(place.segment);
            let id = RecordId(place.record);
            let (mut class, mut build_rank) = (0, 0);
            if let (Some(before), Some(last)) = (previous, cands.entries().last()) {
                let other = &index.member(before.segment);
                let before = RecordId(before.record);
                let same_version = (before == id && place.segment == last.segment)
                    || (other.segment.version_key(before) == member.segment.version_key(id)
                        && (!flexible || other.channel == member.channel));
                if !same_version && position >= target {
                    break;
                }
                class = last.class + u32::from(!same_version);
                if same_version {
                    let disabled = self.policy.channel_priority == ChannelPriority::Disabled;
                    let same_build = other.segment.build_number(before)
                        == member.segment.build_number(id)
                        && (!disabled || other.channel == member.channel);
                    build_rank = last.build_rank + u32::from(!same_build);
                }
            }
            cands.push(Candidate {
                segment: place.segment,
                record: place.record,
                class,
                build_rank,
                excluded: self.exclusion(
                    name,
                    RecordRef {
                        segment: place.segment,
                        record: id,
                    },
                ),
                open: false,
            });
            previous = Some(place);
        }
        self.names[name].cands = cands;
        true
    }

    /// Makes other rules those that exclude records.
    pub(crate) fn set_rules(&mut self, rules: Rules) {
        self.policy.rules = rules;
        for name in self.names.ids() {
            let mut cands = std::mem::take(&mut self.names[name].cands);
            for cand in cands.entries_mut() {
                let record = RecordId(cand.record);
                let at = RecordRef {
                    segment: cand.segment,
                    record,
                };
                cand.excluded = self.exclusion(name, at);
            }
            self.names[name].cands = cands;
        }
    }

    /// Why the record at a position of the whole list cannot be chosen.
    pub(crate) fn exclusion_at(&self, name: NameId, position: u32) -> Option<Exclusion> {
        let place = self.names[name].place(position);
        self.exclusion(
            name,
            RecordRef {
                segment: place.segment,
                record: RecordId(place.record),
            },
        )
    }

    /// Segment and record of a position of the whole list.
    pub(crate) fn place_at(&self, name: NameId, position: u32) -> (u32, u32) {
        let place = self.names[name].place(position);
        (place.segment, place.record)
    }

    fn exclusion(&self, name: NameId, at: RecordRef) -> Option<Exclusion> {
        let member = &self.index.member(at.segment);
        let channel = &self.index.channels()[member.channel];
        if self.policy.is_installed(at) {
            return None;
        }
        let entry = &self.names[name];
        let hidden = entry
            .first_channel
            .is_some_and(|first| first != member.channel);
        if hidden && entry.first_otherwise != Some(member.channel) {
            return Some(Exclusion::Priority);
        }
        let segment = &member.segment;
        if segment.is_unparsable(at.record) {
            return Some(Exclusion::Unparsable);
        }
        let when = segment
            .indexed_timestamp(at.record)
            .unwrap_or_else(|| segment.timestamp(at.record));
        if self
            .policy
            .rules
            .cutoffs
            .of(&entry.text, channel)
            .is_some_and(|cutoff| when > cutoff)
        {
            return Some(Exclusion::Cutoff);
        }
        let of_name = |spec: &&MatchSpec| {
            spec.name()
                .is_none_or(|pattern| pattern.matches(&entry.text))
        };
        if self
            .policy
            .rules
            .deny
            .iter()
            .filter(of_name)
            .any(|spec| spec.matches(&self.index.record(at)))
        {
            return Some(Exclusion::Denied);
        }
        if !self.policy.rules.licenses.is_free()
            && !self
                .policy
                .rules
                .licenses
                .allows(self.index.record(at).license.as_deref())
        {
            return Some(Exclusion::License);
        }
        None
    }
}
