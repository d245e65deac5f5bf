//! Which edits of a request a conflict suggests.
//!
//! Each fact of the conflict that the user can change gives one or two edits. Lifting any one fact resolves the
//! conflict, because it is minimal.

use std::sync::Arc;

use conda::index::Index;
use conda::match_spec::MatchSpec;
use conda::pattern::glob_matches;
use conda::version::Version;

use super::edit::{CutoffOwner, Draft, Edit};
use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::dates::end_of_day;
use crate::explain::other_platforms::may_have;
use crate::request::{Request, RequestSpec, VirtualPackage};

/// An edit, and what is asked then.
pub(super) struct Choice {
    pub edit: Edit,
    pub draft: Draft,
    /// The index that is asked; the conflict's own unless the platform changes.
    pub index: Arc<Index>,
}

/// The request without one fact of a conflict, cheapest first: only parts that can simply go.
pub(crate) fn single_relaxations(conflict: &Conflict, request: &Request) -> Vec<Request> {
    choices(conflict, &Draft::of(request), &conflict.index)
        .into_iter()
        .filter(|choice| choice.edit.only_removes())
        .map(|choice| choice.draft.request)
        .collect()
}

/// Each edit that lifts a fact of the conflict, with the request then, cheapest first. `index` is what is asked.
pub(super) fn choices(conflict: &Conflict, draft: &Draft, index: &Arc<Index>) -> Vec<Choice> {
    let mut edits: Vec<Edit> = Vec::new();
    let request = &draft.request;
    for fact in &conflict.facts {
        match fact.kind {
            FactKind::VirtualPackage => edits.extend(give_virtual_package(conflict, fact, request)),
            FactKind::Policy => match fact.reason.as_deref() {
                Some("deny") => edits.extend(lift_deny(conflict, fact, request)),
                Some("license") => edits.extend(allow_license(conflict, fact, request)),
                _ => {}
            },
            FactKind::ChannelPriority => {
                edits.extend(name_channel(conflict, fact, draft));
                edits.push(Edit::FlexiblePriority);
            }
            FactKind::Frozen => edits.push(Edit::LiftFreeze),
            FactKind::Earlier => edits.push(Edit::ReleaseEarlier),
            FactKind::Pin => edits.extend(fact.position.and_then(|at| {
                Some(Edit::LiftPin {
                    at: draft.pin_before(at)?,
                    name: fact.name.clone(),
                    spec: fact.spec.clone(),
                })
            })),
            FactKind::Constraint => edits.extend(fact.position.and_then(|at| {
                Some(Edit::DropConstraint {
                    at: draft.constraint_before(at)?,
                    name: fact.name.clone(),
                    spec: fact.spec.clone(),
                })
            })),
            FactKind::MissingName => edits.extend(rename(conflict, fact, draft)),
            FactKind::Request => edits.extend(give_up_spec(conflict, fact, draft)),
            _ => {}
        }
    }
    edits.extend(move_cutoff(conflict, request));
    // A stable sort: among equals the order of the facts.
    edits.sort_by_key(Edit::rank);
    let mut choices: Vec<Choice> = Vec::new();
    for edit in edits {
        if choices.iter().any(|known| known.edit == edit) {
            continue;
        }
        if let Some(draft) = edit.apply(draft) {
            let index = Arc::clone(index);
            choices.push(Choice { edit, draft, index });
        }
    }
    choices
}

/// The request on other platforms that have everything this conflict says is missing.
pub(super) fn platforms(conflict: &Conflict, request: &Request) -> Vec<Choice> {
    let choice = |other: &Arc<Index>| {
        let edit = Edit::Platform {
            from: conflict.index.platform().to_string(),
            to: other.platform().to_string(),
        };
        let draft = edit.apply(&Draft::of(request))?;
        let index = Arc::clone(other);
        Some(Choice { edit, draft, index })
    };
    let targets = conflict.other_targets().into_iter();
    targets.filter_map(choice).collect()
}

/// A name that no channel has is taken for its nearest ones.
fn rename(conflict: &Conflict, fact: &Fact, draft: &Draft) -> Vec<Edit> {
    let mut out = Vec::new();
    for (position, spec) in draft.request.specs.iter().enumerate() {
        let Some(at) = draft
            .spec_before(position)
            .filter(|_| spec.name == fact.name)
        else {
            continue;
        };
        // What exists on another platform is no typo.
        if !conflict.platforms_with(fact).is_empty() {
            continue;
        }
        for name in conflict.names_like(&fact.name) {
            out.push(Edit::RenameSpec {
                at,
                name: fact.name.clone(),
                from: spec.text.clone(),
                to: renamed(&spec.text, &spec.name, &name),
            });
        }
    }
    out
}

