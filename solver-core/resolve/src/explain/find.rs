//! Finds a minimal conflict of a request that has no answer.

use std::sync::Arc;

use cdcl::Lit;
use conda::index::Index;

use super::conflict::Conflict;
use super::core::search::{Found, RequestFact, Search};
use super::core::whole::speak_of_whole_packages;
use super::facts::describe::describe;
use crate::encode::{Cause, Liftable};
use crate::optimize::{Budget, Interrupted};
use crate::request::Request;

/// Distances at which a conflict is looked for, before everything is assumed.
const NEAR: [u32; 4] = [0, 1, 2, 4];
/// Finds a minimal conflict of an unsatisfiable request.
pub(crate) fn explain(
    index: &Arc<Index>,
    request: &Request,
    budget: Budget<'_>,
) -> Result<Conflict, Interrupted> {
    let mut search = Search::new(index, request, Liftable::Everything, budget);
    let mut core = nearest(&mut search)?;
    let facts = search.request_facts(&core);
    let needed = narrow(index, request, &facts, budget)?;
    if needed.len() < facts.len() {
        search.only(needed);
        core = nearest(&mut search)?;
    }
    speak_of_whole_packages(&mut search, &mut core)?;
    let causes: Vec<Cause> = core.iter().filter_map(|&lit| search.cause(lit)).collect();
    Ok(describe(&mut search, index, request, causes))
}

/// A minimal core as near to the request as there is one.
fn nearest(search: &mut Search<'_>) -> Result<Vec<Lit>, Interrupted> {
    let mut core = Vec::new();
    let near = NEAR
        .into_iter()
        .flat_map(|distance| [(distance, false), (distance, true)]);
    for (distance, constrains) in near.chain([(u32::MAX, true)]) {
        if let Found::Core(found) = search.solve_within(distance, constrains)? {
            core = found;
            break;
        }
    }
    search.minimise(&mut core)?;
    Ok(core)
}

/// A minimal part of some facts of the request that has no answer, all packages as they are.
fn narrow(
    index: &Arc<Index>,
    request: &Request,
    facts: &[RequestFact],
    budget: Budget<'_>,
) -> Result<Vec<RequestFact>, Interrupted> {
    let mut kept = facts.to_vec();
    let mut search = Search::new(index, request, Liftable::Request, budget);
    let mut next = 0;
    while kept.len() > 1 && next < kept.len() {
        let mut without = kept.clone();
        without.remove(next);
        search.only(without);
        match search.solve_within(u32::MAX, true)? {
            Found::Core(core) => {
                let needed = search.request_facts(&core);
                next = kept[..next].iter().filter(|w| needed.contains(w)).count();
                kept.retain(|w| needed.contains(w));
            }
            Found::Model => next += 1,
        }
    }
    Ok(kept)
}
