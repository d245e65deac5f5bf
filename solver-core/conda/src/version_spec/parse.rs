//! The parser of version specs: tokens, grammar, and what each clause means.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::program::Compiled;
use super::set::KeySet;
use super::{MAX_VERSION_SPEC_DEPTH, MAX_VERSION_SPEC_LENGTH};
use crate::pattern;
use crate::version::{encode_version, key, VersionError};

/// A version spec that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSpecError {
    text: String,
    span: Range<usize>,
    reason: Cow<'static, str>,
}

impl VersionSpecError {
    /// The offending bytes of the spec.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong, without the spec.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for VersionSpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid version spec {:?}: {} (at position {})",
            self.text,
            self.reason,
            self.span.start + 1
        )
    }
}

impl std::error::Error for VersionSpecError {}

/// How tightly an expression's outermost operator binds; an OR inside an AND is printed in parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Or,
    Other,
}

struct Expression {
    text: String,
    shape: Shape,
    compiled: Compiled,
}

/// Canonical text and meaning of a spec.
pub(super) fn parse(text: &str) -> Result<(String, Compiled), VersionSpecError> {
    let mut parser = Parser {
        text,
        tokens: Vec::new(),
        at: 0,
    };
    if text.len() > MAX_VERSION_SPEC_LENGTH {
        let span = MAX_VERSION_SPEC_LENGTH..text.len();
        return Err(parser.error(span, "it is longer than 65536 bytes"));
    }
    parser.tokenize()?;
    let expression = parser.or(0)?;
    match parser.peek() {
        None => Ok((expression.text, expression.compiled)),
        Some(Token { span, .. }) => Err(parser.error(span, "')' without '('")),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenKind {
    Open,
    Close,
    And,
    Or,
    Clause,
}

#[derive(Clone)]
struct Token {
    kind: TokenKind,
    span: Range<usize>,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl Parser<'_> {
    fn error(&self, span: Range<usize>, reason: impl Into<Cow<'static, str>>) -> VersionSpecError {
        VersionSpecError {
            text: crate::version::shorten(self.text, 80),
            span,
            reason: reason.into(),
        }
    }

    /// Cuts the text at `( ) | ,`; a regular expression runs from `^` to the first `$` and may contain all of them.
    fn tokenize(&mut self) -> Result<(), VersionSpecError> {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            let kind = match bytes[at] {
                b'(' => TokenKind::Open,
                b')' => TokenKind::Close,
                b',' => TokenKind::And,
                b'|' => TokenKind::Or,
                byte if byte.is_ascii_whitespace() => {
                    at += 1;
                    continue;
                }
                b'^' => {
                    match bytes[at..].iter().position(|&byte| byte == b'$') {
                        Some(length) => at += length,
                        None => {
                            return Err(self.error(
                                at..bytes.len(),
                                "a regular expression must begin with '^' and end with '$'",
                            ))
                        }
                    }
                    TokenKind::Clause
                }
                _ => {
                    let length = bytes[at..]
                        .iter()
                        .position(|byte| matches!(byte, b'(' | b')' | b',' | b'|' | b'^'))
                        .unwrap_or(bytes.len() - at);
                    at += self.text[at..at + length].trim_ascii_end().len() - 1;
                    TokenKind::Clause
                }
            };
            at += 1;
            self.tokens.push(Token {
                kind,
                span: start..at,
            });
        }
        Ok(())
    }

    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).cloned()
    }

    fn take(&mut self, kind: TokenKind) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|t| t.kind == kind);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self, depth: usize) -> Result<Expression, VersionSpecError> {
        let mut members = vec![self.and(depth)?];
        while self.take(TokenKind::Or) {
            members.push(self.and(depth)?);
        }
        Ok(join(members, false))
    }

    fn and(&mut self, depth: usize) -> Result<Expression, VersionSpecError> {
        let mut members = vec![self.atom(depth)?];
        while self.take(TokenKind::And) {
            members.push(self.atom(depth)?);
        }
        Ok(join(members, true))
    }

    fn atom(&mut self, depth: usize) -> Result<Expression, VersionSpecError> {
        let end = self.text.len();
        let Some(Token { kind, span }) = self.peek() else {
            let reason = if self.tokens.is_empty() {
                "it is empty"
            } else {
                "a condition is missing at the end"
            };
            return Err(self.error(end..end, reason));
        };
        match kind {
            TokenKind::Open => {
                if depth == MAX_VERSION_SPEC_DEPTH {
                    return Err(self.error(span, "parentheses nest too deeply"));
                }
                self.at += 1;
                let inner = self.or(depth + 1)?;
                if self.take(TokenKind::Close) {
                    return Ok(inner);
                }
                match self.peek() {
                    None => Err(self.error(span, "'(' without ')'")),
                    Some(next) => Err(self.error(next.span, "',' or '|' is missing here")),
                }
            }
            TokenKind::Clause => {
                self.at += 1;
                if let Some(next) = self.peek() {
                    if matches!(next.kind, TokenKind::Open | TokenKind::Clause) {
                        return Err(self.error(next.span, "',' or '|' is missing here"));
                    }
                }
                self.clause(span)
            }
            TokenKind::Close => Err(self.error(span, "a condition is missing before ')'")),
            TokenKind::And | TokenKind::Or => Err(self.error(span, "a condition is missing here")),
        }
    }

    /// One condition.
    fn clause(&self, span: Range<usize>) -> Result<Expression, VersionSpecError> {
        let text = &self.text[span.clone()];
        if text.starts_with('^') {
            pattern::check_regex(text).map_err(|reason| self.error(span, reason))?;
            return Ok(expression(text, Compiled::regex(text)));
        }
        let (operator, literal) = Operator::split(text);
        let start = span.end - literal.len();
        if operator != Operator::None && literal.starts_with(['=', '<', '>', '!', '~']) {
            return Err(self.error(span, format!("there is no operator like in {text:?}")));
        }
        if literal.is_empty() {
            return Err(self.error(span, "a version is missing behind the operator"));
        }
        if literal.starts_with(|c: char| c.is_ascii_whitespace()) {
            return Err(self.error(
                start..start + 1,
                "no space may stand between operator and version",
            ));
        }
        let sign = |c| matches!(c, '<' | '>' | '=' | '~');
        if let Some(at) = literal.find("!=").or_else(|| literal.find(sign)) {
            let at = start + at.min(literal.find(sign).unwrap_or(at));
            let reason = format!("',' is missing before '{}'", &self.text[at..span.end]);
            return Err(self.error(at..span.end, reason));
        }
        if operator == Operator::None && literal.bytes().all(|byte| byte == b'*') {
            if literal.len() > 1 {
                return Err(self.error(span, "one '*' is enough"));
            }
            return Ok(expression("*", Compiled::Set(KeySet::all())));
        }
        if operator == Operator::None && literal.trim_end_matches('*').contains('*') {
            return self.glob(literal, start);
        }
        // What is left of a star can only be at the end.
        let (base, starred) = match strip_star(literal) {
            Some(base) => (base, true),
            None => (literal, false),
        };
        if let Some(at) = base.find('*') {
            let at = start + at;
            let reason = if operator == Operator::None {
                "one '*' is enough"
            } else {
                "behind an operator '*' can only stand at the end"
            };
            return Err(self.error(at..at + 1, reason));
        }
        if base.is_empty() {
            return match operator {
                Operator::Equal | Operator::Exact | Operator::AtLeast | Operator::AtMost => {
                    Ok(expression("*", Compiled::Set(KeySet::all())))
                }
                _ => Err(self.error(span, "this operator needs a version instead of '*'")),
            };
        }
        let star = match (starred, literal[base.len()..].starts_with('.')) {
            (false, _) => Star::None,
            (true, true) => Star::Dot,
            (true, false) => Star::Bare,
        };
        self.comparison(operator, base, star, start)
    }

    fn glob(&self, literal: &str, start: usize) -> Result<Expression, VersionSpecError> {
        let bad = literal
            .char_indices()
            .find(|(_, c)| !(c.is_ascii_alphanumeric() || ".+!_-*".contains(*c)));
        if let Some((at, c)) = bad {
            let at = start + at;
            return Err(self.error(
                at..at + c.len_utf8(),
                "a character that versions cannot have",
            ));
        }
        if literal.contains("**") {
            return Err(self.error(start..start + literal.len(), "one '*' is enough"));
        }
        Ok(expression(literal, Compiled::glob(literal)))
    }

    fn comparison(
        &self,
        operator: Operator,
        base: &str,
        star: Star,
        start: usize,
    ) -> Result<Expression, VersionSpecError> {
        let refuse = |error: VersionError| {
            let span = error.span();
            self.error(
                start + span.start..start + span.end,
                format!("{base:?} is no version: {}", error.reason()),
            )
        };
        let key = || {
            let mut key = Vec::new();
            encode_version(base, &mut key).map(|()| key).map_err(refuse)
        };
        let starred = star != Star::None;
        // Nobody lets `=1.1a*` match `1.1alpha`, while `=1.1a` and `1.1a*` do.
        let ends_in_word = base.ends_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let whole_words = star == Star::Bare && operator != Operator::None && ends_in_word;
        let starts_with = |prefix: &str| {
            let (mut low, mut high) = (Vec::new(), Vec::new());
            key::encode_prefix(prefix, whole_words, &mut low, &mut high)
                .map(|()| KeySet::between(&low, &high))
                .map_err(refuse)
        };
        let (text, set) = match operator {
            Operator::None if starred => (format!("{base}.*"), starts_with(base)?),
            Operator::None => (base.to_owned(), KeySet::only(&key()?)),
            Operator::Exact => (format!("=={base}"), KeySet::only(&key()?)),
            Operator::Equal if whole_words => (format!("={base}*"), starts_with(base)?),
            Operator::Equal => (format!("={base}"), starts_with(base)?),
            Operator::NotEqual if starred => {
                let tail = if whole_words { "*" } else { ".*" };
                (format!("!={base}{tail}"), starts_with(base)?.complement())
            }
            Operator::NotEqual => (format!("!={base}"), KeySet::only(&key()?).complement()),
            Operator::Less => (format!("<{base}"), KeySet::below(&key()?)),
            Operator::AtMost => (format!("<={base}"), KeySet::up_to(&key()?)),
            Operator::Greater => (format!(">{base}"), KeySet::up_to(&key()?).complement()),
            Operator::AtLeast => (format!(">={base}"), KeySet::below(&key()?).complement()),
            Operator::Compatible => {
                let span = start..start + base.len();
                if starred {
                    return Err(self.error(span, "'~=' takes a version without '*'"));
                }
                let least = KeySet::below(&key()?).complement();
                // A version of one segment has no series to stay in: whatever is not lower is compatible.
                let set = match base.rsplit_once('.') {
                    Some((series, _)) => KeySet::join(vec![least, starts_with(series)?], true),
                    None => least,
                };
                (format!("~={base}"), set)
            }
        };
        Ok(Expression {
            text,
            shape: Shape::Other,
            compiled: Compiled::Set(set),
        })
    }
}

