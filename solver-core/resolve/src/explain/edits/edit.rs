//! One edit of a request: what kind there is, in which order they are offered, what they do, and the words for them.

use conda::match_spec::MatchSpec;

use crate::explain::dates::date;
use crate::explain::other_platforms::baseline;
use crate::request::{ChannelPriority, Request, RequestSpec, VirtualPackage};

/// One edit of a request.
///
/// `at` is a place among the specs, pins or constraints of the request before any edit, so two equal specs are kept
/// apart, and an edit means the same whatever others are made with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A requested spec gets another name.
    RenameSpec {
        /// Which spec.
        at: usize,
        /// Its name.
        name: String,
        /// The spec now.
        from: String,
        /// The spec then.
        to: String,
    },
    /// The target has a virtual package.
    AddVirtualPackage {
        /// What it has.
        package: VirtualPackage,
        /// What it has now; empty for nothing.
        had: String,
    },
    /// A cut-off moves to a later day.
    MoveCutoff {
        /// Whose it is.
        whose: CutoffOwner,
        /// Where it is, in milliseconds since 1970.
        from: u64,
        /// Where it would be.
        to: u64,
    },
    /// Channel priority becomes flexible.
    FlexiblePriority,
    /// Installed records may change.
    LiftFreeze,
    /// What was asked for earlier may go.
    ReleaseEarlier,
    /// A pin goes.
    LiftPin {
        /// Which pin.
        at: usize,
        /// Its name.
        name: String,
        /// The pin.
        spec: String,
    },
    /// A constraint goes.
    DropConstraint {
        /// Which constraint.
        at: usize,
        /// Its name.
        name: String,
        /// The constraint.
        spec: String,
    },
    /// Specs go from the deny list.
    LiftDeny {
        /// The specs.
        specs: Vec<String>,
    },
    /// A licence joins those that are allowed, and is no longer denied by its name.
    AllowLicense {
        /// The licence; `None` for packages without one.
        license: Option<String>,
        /// The same among the denied licences, as it is written there.
        lifted: Vec<String>,
        /// Whether it joins the allowed licences.
        joins: bool,
    },
    /// Patterns of denied licences go, which may stand for more than one.
    LiftLicenseRule {
        /// The patterns.
        patterns: Vec<String>,
        /// A licence that joins the allowed ones, too.
        joins: Option<String>,
        /// The licences of the answer that they denied, once that is known.
        admits: Vec<String>,
    },
    /// A requested spec admits more.
    RelaxSpec {
        /// Which spec.
        at: usize,
        /// Its name.
        name: String,
        /// The spec now.
        from: String,
        /// The spec then.
        to: String,
        /// The version that it leads to, once that is known.
        gives: Option<String>,
    },
    /// A requested spec goes.
    DropSpec {
        /// Which spec.
        at: usize,
        /// Its name.
        name: String,
        /// The spec.
        spec: String,
    },
    /// Another platform is asked.
    Platform {
        /// The platform now.
        from: String,
        /// The platform then.
        to: String,
    },
}

/// Whose cut-off it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CutoffOwner {
    /// Everything's that has none of its own.
    Everything,
    /// A channel's, by the name or URL that the request has for it, and by its own name.
    Channel(String, String),
    /// A package's.
    Package(String),
}

/// A request on which edits have been made, and where its specs, pins and constraints were before.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub request: Request,
    specs: Vec<usize>,
    pins: Vec<usize>,
    constraints: Vec<usize>,
}

impl Draft {
    /// A request before any edit.
    pub(crate) fn of(request: &Request) -> Self {
        Draft {
            specs: (0..request.specs.len()).collect(),
            pins: (0..request.pins.len()).collect(),
            constraints: (0..request.constraints.len()).collect(),
            request: request.clone(),
        }
    }

    /// Where a requested spec was before any edit.
    pub(super) fn spec_before(&self, position: usize) -> Option<usize> {
        self.specs.get(position).copied()
    }

    /// The same of a pin.
    pub(super) fn pin_before(&self, position: usize) -> Option<usize> {
        self.pins.get(position).copied()
    }

