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
//! What is taken for granted and is no fact: a package can be installed only once, and which records exist.
//!
//! | module | duty |
//! |---|---|
//! | `search` | searches in an instance whose facts can be lifted |
//! | `facts` | from guards to facts: what they speak for |
//! | `graph` | which fact leads to which |
//! | `versions` | ranges of versions as people write them |
//! | `text` | sentences, the headline, the tree |
//! | `fixes` | smallest changes of the request that give an answer |
//! | `hints` | typos, other channels, later dates |

mod facts;
mod fixes;
mod graph;
mod hints;
mod search;
mod text;
mod versions;

use std::sync::Arc;

use conda::index::Index;

pub use facts::{Conflict, Fact, FactKind};
pub use fixes::{Change, Fix, Fixes};
pub use graph::Edge;
pub use hints::{Hint, HintKind};

use crate::encode::{Cause, Liftable};
use crate::optimize::{Budget, Interrupted};
use crate::request::Request;
use search::{Found, Search};

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
    let mut core = Vec::new();
    for distance in NEAR.into_iter().chain([u32::MAX]) {
        if let Found::Core(found) = search.solve_within(distance)? {
            core = found;
            break;
        }
    }
    search.minimise(&mut core)?;
    let causes: Vec<Cause> = core.iter().filter_map(|&lit| search.cause(lit)).collect();
    Ok(facts::describe(&mut search, index, request, causes))
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
    for relaxed in fixes::single_relaxations(last, request) {
        let mut search = Search::new(&last.index, &relaxed, Liftable::Request, budget);
        match search.solve_within(u32::MAX)? {
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
