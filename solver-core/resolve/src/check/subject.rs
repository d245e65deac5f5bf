//! A record under check, from an index or on its own, and the specs it carries.

use std::cell::OnceCell;

use conda::index::{BuildPattern, Index, RecordRef};
use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use conda::version::Version;
use conda::version_spec::program_matches;

/// A spec of a record.
pub(super) enum Wanted<'c> {
    /// Version program and build pattern say everything.
    Simple {
        name: &'c str,
        program: &'c [u8],
        build: BuildPattern<'c>,
    },
    /// Any other.
    Parsed(Box<MatchSpec>),
    /// No spec at all.
    Unreadable,
}

/// Specs with their texts.
pub(super) type Specs<'c> = Vec<(&'c str, Wanted<'c>)>;

/// A record under check.
pub(super) struct Subject<'c> {
    pub name: &'c str,
    pub version: &'c str,
    pub build: &'c str,
    pub version_key: std::borrow::Cow<'c, [u8]>,
    pub depends: Specs<'c>,
    pub constrains: Specs<'c>,
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
    pub(super) fn from_index(index: &'c Index, at: RecordRef) -> Self {
        let segment = &index.segments()[at.segment as usize].segment;
        let wanted = |id: &conda::index::SpecId| {
            let spec = segment.spec(*id);
            let wanted = if spec.unparsable {
                Wanted::Unreadable
            } else if spec.simple {
                Wanted::Simple {
                    name: spec.name,
                    program: spec.version_program,
                    build: spec.build,
                }
            } else {
                parse(spec.text)
            };
            (spec.text, wanted)
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
            extras,
            origin: Origin::Index(index, at),
            whole: OnceCell::new(),
        }
    }

    pub(super) fn from_record(record: &'c PackageRecord) -> Self {
        let all = |texts: &'c [String]| -> Specs<'c> {
            texts.iter().map(|t| (t.as_str(), parse(t))).collect()
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
            extras: record
                .extra_depends
                .iter()
                .map(|(group, specs)| (group.as_str(), all(specs)))
                .collect(),
            origin: Origin::Owned(record),
            whole: OnceCell::new(),
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
            Wanted::Simple {
                name,
                program,
                build,
            } => {
                *name == self.name
                    && (program.is_empty()
                        || program_matches(program, &self.version_key, self.version))
                    && build.matches(self.build)
            }
            Wanted::Parsed(spec) => spec.matches(self.whole()),
            Wanted::Unreadable => false,
        }
    }

    pub(super) fn label(&self) -> String {
        format!("{} {} {}", self.name, self.version, self.build)
    }
}

fn parse(text: &str) -> Wanted<'static> {
    MatchSpec::parse(text).map_or(Wanted::Unreadable, |spec| Wanted::Parsed(Box::new(spec)))
}

impl Wanted<'_> {
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Wanted::Simple { name, .. } => Some(name),
            Wanted::Parsed(spec) => spec.name_exact(),
            Wanted::Unreadable => None,
        }
    }

    /// The groups that the spec asks for.
    pub(super) fn extras(&self) -> &[String] {
        match self {
            Wanted::Parsed(spec) => spec.extras(),
            _ => &[],
        }
    }
}
