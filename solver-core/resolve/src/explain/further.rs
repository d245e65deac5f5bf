//! What else is wrong with a request: the conflicts that are left when the first is resolved.

use super::conflict::{Conflict, Fact, FactKind};
use super::core::search::{Found, Search};
use super::edits::single_relaxations;
use super::find::explain;
use crate::encode::Liftable;
use crate::optimize::{Budget, Interrupted};
use crate::request::Request;

/// Most further conflicts that are looked for.
const MOST_FURTHER: usize = 7;

impl Conflict {
    /// Whether it is that a requested name is in no channel.
    pub fn lacks_a_requested_name(&self) -> bool {
        let is_missing = |name: &str| {
            let mut facts = self.facts.iter();
            facts.any(|f| f.kind == FactKind::MissingName && f.name == name)
        };
        let mut asked = self.facts.iter().filter(|f| f.kind == FactKind::Request);
        asked.any(|f| is_missing(&f.name))
    }

    /// Further conflicts: each is one of the request without the facts by which the earlier ones can be resolved.
    ///
    /// Of each conflict, the pin, constraint or requested spec is given up that comes first in the order of
    /// [`Conflict::fixes`], unless giving up one of them leaves nothing wrong: then there are none. What is requested
    /// and does not exist is reported together, so it is given up together. At most seven are looked for; with them comes whether
    /// these are all: they are not where the budget is spent, or where there are more than seven.
    pub fn further(&self, budget: Budget<'_>) -> (Vec<Conflict>, bool) {
        let mut out: Vec<Conflict> = Vec::new();
        let mut request = self.request.clone();
        loop {
            let last = out.last().unwrap_or(self);
            match next(last, &request, budget) {
                Ok(Some(_)) if out.len() == MOST_FURTHER => return (out, false),
                Ok(Some((rest, conflict))) => {
                    request = rest;
                    out.push(conflict);
                }
                Ok(None) => return (out, true),
                Err(Interrupted) => return (out, false),
            }
        }
    }

    /// The request without the specs that ask for something that is not there, where this conflict is about them: it names
    /// them all.
    fn without_what_is_missing(&self, request: &Request) -> Option<Request> {
        let is_missing = |f: &Fact| {
            matches!(f.kind, FactKind::MissingName | FactKind::MissingVersion)
                && self.is_gone(&f.name, &f.spec)
        };
        if !self.facts.iter().any(is_missing) {
            return None;
        }
        let mut rest = request.clone();
        rest.specs.retain(|s| !self.is_gone(&s.name, &s.text));
        Some(rest)
    }

    /// Whether a spec is one of those that are requested and not there.
    fn is_gone(&self, name: &str, spec: &str) -> bool {
        self.missing.iter().any(|gone| gone == name) || self.unmatched.iter().any(|s| s == spec)
    }
}

/// The conflict that is left when the last one is resolved, and the request without what was given up.
fn next(
    last: &Conflict,
    request: &Request,
    budget: Budget<'_>,
) -> Result<Option<(Request, Conflict)>, Interrupted> {
    let mut left: Option<(Request, Conflict)> = None;
    let relaxed = match last.without_what_is_missing(request) {
        Some(rest) => vec![rest],
        None => single_relaxations(last, request),
    };
    for relaxed in relaxed {
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
