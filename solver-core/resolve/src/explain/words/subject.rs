//! Whom a sentence is about.

use crate::explain::conflict::{Fact, Quantifier};

/// The package of a fact, with the extra that asks, and of which records something is said.
pub(crate) fn subject(fact: &Fact, quantifier: Quantifier, ranges: &str) -> String {
    let mut words = format!("{}{}", quantifier.words(), fact.name);
    for part in fact.extra.iter() {
        words.extend(["[", part, "]"]);
    }
    if !ranges.is_empty() {
        words.extend([" ", ranges]);
    }
    words
}

/// The verb that goes with these versions: there may be more than one.
pub(crate) fn verb(
    quantifier: Quantifier,
    ranges: &str,
    one: &'static str,
    more: &'static str,
) -> &'static str {
    if ranges.contains(' ') || quantifier.is_plural() {
        more
    } else {
        one
    }
}
