//! The sentence of a group of facts.

use super::subject::{subject, verb};
use crate::explain::conflict::{Fact, FactKind, Group};
use crate::explain::spec_union::union;

impl Group {
    /// The first fact, which stands for all in what they have in common.
    pub(crate) fn first<'f>(&self, facts: &'f [Fact]) -> &'f Fact {
        &facts[self.facts[0]]
    }

    /// The specs that are asked for, one a fact.
    pub fn specs<'f>(&self, facts: &'f [Fact]) -> Vec<&'f str> {
        self.facts.iter().map(|&f| facts[f].spec.as_str()).collect()
    }

    /// "python >=3.9,<3.12".
    pub fn demand(&self, facts: &[Fact]) -> String {
        let target = &self.first(facts).target;
        union(target, &self.specs(facts), self.builds_matter)
    }

    /// The sentence.
    pub fn text(&self, facts: &[Fact]) -> String {
        self.text_for(facts, "")
    }

    /// The sentence, with words behind the package.
    pub(crate) fn text_for(&self, facts: &[Fact], aside: &str) -> String {
        let first = self.first(facts);
        let (one, more) = if first.kind == FactKind::Constrains {
            ("allows only", "allow only")
        } else {
            ("requires", "require")
        };
        format!(
            "{}{aside} {} {}",
            subject(first, self.quantifier, &self.ranges),
            verb(self.quantifier, &self.ranges, one, more),
            self.demand(facts)
        )
    }
}