/// A spec with another name; names may be written in capitals.
fn renamed(text: &str, old: &str, new: &str) -> String {
    match text.to_ascii_lowercase().find(old) {
        Some(at) => format!("{}{new}{}", &text[..at], &text[at + old.len()..]),
        None => text.to_string(),
    }
}

/// A requested package is asked of a lower channel, which strict priority hides.
fn name_channel(conflict: &Conflict, fact: &Fact, draft: &Draft) -> Vec<Edit> {
    let index = &conflict.index;
    let hidden = fact
        .records
        .iter()
        .map(|at| index.member(at.segment).channel);
    let Some(channel) = hidden.min() else {
        return Vec::new();
    };
    let channel = &index.channels()[channel].name;
    // A URL in front of a spec would be no channel's name.
    if channel.contains(':') {
        return Vec::new();
    }
    let specs = draft.request.specs.iter().enumerate();
    let named = specs.filter(|(_, s)| s.name == fact.name && s.spec.channel().is_none());
    let edit = |(position, spec): (usize, &RequestSpec)| {
        Some(Edit::RenameSpec {
            at: draft.spec_before(position)?,
            name: fact.name.clone(),
            from: spec.text.clone(),
            to: format!("{channel}::{}", spec.text),
        })
    };
    let edits: Vec<Edit> = named.filter_map(edit).collect();
    // One change at a time: a name that is asked for twice would need two.
    if edits.len() == 1 {
        edits
    } else {
        Vec::new()
    }
}

/// All that is requested and not there goes, or is relaxed to its name where the package exists. None where nothing
/// would be asked for then.
pub(super) fn give_up_what_is_missing(conflict: &Conflict, draft: &Draft) -> Vec<Edit> {
    let mut out = Vec::new();
    for (position, spec) in draft.request.specs.iter().enumerate() {
        let Some(at) = draft.spec_before(position) else {
            continue;
        };
        let (name, text) = (spec.name.clone(), spec.text.clone());
        if conflict.missing.contains(&name) {
            out.push(Edit::DropSpec {
                at,
                name,
                spec: text,
            });
        } else if conflict.unmatched.contains(&text) {
            out.push(Edit::RelaxSpec {
                at,
                from: text,
                to: name.clone(),
                name,
                gives: None,
            });
        }
    }
    let dropped = out.iter().filter(|e| matches!(e, Edit::DropSpec { .. }));
    if dropped.count() == draft.request.specs.len() {
        out.clear();
    }
    out
}

/// The target gets a virtual package in the least version that a fact of the conflict asks for.
pub(super) fn give_virtual_package(
    conflict: &Conflict,
    fact: &Fact,
    request: &Request,
) -> Option<Edit> {
    if !may_have(conflict.index.platform(), &fact.name) {
        return None;
    }
    let asking = conflict.facts.iter().filter(|f| f.target == fact.name);
    // Records ask in different ways; the least that one of them asks for may do.
    let mut asked: Vec<(Version, String)> = asking.filter_map(|f| least(&f.spec)).collect();
    asked.sort();
    let had = request
        .virtual_packages
        .iter()
        .find(|v| v.name == fact.name);
    let newer = |(version, build): &&(Version, String)| {
        had.is_none_or(|had| {
            *version > had.version || (*version == had.version && *build != had.build)
        })
    };
    let (version, build) = asked.iter().find(newer).cloned()?;
    Some(Edit::AddVirtualPackage {
        package: VirtualPackage {
            name: fact.name.clone(),
            version,
            build,
        },
        had: fact.spec.clone(),
    })
}

/// The least version that a spec such as `__cuda >=12` admits, and its build if it names one.
fn least(spec: &str) -> Option<(Version, String)> {
    let spec = MatchSpec::parse(spec).ok()?;
    let any = || Version::parse("0").ok();
    let version = match spec.version() {
        None => any()?,
        Some(versions) if versions.is_any() => any()?,
        Some(versions) => {
            let ends = versions.as_intervals()?.into_iter();
            let lows = ends.map(|interval| interval.low.map(|low| low.version));
            lows.collect::<Option<Vec<Version>>>()?.into_iter().min()?
        }
    };
    let build = spec.build().and_then(|build| build.exact());
    Some((version, build.unwrap_or("0").to_string()))
}