    /// The same of a constraint.
    pub(super) fn constraint_before(&self, position: usize) -> Option<usize> {
        self.constraints.get(position).copied()
    }

    /// The requested spec that was at a place before any edit.
    pub(super) fn spec_mut(&mut self, before: usize) -> Option<&mut RequestSpec> {
        let position = self.specs.iter().position(|&at| at == before)?;
        self.request.specs.get_mut(position)
    }
}

/// Takes the spec that was at a place before any edit out of a list.
fn take(specs: &mut Vec<RequestSpec>, places: &mut Vec<usize>, before: usize) -> Option<()> {
    let position = places.iter().position(|&at| at == before)?;
    places.remove(position);
    specs.remove(position);
    Some(())
}

impl Edit {
    /// The word used in data.
    pub fn kind(&self) -> &'static str {
        match self {
            Edit::RenameSpec { .. } => "rename_spec",
            Edit::AddVirtualPackage { .. } => "add_virtual_package",
            Edit::MoveCutoff { .. } => "move_cutoff",
            Edit::FlexiblePriority => "channel_priority",
            Edit::LiftFreeze => "lift_freeze",
            Edit::ReleaseEarlier => "release_earlier",
            Edit::LiftPin { .. } => "lift_pin",
            Edit::DropConstraint { .. } => "drop_constraint",
            Edit::LiftDeny { .. } => "lift_deny",
            Edit::AllowLicense { .. } | Edit::LiftLicenseRule { .. } => "allow_license",
            Edit::RelaxSpec { .. } => "relax_spec",
            Edit::DropSpec { .. } => "drop_spec",
            Edit::Platform { .. } => "platform",
        }
    }

    /// How much it takes away from what was asked: edits that take away less are offered first.
    pub fn rank(&self) -> u8 {
        match self {
            Edit::RenameSpec { .. } | Edit::AddVirtualPackage { .. } => 0,
            Edit::MoveCutoff { .. } => 1,
            Edit::FlexiblePriority => 2,
            Edit::LiftFreeze
            | Edit::LiftPin { .. }
            | Edit::DropConstraint { .. }
            | Edit::LiftDeny { .. }
            | Edit::AllowLicense { .. }
            | Edit::LiftLicenseRule { .. } => 3,
            Edit::RelaxSpec { .. } | Edit::ReleaseEarlier => 4,
            Edit::DropSpec { .. } => 5,
            Edit::Platform { .. } => 6,
        }
    }

    /// Whether a part of the request only goes, and nothing takes its place.
    pub(crate) fn only_removes(&self) -> bool {
        matches!(
            self,
            Edit::LiftFreeze
                | Edit::ReleaseEarlier
                | Edit::LiftPin { .. }
                | Edit::DropConstraint { .. }
                | Edit::DropSpec { .. }
        )
    }

    /// Whether every requested package is still asked for, on the same platform.
    pub(crate) fn keeps_every_name(&self) -> bool {
        !matches!(self, Edit::DropSpec { .. } | Edit::Platform { .. })
    }

    /// Makes the edit; `None` where the request has no part that it is about.
    pub(crate) fn apply(&self, draft: &Draft) -> Option<Draft> {
        let mut draft = draft.clone();
        let request = &mut draft.request;
        match self {
            Edit::RenameSpec { at, to, .. } | Edit::RelaxSpec { at, to, .. } => {
                *draft.spec_mut(*at)? = RequestSpec::parse(to).ok()?;
            }
            Edit::DropSpec { at, .. } => take(&mut request.specs, &mut draft.specs, *at)?,
            Edit::LiftPin { at, .. } => take(&mut request.pins, &mut draft.pins, *at)?,
            Edit::DropConstraint { at, .. } => {
                take(&mut request.constraints, &mut draft.constraints, *at)?;
            }
            Edit::AddVirtualPackage { package, .. } => {
                request.virtual_packages.retain(|v| v.name != package.name);
                request.virtual_packages.push(package.clone());
            }
            Edit::MoveCutoff { whose, to, .. } => {
                let of = |list: &mut Vec<(String, Option<u64>)>, key: &str| {
                    let entry = list.iter_mut().find(|(name, _)| name == key)?;
                    entry.1 = Some(*to);
                    Some(())
                };
                match whose {
                    CutoffOwner::Everything => request.cutoffs.general = Some(*to),
                    CutoffOwner::Channel(key, _) => of(&mut request.cutoffs.channels, key)?,
                    CutoffOwner::Package(name) => of(&mut request.cutoffs.packages, name)?,
                }
            }
            Edit::FlexiblePriority => request.channel_priority = ChannelPriority::Flexible,
            Edit::LiftFreeze => {
                let environment = request.environment.as_mut()?;
                if !std::mem::take(&mut environment.freeze_installed) {
                    return None;
                }
            }
            Edit::ReleaseEarlier => {
                let environment = request.environment.as_mut()?;
                let kept = std::mem::take(&mut environment.keep_requested);
                let held = std::mem::take(&mut environment.hold_history);
                if !kept && !held {
                    return None;
                }
            }
            Edit::LiftDeny { specs } => {
                let goes = |spec: &MatchSpec| specs.contains(&spec.to_string());
                let mut reasons = std::mem::take(&mut request.deny_reasons);
                reasons.resize(request.deny.len(), None);
                let denied = std::mem::take(&mut request.deny).into_iter().zip(reasons);
                (request.deny, request.deny_reasons) =
                    denied.filter(|(spec, _)| !goes(spec)).unzip();
            }
            Edit::AllowLicense {
                license,
                lifted,
                joins,
            } => {
                let licenses = &mut request.licenses;
                licenses.deny.retain(|pattern| !lifted.contains(pattern));
                if *joins {
                    let text = license.clone().unwrap_or_default();
                    licenses.allow.get_or_insert_default().push(text);
                }
            }
            Edit::LiftLicenseRule {
                patterns, joins, ..
            } => {
                let licenses = &mut request.licenses;
                licenses.deny.retain(|pattern| !patterns.contains(pattern));
                if let (Some(license), Some(allow)) = (joins, &mut licenses.allow) {
                    allow.push(license.clone());
                }
            }
            Edit::Platform { to, .. } => request.virtual_packages = baseline(to),
        }
        Some(draft)
    }

    /// The package, virtual or not, that it is about; of a cut-off the channel or package whose it is; empty for edits
    /// about everything.
    pub fn name(&self) -> &str {
        match self {
            Edit::RenameSpec { name, .. }
            | Edit::RelaxSpec { name, .. }
            | Edit::DropSpec { name, .. }
            | Edit::LiftPin { name, .. }
            | Edit::DropConstraint { name, .. } => name,
            Edit::AddVirtualPackage { package, .. } => &package.name,
            Edit::MoveCutoff { whose, .. } => whose.name(),
            Edit::FlexiblePriority
            | Edit::LiftFreeze
            | Edit::ReleaseEarlier
            | Edit::LiftDeny { .. }
            | Edit::AllowLicense { .. }
            | Edit::LiftLicenseRule { .. }
            | Edit::Platform { .. } => "",
        }
    }

    /// What the request says now; empty where it says nothing.
    pub fn from(&self) -> String {
        match self {
            Edit::RenameSpec { from, .. }
            | Edit::RelaxSpec { from, .. }
            | Edit::Platform { from, .. } => from.clone(),
            Edit::DropSpec { spec, .. }
            | Edit::LiftPin { spec, .. }
            | Edit::DropConstraint { spec, .. } => spec.clone(),
            Edit::AddVirtualPackage { had, .. } => had.clone(),
            Edit::MoveCutoff { from, .. } => date(*from),
            Edit::FlexiblePriority => "strict".to_string(),
            Edit::LiftFreeze => "--freeze-installed".to_string(),
            Edit::ReleaseEarlier => "--keep-requested".to_string(),
            Edit::LiftDeny { specs } => specs.join(", "),
            Edit::AllowLicense { .. } => String::new(),
            Edit::LiftLicenseRule { patterns, .. } => patterns.join(", "),
        }
    }

    /// What it would say; empty when the part goes.
    pub fn to(&self) -> String {
        match self {
            Edit::RenameSpec { to, .. }
            | Edit::RelaxSpec { to, .. }
            | Edit::Platform { to, .. } => to.clone(),
            Edit::AddVirtualPackage { package, .. } => virtual_package(package),
            Edit::MoveCutoff { to, .. } => date(*to),
            Edit::FlexiblePriority => "flexible".to_string(),
            Edit::AllowLicense { license, .. } => license.clone().unwrap_or_default(),
            Edit::LiftLicenseRule { admits, .. } => admits.join(", "),
            Edit::DropSpec { .. }
            | Edit::LiftPin { .. }
            | Edit::DropConstraint { .. }
            | Edit::LiftFreeze
            | Edit::ReleaseEarlier
            | Edit::LiftDeny { .. } => String::new(),
        }
    }

    /// One sentence, as an instruction.
    pub fn text(&self) -> String {
        match self {
            Edit::RenameSpec { from, to, .. } => format!("ask for {to} instead of {from}"),
            Edit::AddVirtualPackage { package, .. } => {
                let words = virtual_package(package).replace('=', " ");
                if package.build == "0" && package.version.as_str() != "0" {
                    format!("if the target has {words} or newer, declare it")
                } else {
                    let words = words.strip_suffix(" 0").unwrap_or(&words);
                    format!("if the target has {words}, declare it")
                }
            }
            Edit::MoveCutoff { whose, to, .. } => match whose.name() {
                "" => format!("move the cut-off to {}", date(*to)),
                name => format!("move the cut-off of {name} to {}", date(*to)),
            },
            Edit::FlexiblePriority => "set channel priority to flexible".to_string(),
            Edit::LiftFreeze => "let installed packages change".to_string(),
            Edit::ReleaseEarlier => "let packages go that were asked for earlier".to_string(),
            Edit::LiftPin { spec, .. } => format!("lift the pin {spec}"),
            Edit::DropConstraint { spec, .. } => format!("drop the constraint {spec}"),
            Edit::LiftDeny { specs } => format!("take {} off the deny list", specs.join(", ")),
            Edit::AllowLicense { license, .. } => license.as_ref().map_or_else(
                || "allow packages without a licence".to_string(),
                |license| format!("allow the licence {license}"),
            ),
            Edit::LiftLicenseRule {
                patterns, admits, ..
            } => {
                let word = if patterns.len() == 1 { "rule" } else { "rules" };
                let rules = patterns.join(", ");
                let admitted = match admits.len() {
                    0 => String::new(),
                    1..=4 => format!(", which admits {} here", admits.join(", ")),
                    n => {
                        let more = n - 4;
                        format!(
                            ", which admits {} and {more} more here",
                            admits[..4].join(", ")
                        )
                    }
                };
                format!("lift the {word} against licences {rules}{admitted}")
            }
            Edit::RelaxSpec {
                from, to, gives, ..
            } => match gives {
                Some(version) => format!("relax {from} to {to} (that gives {version})"),
                None => format!("relax {from} to {to}"),
            },
            Edit::DropSpec { spec, .. } => format!("do not ask for {spec}"),
            Edit::Platform { from, to } => format!("solve for {to} instead of {from}"),
        }
    }
}

impl CutoffOwner {
    /// The channel or package; empty for everything.
    pub fn name(&self) -> &str {
        match self {
            CutoffOwner::Everything => "",
            CutoffOwner::Channel(_, name) | CutoffOwner::Package(name) => name,
        }
    }
}

/// A virtual package as `NAME=VERSION[=BUILD]`.
pub(super) fn virtual_package(package: &VirtualPackage) -> String {
    let build = match package.build.as_str() {
        "0" => String::new(),
        build => format!("={build}"),
    };
    format!("{}={}{build}", package.name, package.version)
}
