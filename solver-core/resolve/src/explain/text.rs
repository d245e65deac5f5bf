//! The words of a conflict: a sentence a fact, a headline, a tree. `docs/style-of-messages.md` is the guide.
//!
//! The headline names the culprit: the package on which two demands meet, or else what is missing. The tree
//! starts at the request; facts about the same records and the same package are one line, as alternatives.

use conda::version::Version;
use rustc_hash::FxHashSet;

use super::facts::{Conflict, Fact, FactKind};
use super::hints::Hint;

/// Most alternatives written out in one line.
const MOST_ALTERNATIVES: usize = 3;
/// Most lines of the tree, unless everything is asked for.
const MOST_TREE: usize = 22;
/// Most hints, unless everything is asked for.
const MOST_HINTS: usize = 4;
/// Longest spec that is written out in full, in characters.
const LONGEST_SPEC: usize = 60;
/// Deepest nesting of the tree that is still legible.
const DEEPEST: usize = 24;

/// A spec as people write it: conda's upper bounds end in `.0a0` to keep pre-releases out, which says nothing new here.
pub(super) fn plain(spec: &str) -> String {
    if spec.chars().count() > LONGEST_SPEC {
        let head: String = spec.chars().take(LONGEST_SPEC - 1).collect();
        return format!("{head}…");
    }
    spec.split(',')
        .map(|term| match term.split_once('<') {
            Some((_, bound)) if !bound.starts_with('=') => {
                term.strip_suffix(".0a0").unwrap_or(term)
            }
            _ => term,
        })
        .collect::<Vec<&str>>()
        .join(",")
}

/// The spec without its name.
fn bare<'s>(spec: &'s str, name: &str) -> &'s str {
    spec.strip_prefix(name).map_or(spec, str::trim_start)
}

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

/// Orders texts as people count: 2 before 10.
fn natural(text: &str) -> Vec<(u64, String)> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let words = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(words);
        let digits = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        out.push((tail[..digits].parse().unwrap_or(u64::MAX), word.to_string()));
        rest = &tail[digits..];
    }
    out
}