/// The cut-off moves to the day of the first record that it hides in this conflict. Done again with each further
/// conflict, that ends at the first day at which there is an answer.
pub(super) fn move_cutoff(conflict: &Conflict, request: &Request) -> Option<Edit> {
    let hidden = conflict.facts.iter().filter(|f| {
        f.kind == FactKind::Policy && !matches!(f.reason.as_deref(), Some("deny" | "license"))
    });
    let records = hidden.flat_map(|f| f.records.iter().map(move |at| (conflict.time(*at), f, *at)));
    let (first, fact, at) = records.min_by_key(|(time, _, _)| *time)?;
    let to = end_of_day(first);
    let channel = &conflict.index.channels()[conflict.index.member(at.segment).channel];
    let cutoffs = &request.cutoffs;
    let is_it = |c: &str| c == channel.name || c == channel.base_url;
    let (now, whose) =
        if let Some((name, now)) = cutoffs.packages.iter().find(|(n, _)| *n == fact.name) {
            (*now, CutoffOwner::Package(name.clone()))
        } else if let Some((key, now)) = cutoffs.channels.iter().find(|(c, _)| is_it(c)) {
            (
                *now,
                CutoffOwner::Channel(key.clone(), channel.name.clone()),
            )
        } else {
            (cutoffs.general, CutoffOwner::Everything)
        };
    let from = now.filter(|now| *now < to)?;
    Some(Edit::MoveCutoff { whose, from, to })
}

/// The specs of the deny list that records of a fact match go.
fn lift_deny(conflict: &Conflict, fact: &Fact, request: &Request) -> Option<Edit> {
    let records = fact.records.iter().map(|&at| conflict.index.record(at));
    let records: Vec<_> = records.collect();
    let hits = |spec: &&MatchSpec| records.iter().any(|r| spec.matches(r));
    let specs: Vec<String> = request
        .deny
        .iter()
        .filter(hits)
        .map(ToString::to_string)
        .collect();
    (!specs.is_empty()).then_some(Edit::LiftDeny { specs })
}

/// The licence of the best record of a fact is allowed: by name where its name is denied, else by lifting the rule that
/// denies it, and perhaps others.
fn allow_license(conflict: &Conflict, fact: &Fact, request: &Request) -> Option<Edit> {
    let license = conflict.index.record(*fact.records.first()?).license;
    let text = license.as_deref().unwrap_or_default();
    let matches = |pattern: &&String| glob_matches(pattern, text, true);
    let licenses = &request.licenses;
    let lifted: Vec<String> = licenses.deny.iter().filter(matches).cloned().collect();
    let joins = licenses
        .allow
        .as_ref()
        .is_some_and(|allow| !allow.iter().any(|pattern| matches(&pattern)));
    if lifted.iter().any(|rule| !rule.eq_ignore_ascii_case(text)) {
        return Some(Edit::LiftLicenseRule {
            patterns: lifted,
            joins: joins.then(|| text.to_string()),
            admits: Vec::new(),
        });
    }
    Some(Edit::AllowLicense {
        license,
        lifted,
        joins,
    })
}

/// A requested spec is relaxed to its name, or goes.
fn give_up_spec(conflict: &Conflict, fact: &Fact, draft: &Draft) -> Vec<Edit> {
    let mut out = Vec::new();
    let specs = &draft.request.specs;
    let found = fact.position.and_then(|position| {
        let spec: &RequestSpec = specs.get(position)?;
        Some((draft.spec_before(position)?, spec))
    });
    let Some((at, spec)) = found else {
        return out;
    };
    let exists = !conflict
        .facts
        .iter()
        .any(|f| f.kind == FactKind::MissingName && f.name == fact.name);
    // What applies only sometimes goes on doing so.
    let bare = match spec.spec.when() {
        Some(condition) => format!("{}[when=\"{condition}\"]", fact.name),
        None => fact.name.clone(),
    };
    if spec.text != bare && exists && !spec.is_virtual() {
        out.push(Edit::RelaxSpec {
            at,
            name: fact.name.clone(),
            from: spec.text.clone(),
            to: bare,
            gives: None,
        });
    }
    if specs.len() > 1 {
        out.push(Edit::DropSpec {
            at,
            name: fact.name.clone(),
            spec: spec.text.clone(),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::least;

    #[test]
    fn least_versions_of_specs() {
        let least = |spec: &str| least(spec).map(|(version, build)| format!("{version} {build}"));
        assert_eq!(least("__cuda >=11.8").as_deref(), Some("11.8 0"));
        assert_eq!(least("__cuda >=11.8,<13").as_deref(), Some("11.8 0"));
        assert_eq!(least("__cuda 12.*").as_deref(), Some("12 0"));
        assert_eq!(least("__cuda >=12|11.8.*").as_deref(), Some("11.8 0"));
        assert_eq!(least("__cuda").as_deref(), Some("0 0"));
        assert_eq!(least("__cuda *").as_deref(), Some("0 0"));
        assert_eq!(
            least("__archspec 1 x86_64_v4").as_deref(),
            Some("1 x86_64_v4")
        );
        assert_eq!(least("__archspec 1.* *v4").as_deref(), Some("1 0"));
        assert_eq!(least("__cuda <12"), None);
        assert_eq!(least("__cuda !=12"), None);
    }
}
