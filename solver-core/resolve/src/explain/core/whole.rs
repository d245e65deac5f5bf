//! Facts that speak of whole packages, where there are some.
//!
//! Of several minimal conflicts of one request, the first one found may happen to speak of some builds of a package
//! that require one thing, and other builds that require another: "some builds of scipy 1.15 require python 3.12.*, some
//! numpy >=1.23". Often what all of them ask of a single package tells the same, and a reader can check that at a glance:
//! "scipy 1.15 requires numpy >=1.22". So where the facts about a package lead to several others, it is tried whether
//! those that lead to one of them are enough.

use cdcl::Lit;
use rustc_hash::FxHashSet;

use crate::encode::Cause;
use crate::explain::core::search::{Found, Search};
use crate::optimize::Interrupted;
use crate::universe::NameId;

/// Most facts of a conflict in which others are looked for.
const MOST_FACTS: usize = 300;
/// Most exchanges that are tried.
const MOST_TRIES: usize = 16;

/// Exchanges facts of a minimal core for ones that speak of whole packages.
pub(crate) fn speak_of_whole_packages(
    search: &mut Search<'_>,
    core: &mut Vec<Lit>,
) -> Result<(), Interrupted> {
    if core.len() > MOST_FACTS {
        return Ok(());
    }
    let mut done: FxHashSet<NameId> = FxHashSet::default();
    let mut tries = 0;
    while let Some((name, targets)) = scattered(search, core, &done) {
        done.insert(name);
        for target in targets {
            if tries == MOST_TRIES {
                return Ok(());
            }
            tries += 1;
            if let Some(whole) = told_by(search, core, name, target)? {
                *core = whole;
                break;
            }
        }
    }
    Ok(())
}

/// The dependency of a name on another that a guard stands for.
fn dependency(search: &Search<'_>, guard: Lit) -> Option<(NameId, NameId)> {
    match search.cause(guard)? {
        Cause::Depends(name, spec) => Some((name, search.inst.u.specs[spec].name)),
        _ => None,
    }
}

/// The first name, near the request, whose facts lead to several others, and these: those that it leads to most often
/// first.
fn scattered(
    search: &Search<'_>,
    core: &[Lit],
    done: &FxHashSet<NameId>,
) -> Option<(NameId, Vec<NameId>)> {
    // A minimal core is sorted by distance.
    let leads: Vec<(NameId, NameId)> = core
        .iter()
        .filter_map(|&guard| dependency(search, guard))
        .collect();
    for &(name, _) in leads.iter().filter(|(name, _)| !done.contains(name)) {
        let mut targets: Vec<(usize, NameId)> = Vec::new();
        for &(_, target) in leads.iter().filter(|(from, _)| *from == name) {
            match targets.iter_mut().find(|(_, known)| *known == target) {
                Some((count, _)) => *count += 1,
                None => targets.push((1, target)),
            }
        }
        if targets.len() > 1 {
            // Builds for one python each depend on its ABI, too: fewer people know that name.
            let is_abi = |name: NameId| &*search.inst.u.names[name].text == "python_abi";
            targets.sort_by_key(|&(count, target)| (is_abi(target), std::cmp::Reverse(count)));
            return Some((
                name,
                targets.into_iter().map(|(_, target)| target).collect(),
            ));
        }
    }
    None
}

/// A minimal core in which the facts about a name lead to one other only; `None` where there is none like that.
fn told_by(
    search: &mut Search<'_>,
    core: &[Lit],
    name: NameId,
    target: NameId,
) -> Result<Option<Vec<Lit>>, Interrupted> {
    let of_others = |guard: &&Lit| dependency(search, **guard).is_none_or(|(from, _)| from != name);
    let others: Vec<Lit> = core.iter().filter(of_others).copied().collect();
    let found = search.run(|search| {
        let known = search.inst.guards.as_ref().map_or(&[][..], |g| &g.lits);
        let leads = |guard: &&Lit| dependency(search, **guard) == Some((name, target));
        let mut facts = others.clone();
        facts.extend(known.iter().filter(leads));
        facts
    })?;
    match found {
        Found::Model => Ok(None),
        Found::Core(mut whole) => {
            search.minimise(&mut whole)?;
            Ok(Some(whole))
        }
    }
}
