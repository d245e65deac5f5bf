//! Which records of a name a spec matches.
//!
//! Versions are sorted within a name's list, so what the version part of a spec matches is a few spans found by
//! binary search, however long the history is. The build part (and, in few specs, more) is asked record by
//! record, and only of known candidates: of the records behind them it is only said whether one *may* match.

use std::ops::Range;

use conda::index::{BuildPattern, RecordId, RecordRef};
use conda::match_spec::{Condition, MatchSpec};
use conda::pattern::StringMatcher;
use conda::record::PackageRecord;
use conda::version::Version;
use conda::version_spec::{program_matches, program_ranges};

use super::{ExtraId, NameId, Universe};

/// What a spec asks beyond name and version.
#[derive(Debug)]
pub(super) enum Filter {
    /// Nothing.
    None,
    /// A build string.
    Exact(Box<str>),
    /// A pattern of build strings.
    Build(StringMatcher),
    /// Anything else; asked of the whole record.
    Full(Box<MatchSpec>),
    /// The spec cannot be read: it matches nothing.
    Nothing,
}

impl Filter {
    pub(super) fn build(pattern: BuildPattern<'_>) -> Self {
        let text = match pattern {
            BuildPattern::Any => return Filter::None,
            BuildPattern::Exact(text) => return Filter::Exact(text.into()),
            BuildPattern::Glob(text) | BuildPattern::Regex(text) => text,
        };
        StringMatcher::parse(text).map_or(Filter::Nothing, Filter::Build)
    }

    pub(super) fn of(spec: &MatchSpec) -> Self {
        match BuildPattern::of(spec) {
            Some(pattern) => Filter::build(pattern),
            None => Filter::Full(Box::new(spec.clone())),
        }
    }
}

/// What a spec asks for besides a record that matches.
#[derive(Debug)]
pub(crate) struct Asks {
    /// Where it applies at all (CEP 43).
    pub condition: Option<Condition>,
    /// Optional dependencies of the record that is chosen (CEP 44).
    pub extras: Vec<ExtraId>,
}

/// A distinct spec.
#[derive(Debug)]
pub(crate) struct Spec {
    pub text: Box<str>,
    pub name: NameId,
    /// Version program; empty for any version.
    program: Vec<u8>,
    filter: Filter,
    /// Positions whose version matches: ascending, disjoint, not touching.
    ranges: Vec<Range<u32>>,
    /// `ranges` are only an outer bound: the version part is a pattern over text.
    textual: bool,
    /// A condition and extras, which few specs have.
    pub asks: Option<Box<Asks>>,
    /// For a spec on a virtual package: whether the target satisfies it (as a dependency, as a constraint).
    pub on_virtual: Option<(bool, bool)>,
}

impl Spec {
    pub(super) fn new(text: &str, name: NameId, program: Vec<u8>, filter: Filter) -> Self {
        Spec {
            text: text.into(),
            name,
            program,
            filter,
            ranges: Vec::new(),
            textual: false,
            asks: None,
            on_virtual: None,
        }
    }

    /// Whether [`Spec::ranges`] say everything.
    pub(crate) fn exact(&self) -> bool {
        matches!(self.filter, Filter::None) && !self.textual
    }

    /// The one span of positions that match, when that is known of all records of the name.
    pub(crate) fn span(&self) -> Option<Range<u32>> {
        match &self.ranges[..] {
            [one] if self.exact() => Some(one.clone()),
            _ => None,
        }
    }

    /// Positions whose version matches: ascending, disjoint, not touching. All positions where the version part is a
    /// pattern over text.
    pub(crate) fn ranges(&self) -> &[Range<u32>] {
        &self.ranges
    }

    /// The least span that holds everything that may match; `None` when nothing may.
    pub(crate) fn hull(&self) -> Option<Range<u32>> {
        match (&self.filter, self.ranges.first(), self.ranges.last()) {
            (Filter::Nothing, _, _) | (_, None, _) | (_, _, None) => None,
            (_, Some(first), Some(last)) => Some(first.start..last.end),
        }
    }

    /// The stretches between the ranges.
    pub(crate) fn gaps(&self) -> Vec<Range<u32>> {
        self.ranges
            .windows(2)
            .map(|pair| pair[0].end..pair[1].start)
            .collect()
    }

    /// The first position whose version matches.
    pub(crate) fn first(&self) -> Option<u32> {
        self.ranges.first().map(|r| r.start)
    }

    /// Whether a record at or behind this position may match.
    pub(crate) fn may_match_from(&self, position: u32) -> bool {
        !matches!(self.filter, Filter::Nothing)
            && self.ranges.last().is_some_and(|r| r.end > position)
    }