/// The sentence of a fact.
pub(super) fn sentence(fact: &Fact) -> String {
    let subject = subject(fact, &fact.ranges);
    let spec = plain(&fact.spec);
    let is = verb(&fact.ranges, "is", "are");
    match fact.kind {
        FactKind::Request => format!("{spec} is requested"),
        FactKind::Constraint => format!("a constraint allows only {spec}"),
        FactKind::Pin => format!("a pin allows only {spec}"),
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
            Some("deny") => format!("{subject} {is} on the deny list"),
            Some("license") => format!("the licence of {subject} is not allowed"),
            _ => format!("{subject} {is} newer than the cut-off"),
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
struct Group<'c> {
    facts: Vec<&'c Fact>,
}

impl Group<'_> {
    fn first(&self) -> &Fact {
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

    /// "python >=3.9,<3.10, >=3.10,<3.11 or >=3.11,<3.12".
    fn demand(&self) -> String {
        let first = self.first();
        let mut words: Vec<String> = Vec::new();
        for fact in &self.facts {
            let text = plain(if words.is_empty() {
                &fact.spec
            } else {
                bare(&fact.spec, &fact.target)
            });
            words.push(if text.is_empty() {
                first.target.clone()
            } else {
                text
            });
        }
        let more = words.len().saturating_sub(MOST_ALTERNATIVES);
        if more > 1 {
            words.truncate(MOST_ALTERNATIVES);
            return format!(
                "{} or {more} others, depending on the record",
                words.join(" or ")
            );
        }
        words.join(" or ")
    }

    fn text(&self) -> String {
        let ranges = self.ranges();
        let verb = if self.first().kind == FactKind::Constrains {
            verb(&ranges, "allows only", "allow only")
        } else {
            verb(&ranges, "requires", "require")
        };
        format!(
            "{} {verb} {}",
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

fn groups(conflict: &Conflict) -> Vec<Group<'_>> {
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
            Some(group) => group.facts.push(fact),
            None => groups.push(Group { facts: vec![fact] }),
        }
    }
    for group in &mut groups {
        group.facts.sort_by_cached_key(|f| natural(&f.spec));
    }
    groups
}

/// Whether facts of this kind say why something cannot be had at all.
fn is_end(kind: FactKind) -> bool {
    use FactKind::{
        ChannelPriority, MissingName, MissingVersion, Policy, Unparsable, VirtualPackage,
    };
    matches!(
        kind,
        MissingName | MissingVersion | VirtualPackage | ChannelPriority | Policy | Unparsable
    )
}

impl Conflict {
    /// The culprit in one sentence.
    pub fn headline(&self) -> String {
        let groups = groups(self);
        let of_request = |f: &&Fact| {
            matches!(
                f.kind,
                FactKind::Request | FactKind::Pin | FactKind::Constraint
            )
        };
        let mut names: Vec<&str> = Vec::new();
        for fact in &self.facts {
            if !fact.target.is_empty() && !names.contains(&fact.target.as_str()) {
                names.push(&fact.target);
            }
        }
        // Demands on each name, those of the request first.
        let demands = |name: &str| -> Vec<String> {
            let asked = self
                .facts
                .iter()
                .filter(of_request)
                .filter(|f| f.target == name)
                .map(|f| f.text.clone());
            // A mere name is no demand worth telling beside others.
            let narrow = self
                .facts
                .iter()
                .filter(of_request)
                .filter(|f| f.target == name && f.spec != name)
                .count();
            let asked = asked.filter(|text| narrow < 2 || *text != format!("{name} is requested"));
            let required = groups
                .iter()
                .filter(|g| g.first().target == name)
                .map(Group::text);
            asked.chain(required).collect()
        };
        let asked_for = |name: &str| {
            self.facts
                .iter()
                .filter(of_request)
                .any(|f| f.target == name)
        };
        // Where demands meet, nothing further is asked: a package that asks for more is on the way to the culprit.
        let passes_on = |name: &str| groups.iter().any(|g| g.first().name == name);
        let mut best: Option<(&str, Vec<String>)> = None;
        for &name in names.iter().filter(|name| !passes_on(name)) {
            let found = demands(name);
            if found.len() < 2 {
                continue;
            }
            let better = best.as_ref().is_none_or(|(old, list)| {
                (asked_for(name), found.len()) > (asked_for(old), list.len())
            });
            if better {
                best = Some((name, found));
            }
        }
        let end = self.facts.iter().find(|f| is_end(f.kind));
        let clash = best.filter(|(name, _)| end.is_none_or(|end| end.name != *name));
        let clash = clash.or_else(|| match end {
            Some(_) => None,
            None => names
                .iter()
                .map(|name| (*name, demands(name)))
                .find(|(_, found)| found.len() > 1),
        });
        if let Some((name, found)) = clash {
            let more = match found.len() - 2 {
                0 => String::new(),
                1 => format!(" (and one more demand on {name})"),
                n => format!(" (and {n} more demands on {name})"),
            };
            return format!("{}, but {}{more}", found[0], found[1]);
        }
        if let Some(end) = end {
            let asked = demands(&end.name);
            return match asked.last() {
                Some(asked) => format!("{asked}, but {}", end.text),
                None => end.text.clone(),
            };
        }
        match &self.facts[..] {
            [] => "no set of packages satisfies the request".to_string(),
            [only] => only.text.clone(),
            [first, .., last] => format!("{}, but {}", first.text, last.text),
        }
    }

    /// The facts as a tree that starts at the request, line by line.
    pub fn tree(&self) -> Vec<String> {
        let mut tree = Tree::of(self);
        let mut items = Vec::new();
        for fact in &self.facts {
            match fact.kind {
                FactKind::Request => {
                    items.push(Item::Asks(fact.text.clone(), &fact.name, vec![&fact.spec]))
                }
                FactKind::Pin | FactKind::Constraint => items.push(Item::Leaf(fact.text.clone())),
                _ => {}
            }
        }
        tree.draw(items, "", 0);
        tree.lines
    }

    /// The conflict for people: headline, tree, hints. At most a screenful, unless `verbose`.
    pub fn report(&self, hints: &[Hint], verbose: bool) -> String {
        let mut lines = vec![format!("no answer: {}", self.headline())];
        let tree = self.tree();
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
        f.write_str(&self.report(&self.hints(), false))
    }
}
