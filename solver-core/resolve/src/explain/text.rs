//! The words of a conflict. One sentence a fact, the package first, no more than the reader needs.

use super::facts::{Fact, FactKind};

/// "1.0", "1.0 and 1.1", "1.0 to 2.3".
fn versions(list: &[String]) -> String {
    match list {
        [] => String::new(),
        [one] => one.clone(),
        [new, old] => format!("{old} and {new}"),
        [new, .., old] => format!("{old} to {new}"),
    }
}

fn subject(fact: &Fact) -> String {
    let count = match fact.records {
        1 => "1 record".to_string(),
        n => format!("{n} records"),
    };
    format!("{} {} ({count})", fact.name, versions(&fact.versions))
}

/// The sentence of a fact.
pub(super) fn sentence(fact: &Fact) -> String {
    let main = match fact.kind {
        FactKind::Request => format!("the request asks for {}", fact.spec),
        FactKind::Constraint => format!("the request allows only {}", fact.spec),
        FactKind::Pin => format!("a pin allows only {}", fact.spec),
        FactKind::Dependency => format!("{} requires {}", subject(fact), fact.spec),
        FactKind::Constrains => format!("{} allows only {}", subject(fact), fact.spec),
        FactKind::ChannelPriority => {
            format!("{} is hidden by a higher channel that has the name", subject(fact))
        }
        FactKind::ExcludeNewer => format!("{} is newer than the cut-off", subject(fact)),
        FactKind::Unparsable => format!("{} cannot be read", subject(fact)),
    };
    match &fact.note {
        Some(note) => format!("{main}, but {note}"),
        None => main,
    }
}
