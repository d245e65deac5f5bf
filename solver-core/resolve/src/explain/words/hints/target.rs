//! What the target lacks.

use super::{Hint, HintKind};
use crate::explain::conflict::{Conflict, Fact, FactKind, Quantifier};
use crate::explain::other_platforms::system_of;
use crate::explain::spec_union::plain;
use crate::explain::words::subject::{subject, verb};

impl Conflict {
    /// "app 3.0 is for Windows only", or "app 3.0 needs __cuda >=12, the target has none": as the headline says it of the
    /// same package, if it does.
    pub(crate) fn virtual_package(&self, fact: &Fact) -> Option<Hint> {
        let name = &fact.name;
        let said = self.headline.contains(&fact.text);
        let group = self.groups.iter().rev().find(|g| {
            let first = g.first(&self.facts);
            first.target == *name && !first.versions.is_empty()
        });
        let Some(group) = group else {
            let spec = self.facts.iter().find(|f| f.target == *name)?;
            let has = match fact.spec.as_str() {
                "" => "none".to_string(),
                _ => has(fact),
            };
            let text = format!("{} is asked for, the target has {has}", plain(&spec.spec));
            let offers = vec![spec.spec.clone()];
            return Some(Hint::new(HintKind::VirtualPackage, name, offers, text).if_said(said));
        };
        let first = group.first(&self.facts);
        let who = subject(first, group.quantifier, &group.ranges);
        let offers: Vec<String> = group
            .facts
            .iter()
            .map(|&f| self.facts[f].spec.clone())
            .collect();
        let system = system_of(name).filter(|_| fact.spec.is_empty());
        let (text, said) = match system {
            Some((_, system))
                if group.quantifier == Quantifier::All && first.kind == FactKind::Dependency =>
            {
                let is = verb(group.quantifier, &group.ranges, "is", "are");
                (format!("{who} {is} for {system} only"), false)
            }
            _ => {
                let (one, more) = match first.kind {
                    FactKind::Constrains => ("allows only", "allow only"),
                    _ => ("needs", "need"),
                };
                let needs = verb(group.quantifier, &group.ranges, one, more);
                let has = match fact.spec.as_str() {
                    "" => "none".to_string(),
                    _ => has(fact),
                };
                let demand = group.demand(&self.facts);
                (
                    format!("{who} {needs} {demand}, the target has {has}"),
                    said,
                )
            }
        };
        Some(Hint::new(HintKind::VirtualPackage, name, offers, text).if_said(said))
    }
}

/// "12.6", or "1 x86_64" where it is the build that counts.
fn has(fact: &Fact) -> String {
    let has = fact.spec.strip_prefix(fact.name.as_str());
    has.map_or(String::new(), |has| {
        has.trim().trim_end_matches(" 0").to_string()
    })
}
