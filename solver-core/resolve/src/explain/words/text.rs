//! The words of a conflict: a sentence a fact, and a tree. `docs/style-of-messages.md` is the guide.
//!
//! The tree starts at the request; facts about the same package that ask the same one for something are one line.

use rustc_hash::{FxHashMap, FxHashSet};

use super::hints::Hint;
use super::subject::{subject, verb};
use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::spec_union::{plain, union};

/// Most lines of the tree, unless everything is asked for.
const MOST_TREE: usize = 22;
/// Most hints, unless everything is asked for.
const MOST_HINTS: usize = 4;
/// Deepest nesting of the tree that is still legible.
const DEEPEST: usize = 24;

/// The sentence of a fact.
pub(crate) fn sentence(fact: &Fact) -> String {
    let quantifier = fact.quantifier;
    let subject = subject(fact, quantifier, &fact.ranges);
    let spec = plain(&fact.spec);
    let verb = |one, more| verb(quantifier, &fact.ranges, one, more);
    let is = verb("is", "are");
    match fact.kind {
        FactKind::Request => format!("{spec} is requested"),
        FactKind::Constraint => format!("a constraint allows only {spec}"),
        FactKind::Pin => format!("a pin allows only {spec}"),
        FactKind::Frozen => format!("{spec} is installed and frozen"),
        FactKind::Earlier => format!("{spec} was asked for earlier and must stay"),
        FactKind::Dependency => format!("{subject} {} {spec}", verb("requires", "require")),
        FactKind::Constrains => format!("{subject} {} only {spec}", verb("allows", "allow")),
        FactKind::ChannelPriority => match &fact.reason {
            Some(reason) => {
                format!("{subject} {is} hidden by strict channel priority ({reason})")
            }
            None => format!("{subject} {is} hidden by strict channel priority"),
        },
        FactKind::Policy => match fact.reason.as_deref() {
            Some("deny") => match &fact.rule {
                Some(rule) if *rule != fact.name => {
                    format!("{subject} {is} on the deny list (as {rule})")
                }
                _ => format!("{subject} {is} on the deny list"),
            },
            Some("license") => match &fact.rule {
                Some(rule) => format!("the licence of {subject} is not allowed: {rule}"),
                None => format!("the licence of {subject} is not allowed"),
            },
            _ => match &fact.rule {
                Some(day) => format!("{subject} {is} newer than the cut-off of {day}"),
                None => format!("{subject} {is} newer than the cut-off"),
            },
        },
        FactKind::Unparsable => match &fact.reason {
            Some(reason) => format!("the metadata of {subject} cannot be read: {reason}"),
            None => format!("the metadata of {subject} cannot be read"),
        },
        FactKind::VirtualPackage if fact.spec.is_empty() => {
            format!("the target has no {}", fact.name)
        }
        FactKind::VirtualPackage => format!("the target has {}", fact.spec.trim_end_matches(" 0")),
        FactKind::MissingName if fact.name.is_empty() => match fact.spec.strip_suffix('@') {
            Some(feature) => format!("no package tracks the feature {feature}"),
            None => format!("{spec} names no package"),
        },
        FactKind::MissingName => format!("no channel has a package named {}", fact.name),
        FactKind::MissingVersion => format!("no record matches {spec}; {}", fact.exists),
    }
}

/// The tree, line by line.
struct Tree<'c> {
    conflict: &'c Conflict,
    /// Positions of the facts and of the groups about each name.
    about: FxHashMap<&'c str, (Vec<usize>, Vec<usize>)>,
    expanded: FxHashSet<&'c str>,
    lines: Vec<String>,
}

/// What a line of the tree says, and what stands below it.
enum Item<'c> {
    /// A sentence without anything below.
    Leaf(String),
    /// A sentence, and the package it asks for with the specs it asks for.
    Asks(String, &'c str, Vec<&'c str>),
}

impl<'c> Tree<'c> {
    fn of(conflict: &'c Conflict) -> Self {
        let mut about: FxHashMap<&str, (Vec<usize>, Vec<usize>)> = FxHashMap::default();
        for (at, fact) in conflict.facts.iter().enumerate() {
            about.entry(&fact.name).or_default().0.push(at);
        }
        for (at, group) in conflict.groups.iter().enumerate() {
            let name = &group.first(&conflict.facts).name;
            about.entry(name).or_default().1.push(at);
        }
        Tree {
            conflict,
            about,
            expanded: FxHashSet::default(),
            lines: Vec::new(),
        }
    }