fn expression(text: &str, compiled: Compiled) -> Expression {
    Expression {
        text: text.to_owned(),
        shape: Shape::Other,
        compiled,
    }
}

fn join(mut members: Vec<Expression>, all: bool) -> Expression {
    if members.len() == 1 {
        if let Some(only) = members.pop() {
            return only;
        }
    }
    let mut text = String::new();
    let mut parts = Vec::with_capacity(members.len());
    for member in members {
        if !text.is_empty() {
            text.push(if all { ',' } else { '|' });
        }
        if all && member.shape == Shape::Or {
            text.push('(');
            text.push_str(&member.text);
            text.push(')');
        } else {
            text.push_str(&member.text);
        }
        parts.push(member.compiled);
    }
    Expression {
        text,
        shape: if all { Shape::Other } else { Shape::Or },
        compiled: Compiled::join(parts, all),
    }
}

/// A literal without its final `*` or `.*` (repeated `.*` too); `None` if it has none.
fn strip_star(literal: &str) -> Option<&str> {
    let mut base = literal.strip_suffix('*')?;
    base = base.strip_suffix('.').unwrap_or(base);
    while let Some(shorter) = base.strip_suffix(".*") {
        base = shorter;
    }
    Some(base)
}

/// How a literal ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Star {
    None,
    /// `.*`
    Dot,
    /// `*` without a dot before it.
    Bare,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    None,
    Exact,
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Compatible,
}

impl Operator {
    const TWO: [(&'static str, Operator); 8] = [
        ("==", Operator::Exact),
        ("!=", Operator::NotEqual),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("~=", Operator::Compatible),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("=", Operator::Equal),
    ];

    fn split(clause: &str) -> (Operator, &str) {
        Operator::TWO
            .iter()
            .find_map(|(sign, operator)| Some((*operator, clause.strip_prefix(sign)?)))
            .unwrap_or((Operator::None, clause))
    }
}
