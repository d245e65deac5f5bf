//! The words of a conflict: a sentence a fact, and a tree. `docs/style-of-messages.md` is the guide.
//!
//! The tree starts at the request; facts about the same package that ask the same one for something are one line.

use conda::version::Version;
use rustc_hash::FxHashSet;

use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::spec_union::{names_a_build, plain, union};
use crate::explain::words::hints::Hint;

/// Most lines of the tree, unless everything is asked for.
const MOST_TREE: usize = 22;
/// Most hints, unless everything is asked for.
const MOST_HINTS: usize = 4;
/// Deepest nesting of the tree that is still legible.
const DEEPEST: usize = 24;

/// The package of a fact, with the extra that asks.
fn subject(fact: &Fact, ranges: &str) -> String {
    match &fact.extra {
        Some(extra) => named(&format!("{}[{extra}]", fact.name), ranges),
        None => named(&fact.name, ranges),
    }
}

fn named(name: &str, ranges: &str) -> String {
    if ranges.is_empty() {
        name.to_string()
    } else {
        format!("{name} {ranges}")
    }
}

/// The verb that goes with these versions: there may be more than one.
fn verb(ranges: &str, one: &'static str, more: &'static str) -> &'static str {
    if ranges.contains(' ') {
        more
    } else {
        one
    }
}

/// The sentence of a fact.
pub(crate) fn sentence(fact: &Fact) -> String {
    let subject = subject(fact, &fact.ranges);
    let spec = plain(&fact.spec);
    let is = verb(&fact.ranges, "is", "are");
    match fact.kind {
        FactKind::Request => format!("{spec} is requested"),
        FactKind::Constraint => format!("a constraint allows only {spec}"),
        FactKind::Pin => format!("a pin allows only {spec}"),
        FactKind::Frozen => format!("{spec} is installed and frozen"),
        FactKind::Dependency => format!(
            "{subject} {} {spec}",
            verb(&fact.ranges, "requires", "require")
        ),
        FactKind::Constrains => format!(
            "{subject} {} only {spec}",
            verb(&fact.ranges, "allows", "allow")
        ),
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
        FactKind::Unparsable => format!("the metadata of {subject} cannot be read"),
        FactKind::VirtualPackage if fact.spec.is_empty() => {
            format!("the target has no {}", fact.name)
        }
        FactKind::VirtualPackage => format!("the target has {}", fact.spec.trim_end_matches(" 0")),
        FactKind::MissingName => format!("no channel has a package named {}", fact.name),
        FactKind::MissingVersion => {
            let exist = match &fact.versions[..] {
                [only] => format!("the only version is {only}"),
                [new, .., old] => format!("versions run from {old} to {new}"),
                [] => String::new(),
            };
            format!("no record matches {spec}; {exist}")
        }
    }
}

/// Facts about the records of one package that ask the same package for something.
pub(crate) struct Group<'c> {
    pub facts: Vec<&'c Fact>,
    /// What is asked for leads back to the package that asks.
    cyclic: bool,
    /// Others ask for builds of the same package.
    builds_matter: bool,
}

impl<'c> Group<'c> {
    fn of(fact: &'c Fact, cyclic: bool) -> Self {
        Group {
            facts: vec![fact],
            cyclic,
            builds_matter: false,
        }
    }

    pub(crate) fn first(&self) -> &'c Fact {
        self.facts[0]
    }

    /// The versions that the facts speak for.
    fn ranges(&self) -> String {
        let first = self.first();
        if self.facts.len() == 1 {
            return first.ranges.clone();
        }
        let mut versions: Vec<&String> = self.facts.iter().flat_map(|f| &f.versions).collect();
        versions.sort_by_cached_key(|v| {
            Version::parse(v)
                .map(|v| v.key().to_vec())
                .unwrap_or_default()
        });
        versions.dedup();
        match &versions[..] {
            [] => String::new(),
            [only] => (*only).clone(),
            [old, new] => format!("{old} and {new}"),
            [old, .., new] => format!("{old} to {new}"),
        }
    }

    /// "python >=3.9,<3.12".
    pub(crate) fn demand(&self) -> String {
        let specs: Vec<&str> = self.facts.iter().map(|f| f.spec.as_str()).collect();
        union(&self.first().target, &specs, self.builds_matter)
    }

    fn text(&self) -> String {
        self.text_for("")
    }

    /// The sentence, with words behind the package.
    pub(crate) fn text_for(&self, aside: &str) -> String {
        let ranges = self.ranges();
        let verb = if self.first().kind == FactKind::Constrains {
            verb(&ranges, "allows only", "allow only")
        } else {
            verb(&ranges, "requires", "require")
        };
        format!(
            "{}{aside} {verb} {}",
            subject(self.first(), &ranges),
            self.demand()
        )
    }
}