    /// What the conflict says of a package that these specs ask for.
    fn below(&mut self, name: &'c str, specs: &[&'c str]) -> Vec<Item<'c>> {
        let mut items = Vec::new();
        let facts = &self.conflict.facts;
        let Some((about, own)) = self.about.get(name).cloned() else {
            return items;
        };
        let mut missing: Vec<&Fact> = Vec::new();
        let mut shown: FxHashSet<&str> = FxHashSet::default();
        for fact in about.into_iter().map(|at| &facts[at]) {
            let is_shown = match fact.kind {
                FactKind::MissingName => specs.contains(&fact.spec.as_str()),
                FactKind::MissingVersion => {
                    missing.extend(specs.contains(&fact.spec.as_str()).then_some(fact));
                    false
                }
                FactKind::VirtualPackage
                | FactKind::ChannelPriority
                | FactKind::Policy
                | FactKind::Unparsable => true,
                _ => false,
            };
            if is_shown && shown.insert(&fact.text) {
                items.push(Item::Leaf(fact.text.clone()));
            }
        }
        items.extend(none_match(&missing).into_iter().map(Item::Leaf));
        if own.is_empty() {
            return items;
        }
        if !self.expanded.insert(name) {
            // What is asked for stands at the top.
            let asked = |f: &Fact| {
                matches!(
                    f.kind,
                    FactKind::Request | FactKind::Earlier | FactKind::Frozen
                ) && f.name == name
            };
            if self.conflict.facts.iter().any(asked) {
                return items;
            }
            items.push(Item::Leaf(format!("{name}: see above")));
            return items;
        }
        for group in own.into_iter().map(|at| &self.conflict.groups[at]) {
            let text = group.text(facts);
            let first = group.first(facts);
            if first.kind == FactKind::Constrains {
                items.push(Item::Leaf(text));
            } else {
                items.push(Item::Asks(text, &first.target, group.specs(facts)));
            }
        }
        items
    }

    fn draw(&mut self, items: Vec<Item<'c>>, prefix: &str, depth: usize) {
        let count = items.len();
        for (i, item) in items.into_iter().enumerate() {
            let (branch, below) = if i + 1 == count {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            match item {
                Item::Leaf(text) => self.lines.push(format!("{prefix}{branch}{text}")),
                Item::Asks(text, name, specs) => {
                    self.lines.push(format!("{prefix}{branch}{text}"));
                    if depth < DEEPEST {
                        let items = self.below(name, &specs);
                        self.draw(items, &format!("{prefix}{below}"), depth + 1);
                    }
                }
            }
        }
    }
}

/// "no record matches lib <1 or >=3; the only version is 2": specs on one package, and what there is instead.
fn none_match(missing: &[&Fact]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (at, fact) in missing.iter().enumerate() {
        let alike = |other: &&&Fact| other.exists == fact.exists;
        if missing[..at].iter().any(|other| alike(&other)) {
            continue;
        }
        let specs: Vec<&str> = missing.iter().filter(alike).map(|f| &*f.spec).collect();
        out.push(match specs[..] {
            [_] => fact.text.clone(),
            _ => {
                let specs = union(&fact.name, &specs, true);
                format!("no record matches {specs}; {}", fact.exists)
            }
        });
    }
    out
}

impl Conflict {
    /// The facts as a tree that starts at the request, line by line.
    pub fn tree(&self) -> Vec<String> {
        let mut tree = Tree::of(self);
        let mut items = Vec::new();
        let mut limits = 0;
        for fact in &self.facts {
            match fact.kind {
                FactKind::Request | FactKind::Earlier | FactKind::Frozen => {
                    items.push(Item::Asks(fact.text.clone(), &fact.name, vec![&fact.spec]))
                }
                // Short, and often the culprit.
                FactKind::Pin | FactKind::Constraint => {
                    items.insert(limits, Item::Leaf(fact.text.clone()));
                    limits += 1;
                }
                _ => {}
            }
        }
        tree.draw(items, "", 0);
        tree.lines
    }

    /// The conflict for people: headline, tree, hints. At most a screenful, unless `verbose`.
    pub fn report(&self, hints: &[Hint], verbose: bool) -> String {
        let mut lines = vec![format!("no answer: {}", self.headline)];
        // Two facts are in the headline already.
        let tree = if self.facts.len() > 2 || verbose {
            self.tree()
        } else {
            Vec::new()
        };
        let shown = if verbose || tree.len() <= MOST_TREE {
            tree.len()
        } else {
            MOST_TREE - 1
        };
        lines.extend(tree[..shown].iter().cloned());
        if shown < tree.len() {
            lines.push(format!("… {} more lines", tree.len() - shown));
        }
        let most = if verbose { hints.len() } else { MOST_HINTS };
        let hints = hints.iter().filter(|hint| verbose || !hint.said);
        lines.extend(hints.take(most).map(|h| format!("hint: {}", h.text)));
        if verbose {
            lines.push("facts:".to_string());
            for fact in &self.facts {
                let count = match fact.records.len() {
                    0 => String::new(),
                    1 => " (1 record)".to_string(),
                    n => format!(" ({n} records)"),
                };
                lines.push(format!("  [{}] {}{count}", fact.kind.as_str(), fact.text));
            }
        }
        lines.join("\n")
    }
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.report(&self.hints_here(), false))
    }
}
