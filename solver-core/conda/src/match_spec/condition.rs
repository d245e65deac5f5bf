//! Conditions of dependencies: `[when="python <3.11 and (__win or __osx)"]` (CEP 43).
//!
//! ```text
//! cond := and ( "or" and )*            "and" binds tighter than "or"
//! and  := prim ( "and" prim )*
//! prim := "(" cond ")" | matchspec     without a `when` of its own
//! ```
//!
//! `and` and `or` are words of the language only outside brackets, quotes and parentheses of a match spec. The CEP
//! forbids spaces inside a positional spec; they are accepted here (`python >=3.8`), but not written.

use std::fmt;

use super::{parse, MatchSpec};

/// How deep parentheses of a condition may nest.
const MAX_DEPTH: usize = 64;

/// A condition over the solution as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Some package of the solution, or virtual package of the target, matches.
    Leaf(Box<MatchSpec>),
    /// All hold; two or more.
    And(Vec<Condition>),
    /// At least one holds; two or more.
    Or(Vec<Condition>),
}

impl Condition {
    /// Reads a condition.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text };
        let condition = parser.or(0)?;
        if parser.rest.trim_start().is_empty() {
            Ok(condition)
        } else {
            Err("the condition has ')' without '('".to_owned())
        }
    }

    /// Whether the condition holds, if `leaf` says which match specs are met.
    pub fn holds(&self, leaf: &mut dyn FnMut(&MatchSpec) -> bool) -> bool {
        match self {
            Condition::Leaf(spec) => leaf(spec),
            Condition::And(members) => members.iter().all(|member| member.holds(leaf)),
            Condition::Or(members) => members.iter().any(|member| member.holds(leaf)),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (members, word) = match self {
            Condition::Leaf(spec) => return f.write_str(&spec.compact()),
            Condition::And(members) => (members, " and "),
            Condition::Or(members) => (members, " or "),
        };
        for (position, member) in members.iter().enumerate() {
            if position > 0 {
                f.write_str(word)?;
            }
            match (self, member) {
                (Condition::And(_), Condition::Or(_)) => write!(f, "({member})")?,
                _ => member.fmt(f)?,
            }
        }
        Ok(())
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn or(&mut self, depth: usize) -> Result<Condition, String> {
        let mut members = Vec::new();
        loop {
            // Members of the same kind are flattened, so that equal conditions have one form.
            match self.and(depth)? {
                Condition::Or(inner) => members.extend(inner),
                member => members.push(member),
            }
            if !self.word("or") {
                return Ok(join(members, Condition::Or));
            }
        }
    }

    fn and(&mut self, depth: usize) -> Result<Condition, String> {
        let mut members = Vec::new();
        loop {
            match self.prim(depth)? {
                Condition::And(inner) => members.extend(inner),
                member => members.push(member),
            }
            if !self.word("and") {
                return Ok(join(members, Condition::And));
            }
        }
    }

    fn prim(&mut self, depth: usize) -> Result<Condition, String> {
        self.rest = self.rest.trim_start();
        if let Some(inner) = self.rest.strip_prefix('(') {
            if depth == MAX_DEPTH {
                return Err("parentheses of the condition nest too deeply".to_owned());
            }
            self.rest = inner;
            let condition = self.or(depth + 1)?;
            self.rest = self.rest.trim_start();
            return match self.rest.strip_prefix(')') {
                Some(behind) => {
                    self.rest = behind;
                    let next = behind.trim_start();
                    if next.is_empty() || next.starts_with(')') || starts_with_word(next) {
                        Ok(condition)
                    } else {
                        Err("'and' or 'or' is missing behind ')' in the condition".to_owned())
                    }
                }
                None => Err("'(' without ')' in the condition".to_owned()),
            };
        }
        let leaf = self.leaf();
        if leaf.is_empty() {
            return Err("a match spec is missing in the condition".to_owned());
        }
        let spec = parse::leaf(leaf).map_err(|error| {
            let leaf = crate::version::shorten(leaf, 60);
            format!("in the condition, {leaf:?}: {}", error.reason())
        })?;
        Ok(Condition::Leaf(Box::new(spec)))
    }

    /// Takes a whole word, if it comes next.
    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(word).filter(|behind| ends_word(behind));
        if let Some(behind) = found {
            self.rest = behind;
        }
        found.is_some()
    }

    /// Takes the text of a match spec: up to a word of the language or a `)` that closes more than it opened.
    fn leaf(&mut self) -> &'a str {
        let bytes = self.rest.as_bytes();
        let (mut brackets, mut parentheses) = (0_usize, 0_usize);
        let mut quote = None;
        let mut after_space = true;
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            match quote {
                Some(_) if byte == b'\\' => at += 1,
                Some(open) => {
                    if byte == open {
                        quote = None;
                    }
                }
                None => match byte {
                    b'\'' | b'"' if brackets > 0 => quote = Some(byte),
                    b'[' => brackets += 1,
                    b']' => brackets = brackets.saturating_sub(1),
                    b'(' if brackets == 0 => parentheses += 1,
                    b')' if brackets == 0 => {
                        if parentheses == 0 {
                            break;
                        }
                        parentheses -= 1;
                    }
                    b'a' | b'o'
                        if after_space
                            && brackets == 0
                            && parentheses == 0
                            && starts_with_word(&self.rest[at..]) =>
                    {
                        break;
                    }
                    _ => {}
                },
            }
            after_space = byte == b' ' || byte == b']';
            at += 1;
        }
        let mut at = at.min(bytes.len());
        while !self.rest.is_char_boundary(at) {
            at += 1;
        }
        let (leaf, rest) = self.rest.split_at(at);
        self.rest = rest;
        leaf.trim_end()
    }
}

fn join(mut members: Vec<Condition>, make: fn(Vec<Condition>) -> Condition) -> Condition {
    if members.len() == 1 {
        if let Some(only) = members.pop() {
            return only;
        }
    }
    make(members)
}

fn starts_with_word(text: &str) -> bool {
    ["and", "or"]
        .iter()
        .any(|word| text.strip_prefix(word).is_some_and(ends_word))
}

/// Whether a word can end before this text.
fn ends_word(behind: &str) -> bool {
    behind.is_empty() || behind.starts_with([' ', '(', ')'])
}
