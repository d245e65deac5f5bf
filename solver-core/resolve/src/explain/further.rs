//! What else is wrong with a request: the conflicts that are left when the first is resolved.

use super::conflict::Conflict;
use super::core::search::{Found, Search};
use super::edits::single_relaxations;
use super::find::explain;
use crate::encode::Liftable;
use crate::optimize::{Budget, Interrupted};
use crate::request::Request;

/// Most further conflicts that are looked for.
const MOST_FURTHER: usize = 7;

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
    for relaxed in single_relaxations(last, request) {
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