    /// The condition under which a dependency on the spec applies (CEP 43).
    pub(crate) fn condition(&self) -> Option<&Condition> {
        self.asks.as_ref()?.condition.as_ref()
    }

    /// The extras that the spec asks for (CEP 44).
    pub(crate) fn extras(&self) -> &[ExtraId] {
        self.asks.as_ref().map_or(&[], |asks| &asks.extras)
    }

    /// Whether an owned record matches; the name is taken as equal.
    pub(crate) fn matches_record(&self, record: &PackageRecord) -> bool {
        let version = || {
            self.program.is_empty()
                || Version::parse(&record.version)
                    .is_ok_and(|v| program_matches(&self.program, v.key(), v.as_str()))
        };
        match &self.filter {
            Filter::None => version(),
            Filter::Exact(build) => **build == *record.build && version(),
            Filter::Build(pattern) => pattern.matches(&record.build) && version(),
            Filter::Full(spec) => spec.matches(record),
            Filter::Nothing => false,
        }
    }
}

impl Universe {
    /// Finds the positions whose version a spec matches.
    pub(super) fn locate(&self, spec: &mut Spec) {
        let name = &self.names[spec.name];
        let len = name.len();
        if spec.program.is_empty() {
            if len > 0 {
                spec.ranges.push(0..len);
            }
            return;
        }
        let key_at = |position: u32| {
            let place = name.place(position);
            self.segment(place.segment)
                .version_key(RecordId(place.record))
        };
        let mut found: Vec<Range<usize>> = Vec::new();
        for run in &name.runs {
            let count = (run.end - run.start) as usize;
            found.clear();
            let decided = if name.ascending {
                program_ranges(
                    &spec.program,
                    count,
                    |i| key_at(run.end - 1 - i as u32),
                    &mut found,
                )
            } else {
                program_ranges(
                    &spec.program,
                    count,
                    |i| key_at(run.start + i as u32),
                    &mut found,
                )
            };
            if !decided {
                spec.ranges = std::iter::once(0..len).filter(|r| !r.is_empty()).collect();
                spec.textual = true;
                return;
            }
            if name.ascending {
                found.reverse();
                for range in &mut found {
                    *range = count - range.end..count - range.start;
                }
            }
            for range in &found {
                let (start, end) = (run.start + range.start as u32, run.start + range.end as u32);
                match spec.ranges.last_mut() {
                    Some(last) if last.end == start => last.end = end,
                    _ => spec.ranges.push(start..end),
                }
            }
        }
    }

    /// Whether the record at a position of the spec's name matches.
    pub(crate) fn matches(&self, spec: &Spec, position: u32) -> bool {
        let at = spec.ranges.partition_point(|r| r.end <= position);
        if spec.ranges.get(at).is_none_or(|r| r.start > position) {
            return false;
        }
        let place = self.names[spec.name].place(position);
        let (segment, record) = (self.segment(place.segment), RecordId(place.record));
        if spec.textual
            && !program_matches(
                &spec.program,
                segment.version_key(record),
                segment.version(record),
            )
        {
            return false;
        }
        match &spec.filter {
            Filter::None => true,
            Filter::Exact(build) => **build == *segment.build(record),
            Filter::Build(pattern) => pattern.matches(segment.build(record)),
            Filter::Full(spec) => spec.matches(&self.index.record(RecordRef {
                segment: place.segment,
                record,
            })),
            Filter::Nothing => false,
        }
    }

    /// The known positions that a spec matches within `within`, ascending.
    pub(crate) fn matched(&self, spec: &Spec, within: Range<u32>) -> Vec<u32> {
        let mut out = Vec::new();
        for range in &spec.ranges {
            let (start, end) = (range.start.max(within.start), range.end.min(within.end));
            for position in start..end {
                if spec.exact() || self.matches(spec, position) {
                    out.push(position);
                }
            }
        }
        out
    }

    /// The stretches within the spec's ranges and `within` of known positions that it does not match, and the first
    /// position that it matches.
    pub(crate) fn mismatched(
        &self,
        spec: &Spec,
        within: Range<u32>,
    ) -> (Vec<Range<u32>>, Option<u32>) {
        let (mut holes, mut first) = (Vec::<Range<u32>>::new(), None);
        for range in &spec.ranges {
            let (start, end) = (range.start.max(within.start), range.end.min(within.end));
            let mut hole = start;
            for position in start..end {
                if self.matches(spec, position) {
                    first = first.or(Some(position));
                    holes.extend((hole < position).then_some(hole..position));
                    hole = position + 1;
                }
            }
            holes.extend((hole < end).then_some(hole..end));
        }
        (holes, first)
    }
}