/// One line of the tree.
struct Tree<'c> {
    conflict: &'c Conflict,
    groups: Vec<Group<'c>>,
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
        Tree {
            groups: groups(conflict),
            conflict,
            expanded: FxHashSet::default(),
            lines: Vec::new(),
        }
    }

    /// What the conflict says of a package that these specs ask for.
    fn below(&mut self, name: &'c str, specs: &[&'c str]) -> Vec<Item<'c>> {
        let mut items = Vec::new();
        let facts = || self.conflict.facts.iter().filter(|f| f.name == name);
        for fact in facts() {
            let told = match fact.kind {
                FactKind::MissingName | FactKind::MissingVersion => {
                    specs.contains(&fact.spec.as_str())
                }
                FactKind::VirtualPackage
                | FactKind::ChannelPriority
                | FactKind::Policy
                | FactKind::Unparsable => true,
                _ => false,
            };
            if told {
                items.push(Item::Leaf(fact.text.clone()));
            }
        }
        let own: Vec<usize> = (0..self.groups.len())
            .filter(|&i| self.groups[i].first().name == name)
            .collect();
        if own.is_empty() {
            return items;
        }
        if !self.expanded.insert(name) {
            // What is asked for stands at the top.
            let asked =
                |f: &Fact| matches!(f.kind, FactKind::Request | FactKind::Frozen) && f.name == name;
            if self.conflict.facts.iter().any(asked) {
                return items;
            }
            items.push(Item::Leaf(format!("{name}: see above")));
            return items;
        }
        for i in own {
            let group = &self.groups[i];
            let text = group.text();
            if group.first().kind == FactKind::Constrains {
                items.push(Item::Leaf(text));
            } else {
                let specs = group.facts.iter().map(|f| f.spec.as_str()).collect();
                items.push(Item::Asks(text, &group.facts[0].target, specs));
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

pub(crate) fn groups(conflict: &Conflict) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for fact in &conflict.facts {
        if !matches!(fact.kind, FactKind::Dependency | FactKind::Constrains) {
            continue;
        }
        let alike = |g: &&mut Group<'_>| {
            let first = g.first();
            (first.kind, &first.name, &first.extra, &first.target)
                == (fact.kind, &fact.name, &fact.extra, &fact.target)
        };
        match groups.iter_mut().find(alike) {
            // Where packages need each other, it matters which version needs which.
            Some(group) if group.cyclic => groups.push(Group::of(fact, true)),
            Some(group) => group.facts.push(fact),
            None => groups.push(Group::of(fact, is_cyclic(conflict, fact))),
        }
    }
    for group in &mut groups {
        let first = group.first();
        let (kind, name, target) = (first.kind, &first.name, &first.target);
        let other = |f: &&Fact| (f.kind, &f.name) != (kind, name) && f.target == *target;
        let mut others = conflict.facts.iter().filter(other);
        group.builds_matter = others.any(|f| names_a_build(target, &f.spec));
    }
    groups
}

/// Whether what a dependency asks for leads back to the package that asks.
fn is_cyclic(conflict: &Conflict, fact: &Fact) -> bool {
    let mut reached: Vec<&str> = vec![&fact.target];
    let mut next = 0;
    while next < reached.len() {
        let name = reached[next];
        next += 1;
        if name == fact.name {
            return true;
        }
        for other in &conflict.facts {
            let leads = other.kind == FactKind::Dependency && other.name == name;
            if leads && !reached.contains(&other.target.as_str()) {
                reached.push(&other.target);
            }
        }
    }
    false
}

impl Conflict {
    /// The facts as a tree that starts at the request, line by line.
    pub fn tree(&self) -> Vec<String> {
        let mut tree = Tree::of(self);
        let mut items = Vec::new();
        let mut limits = 0;
        for fact in &self.facts {
            match fact.kind {
                FactKind::Request | FactKind::Frozen => {
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
        let mut lines = vec![format!("no answer: {}", self.headline())];
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
        lines.extend(hints.iter().take(most).map(|h| format!("hint: {}", h.text)));
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
