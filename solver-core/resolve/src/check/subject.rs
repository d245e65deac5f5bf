//! A record under check, from an index or on its own, and the specs it carries.

use std::cell::OnceCell;

use conda::index::{Index, NameId, RecordRef, SpecId, SpecRef};
use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use conda::version::Version;
use conda::version_spec::program_matches;

/// A spec of a record.
pub(super) enum Wanted<'c> {
    /// Version program and build pattern say everything; with what there is of the name.
    Simple(SpecRef<'c>, Found),
    /// Any other, with its text.
    Parsed(&'c str, Box<MatchSpec>),
    /// A text that is no spec at all.
    Unreadable(&'c str),
}

/// What there is of a name among the records of an answer and the virtual packages.
#[derive(Clone, Copy)]
pub(super) enum Found {
    Nothing,
    /// Only the record at this position.
    Record(u32),
    /// That has to be seen.
    Unknown,
}

/// The specs of a list, in the order written.
pub(super) type Specs<'c> = Vec<Wanted<'c>>;

/// A record under check.
pub(super) struct Subject<'c> {
    pub name: &'c str,
    pub version: &'c str,
    pub build: &'c str,
    pub version_key: std::borrow::Cow<'c, [u8]>,
    pub depends: Specs<'c>,
    pub constrains: Specs<'c>,
    /// Dependencies that did not hold before and need not hold while the record stays; it names them all the same.
    pub waived: Specs<'c>,
    /// What else it names: what its other side depends on.
    pub names: Vec<String>,
    /// Optional groups.
    pub extras: Vec<(&'c str, Specs<'c>)>,
    pub origin: Origin<'c>,
    pub whole: OnceCell<PackageRecord>,
}

pub(super) enum Origin<'c> {
    Index(&'c Index, RecordRef),
    Owned(&'c PackageRecord),
}

impl<'c> Subject<'c> {
    /// A record of an index; `found` tells what there is of a name of its segment.
    pub(super) fn from_index(
        index: &'c Index,
        at: RecordRef,
        found: &dyn Fn(NameId) -> Found,
    ) -> Self {
        let segment = index.segment(at.segment);
        let wanted = |id: &SpecId| {
            let spec = segment.spec(*id);
            if spec.is_unparsable() {
                Wanted::Unreadable(spec.text())
            } else if spec.is_simple() {
                let name = spec.name_id();
                Wanted::Simple(spec, name.map_or(Found::Unknown, found))
            } else {
                Wanted::parse(spec.text())
            }
        };
        let extras = if segment.has_extras(at.record) {
            let groups = segment.extra_depends(at.record).into_iter();
            groups
                .map(|(group, specs)| (group, specs.iter().map(wanted).collect()))
                .collect()
        } else {
            Vec::new()
        };
        Subject {
            name: segment.name_of(at.record),
            version: segment.version(at.record),
            build: segment.build(at.record),
            version_key: segment.version_key(at.record).into(),
            depends: segment.depends(at.record).iter().map(wanted).collect(),
            constrains: segment.constrains(at.record).iter().map(wanted).collect(),
            waived: Vec::new(),
            names: Vec::new(),
            extras,
            origin: Origin::Index(index, at),
            whole: OnceCell::new(),
        }
    }

    pub(super) fn from_record(record: &'c PackageRecord) -> Self {
        let all = |texts: &'c [String]| -> Specs<'c> {
            texts.iter().map(|text| Wanted::parse(text)).collect()
        };
        Subject {
            name: &record.name,
            version: &record.version,
            build: &record.build,
            version_key: Version::parse(&record.version)
                .map(|v| v.key().to_vec())
                .unwrap_or_default()
                .into(),
            depends: all(&record.depends),
            constrains: all(&record.constrains),
            waived: Vec::new(),
            names: Vec::new(),
            extras: record
                .extra_depends
                .iter()
                .map(|(group, specs)| (group.as_str(), all(specs)))
                .collect(),
            origin: Origin::Owned(record),
            whole: OnceCell::new(),
        }
    }

    /// Takes out what need not hold; asked of each dependency, then each constraint, then the groups, in order.
    pub(super) fn waive(&mut self, mut broken: impl FnMut(&Wanted<'c>) -> bool) {
        let depends = std::mem::take(&mut self.depends);
        (self.waived, self.depends) = depends.into_iter().partition(|wanted| broken(wanted));
        self.constrains.retain(|wanted| !broken(wanted));
        for (_, group) in &mut self.extras {
            group.retain(|wanted| !broken(wanted));
        }
    }

    pub(super) fn whole(&self) -> &PackageRecord {
        match &self.origin {
            Origin::Owned(record) => record,
            Origin::Index(index, at) => self.whole.get_or_init(|| index.record(*at)),
        }
    }

    pub(super) fn matches(&self, wanted: &Wanted<'_>) -> bool {
        match wanted {
            Wanted::Simple(spec, _) => spec.name() == self.name && self.fits(spec),
            Wanted::Parsed(_, spec) => spec.matches(self.whole()),
            Wanted::Unreadable(_) => false,
        }
    }

    /// Whether version and build are what a simple spec on its name asks for.
    pub(super) fn fits(&self, spec: &SpecRef<'_>) -> bool {
        let program = spec.version_program();
        (program.is_empty() || program_matches(program, &self.version_key, self.version))
            && spec.build().matches(self.build)
    }

    pub(super) fn label(&self) -> String {
        format!("{} {} {}", self.name, self.version, self.build)
    }
}

impl<'c> Wanted<'c> {
    fn parse(text: &'c str) -> Self {
        match MatchSpec::parse(text) {
            Ok(spec) => Wanted::Parsed(text, Box::new(spec)),
            Err(_) => Wanted::Unreadable(text),
        }
    }

    pub(super) fn text(&self) -> &'c str {
        match self {
            Wanted::Simple(spec, _) => spec.text(),
            Wanted::Parsed(text, _) | Wanted::Unreadable(text) => text,
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Wanted::Simple(spec, _) => Some(spec.name()),
            Wanted::Parsed(_, spec) => spec.name_exact(),
            Wanted::Unreadable(_) => None,
        }
    }

    /// The groups that the spec asks for.
    pub(super) fn extras(&self) -> &[String] {
        match self {
            Wanted::Parsed(_, spec) => spec.extras(),
            _ => &[],
        }
    }
}
