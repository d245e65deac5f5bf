//! Why there is no answer: a minimal set of facts that cannot all hold, and what would help.
//!
//! The request is encoded again with every fact behind an assumption of its own (see `encode/guard.rs`). Facts are
//! assumed outwards from the request: first those about the requested packages, then those about what they
//! require, and so on, until no model is left; so a conflict near the request is found before a deep one, and without
//! looking at what lies behind it. The failed assumptions are a core; deletion makes it minimal: the facts left are
//! unsatisfiable together, and without any one of them they are satisfiable.
//!
//! A fact speaks for all records of a name with the same requirement. For the reader it is narrowed to those that the
//! other facts leave (of `numpy`, those that match the requested spec): a record that no fact asks for can be left out of
//! any model, so the narrowed facts contradict each other too, and being weaker they stay minimal.
//!
//! **The request's part comes first.** Of the specs, pins and other things that the user can change, the conflict has a set
//! that is minimal in itself: the rest of the request lifted, and all packages as they are, each of them is needed. (A
//! minimal set of facts alone may blame two specs where one of them cannot be had anyway, for a reason further away.)
//! And where the same demands can be told with dependencies alone, no `constrains` takes part.
//!
//! What is taken for granted and is no fact: a package can be installed only once, and which records exist.
//!
//! | module | duty |
//! |---|---|
//! | `search` | searches in an instance whose facts can be lifted |
//! | `facts` | the conflict as data |
//! | `describe` | from guards to facts: what they speak for |
//! | `graph` | which fact leads to which |
//! | `versions` | ranges of versions as people write them |
//! | `demand` | what several specs on one package ask for together |
//! | `text` | sentences and the tree |
//! | `headline` | the culprit in one sentence |
//! | `changes` | which changes of the request a conflict suggests |
//! | `fixes` | smallest changes of the request that give an answer |
//! | `loosen` | the least loosening of a spec |
//! | `elsewhere` | what other platforms have |
//! | `hints` | typos, other channels, later dates |

mod changes;
mod dates;
mod demand;
mod describe;
mod elsewhere;
mod facts;
mod fixes;
mod graph;
mod headline;
mod hints;
mod loosen;
mod search;
mod spelling;
mod text;
mod versions;

use std::sync::Arc;

use cdcl::Lit;
use conda::index::Index;

pub use changes::Change;
pub use facts::{Conflict, Fact, FactKind};
pub use fixes::{Fix, Fixes};
pub use graph::Edge;
pub use hints::{Hint, HintKind};

use crate::encode::{Cause, Liftable};
use crate::optimize::{Budget, Interrupted};
use crate::request::Request;
use search::{Found, Search, Wish};

/// Distances at which a conflict is looked for, before everything is assumed.
const NEAR: [u32; 4] = [0, 1, 2, 4];
/// Most further conflicts that are looked for.
const MOST_FURTHER: usize = 7;

/// Finds a minimal conflict of an unsatisfiable request.
pub(crate) fn explain(
    index: &Arc<Index>,
    request: &Request,
    budget: Budget<'_>,
) -> Result<Conflict, Interrupted> {
    let mut search = Search::new(index, request, Liftable::Everything, budget);
    let mut core = nearest(&mut search)?;
    let wishes = search.wishes(&core);
    let needed = narrow(index, request, &wishes, budget)?;
    if needed.len() < wishes.len() {
        search.only(needed);
        core = nearest(&mut search)?;
    }
    let causes: Vec<Cause> = core.iter().filter_map(|&lit| search.cause(lit)).collect();
    Ok(describe::describe(&mut search, index, request, causes))
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
    wishes: &[Wish],
    budget: Budget<'_>,
) -> Result<Vec<Wish>, Interrupted> {
    let mut kept = wishes.to_vec();
    let mut search = Search::new(index, request, Liftable::Request, budget);
    let mut next = 0;
    while kept.len() > 1 && next < kept.len() {
        let mut without = kept.clone();
        without.remove(next);
        search.only(without);
        match search.solve_within(u32::MAX, true)? {
            Found::Core(core) => {
                let needed = search.wishes(&core);
                next = kept[..next].iter().filter(|w| needed.contains(w)).count();
                kept.retain(|w| needed.contains(w));
            }
            Found::Model => next += 1,
        }
    }
    Ok(kept)
}

impl Conflict {
    /// Further conflicts: each is one of the request without the facts by which the earlier ones can be resolved.
    ///
    /// Of each conflict, the pin, constraint or requested spec is given up that comes first in the order of
    /// [`Conflict::fixes`], unless giving up one of them leaves nothing wrong: then there are no more. At most seven
    /// are looked for; those found before the budget is spent are returned, with `false` if it was.
    pub fn further(&self, budget: Budget<'_>) -> (Vec<Conflict>, bool) {
        let mut out: Vec<Conflict> = Vec::new();
        let mut request = self.request.clone();
        while out.len() < MOST_FURTHER {
            let last = out.last().unwrap_or(self);
            match next(last, &request, budget) {
                Ok(Some((rest, conflict))) => {
                    request = rest;
                    out.push(conflict);
                }
                Ok(None) => break,
                Err(Interrupted) => return (out, false),
            }
        }
        (out, true)
    }
}

/// The conflict that is left when the last one is resolved, and the request without what was given up.
fn next(
    last: &Conflict,
    request: &Request,
    budget: Budget<'_>,
) -> Result<Option<(Request, Conflict)>, Interrupted> {
    let mut left: Option<(Request, Conflict)> = None;
    for relaxed in changes::single_relaxations(last, request) {
        let mut search = Search::new(&last.index, &relaxed, Liftable::Request, budget);
        match search.solve_within(u32::MAX, true)? {
            // One change resolves everything: nothing else is wrong.
            Found::Model => return Ok(None),
            Found::Core(_) if left.is_none() => {
                let conflict = explain(&last.index, &relaxed, budget)?;
                left = Some((relaxed, conflict));
            }
            Found::Core(_) => {}
        }
    }
    Ok(left)
}
