//! The outer form of a spec: comment, brackets, channel, name; the rest is cut by `positional`.

use super::brackets::{self, Pair, Value};
use super::channel::ChannelMatcher;
use super::condition::Condition;
use super::error::{MatchSpecError, Source};
use super::fields::{self, BuildNumberSpec, FlagPattern};
use super::positional::{self, VersionProblem};
use super::{foreign, name, MatchSpec, Remark, MAX_MATCH_SPEC_LENGTH};
use crate::channel::Channel;
use crate::pattern::StringMatcher;
use crate::version_spec::VersionSpec;

/// Reads a spec.
pub(super) fn spec(text: &str) -> Result<MatchSpec, MatchSpecError> {
    parse(text, true)
}

/// Reads a spec of a condition, which cannot have a condition itself.
pub(super) fn leaf(text: &str) -> Result<MatchSpec, MatchSpecError> {
    parse(text, false)
}

fn parse(text: &str, may_have_condition: bool) -> Result<MatchSpec, MatchSpecError> {
    let source = Source { text };
    if text.len() > MAX_MATCH_SPEC_LENGTH {
        return Err(source.error("", "it is longer than 65536 bytes"));
    }
    let parser = Parser {
        source,
        may_have_condition,
    };
    let trimmed = text.trim();
    if let Some((at, c)) = trimmed.char_indices().find(|(_, c)| c.is_control()) {
        let reason = "control characters, such as tabs and line ends, cannot be part of it";
        return Err(source.error(&trimmed[at..at + c.len_utf8()], reason));
    }
    parser.run(trimmed)
}

/// Whether a text ends like the file of a package.
pub(super) fn ends_like_a_package(text: &str) -> bool {
    text.ends_with(".conda") || text.ends_with(".tar.bz2")
}

struct Parser<'a> {
    source: Source<'a>,
    may_have_condition: bool,
}

impl<'a> Parser<'a> {
    fn error(&self, part: &str, reason: impl Into<String>) -> MatchSpecError {
        self.source.error(part, reason)
    }

    fn run(&self, text: &'a str) -> Result<MatchSpec, MatchSpecError> {
        if let Some((part, reason)) = foreign::of_another_language(text) {
            return Err(self.error(part, reason));
        }
        // A `#` inside brackets is part of a value.
        let end = text.find(['[', '#']).unwrap_or(text.len());
        let (before, rest) = text.split_at(end);
        let before = before.trim();
        if before.is_empty() {
            return Err(self.error(
                before,
                if rest.starts_with('[') {
                    "a package name must stand before the brackets ('*' for any)"
                } else {
                    "it is empty"
                },
            ));
        }
        if !rest.starts_with('[') {
            if let Some(feature) = before.strip_suffix('@') {
                return self.feature(feature);
            }
            if ends_like_a_package(before) {
                let mut spec = self.package_file(before)?;
                self.checksum(&mut spec, before, rest)?;
                return Ok(spec);
            }
        }
        let mut pairs = Vec::new();
        if rest.starts_with('[') {
            let behind;
            (pairs, behind) = brackets::parse(self.source, rest)?;
            let behind = behind.trim_start();
            if behind.starts_with('[') {
                return Err(self.error(behind, "only one pair of brackets is possible"));
            }
            if !behind.is_empty() && !behind.starts_with('#') {
                return Err(self.error(behind, "nothing can follow the brackets"));
            }
        }
        let (channel, body) = self.split_channel(without_options(before))?;
        let mut spec = self.body(body)?;
        if let Some(channel) = channel {
            (spec.channel, spec.subdir) = self.channel(channel, channel)?;
        }
        self.merge(&mut spec, &pairs)?;
        Ok(spec)
    }

    /// What stands behind the URL or path of a package: `#md5`, `#sha256` or `#sha256:…` (CEP 23), or a comment.
    fn checksum(
        &self,
        spec: &mut MatchSpec,
        before: &'a str,
        rest: &'a str,
    ) -> Result<(), MatchSpecError> {
        // `before` is trimmed: where it does not reach `rest`, a blank makes a comment of this.
        let adjacent = self.source.span(before).end == self.source.span(rest).start;
        let Some(text) = rest.strip_prefix('#').filter(|_| adjacent) else {
            return Ok(());
        };
        let (word, behind) = text.split_at(text.find(' ').unwrap_or(text.len()));
        let behind = behind.trim_start();
        if !behind.is_empty() && !behind.starts_with('#') {
            return Err(self.error(behind, "nothing can follow the checksum"));
        }
        let (kind, digits) = match word.split_once(':') {
            Some((kind, digits)) => (kind, digits),
            None if word.len() == 64 => ("sha256", word),
            None => ("md5", word),
        };
        let wrong = |_| {
            let reason = "behind '#' a URL has its md5 (32 hexadecimal digits) or its sha256 (64)";
            self.error(word, reason)
        };
        match kind {
            "md5" => spec.md5 = Some(fields::hash(digits, 32).map_err(wrong)?),
            "sha256" => spec.sha256 = Some(fields::hash(digits, 64).map_err(wrong)?),
            _ => return Err(wrong(String::new())),
        }
        Ok(())
    }

    /// `feat@`: any package that tracks the feature (conda's old way to ask for one).
    fn feature(&self, feature: &'a str) -> Result<MatchSpec, MatchSpecError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+');
        if feature.is_empty() || !feature.chars().all(legal) {
            return Err(self.error(feature, "one feature must stand before '@'"));
        }
        let mut spec = self.any_name()?;
        spec.track_features = Some(vec![feature.to_owned()]);
        Ok(spec)
    }

    fn any_name(&self) -> Result<MatchSpec, MatchSpecError> {
        let name = name::parse("*").map_err(|reason| self.error("", reason))?;
        Ok(MatchSpec::of_name(name))
    }

    /// The URL or path of one package.
    fn package_file(&self, text: &'a str) -> Result<MatchSpec, MatchSpecError> {
        if text.contains("::") {
            let reason = "a file cannot follow a channel; write its URL, or name[fn=…]";
            return Err(self.error(text, reason));
        }
        let (directory, file) = match text.rfind(['/', '\\']) {
            Some(at) => text.split_at(at + 1),
            None => ("./", text),
        };
        let channel = Channel::parse(match directory {
            "/" => "/.",
            directory
                if directory.contains(':') || directory.starts_with(['/', '.', '~', '\\']) =>
            {
                directory
            }
            _ => return self.package_file_below(directory, file),
        })
        .map_err(|error| self.error(text, error.reason()))?;
        self.package_of(&channel, text, file)
    }

    /// The same with a path relative to the working directory that does not begin with a dot.
    fn package_file_below(
        &self,
        directory: &str,
        file: &'a str,
    ) -> Result<MatchSpec, MatchSpecError> {
        let channel = Channel::parse(&format!("./{directory}"))
            .map_err(|error| self.error(file, error.reason()))?;
        self.package_of(&channel, "", file)
    }

    fn package_of(
        &self,
        channel: &Channel,
        text: &str,
        file: &'a str,
    ) -> Result<MatchSpec, MatchSpecError> {
        let place = match channel.subdir() {
            Some(subdir) => channel.subdir_url(subdir),
            None => channel.base_url().to_owned(),
        };
        // A URL stays as it was written, but for credentials, which no record has.
        let url =
            if text.contains("://") && !text.starts_with("file:") && !channel.has_credentials() {
                text.to_owned()
            } else {
                format!("{}/{file}", place.trim_end_matches('/'))
            };
        let mut spec = self.any_name()?;
        if let Some(subdir) = channel.subdir() {
            let stem = file.trim_end_matches(".tar.bz2").trim_end_matches(".conda");
            let mut parts = stem.rsplitn(3, '-');
            let (Some(build), Some(version), Some(package)) =
                (parts.next(), parts.next(), parts.next())
            else {
                return Err(self.error(file, "a package file is named name-version-build"));
            };
            spec.name = name::parse(package).map_err(|reason| self.error(package, reason))?;
            spec.version = self.version(version, true)?;
            spec.build =
                Some(StringMatcher::parse(build).map_err(|reason| self.error(build, reason))?);
            spec.subdir = Some(subdir.to_owned());
            spec.channel = Some(ChannelMatcher::of(channel));
        }
        spec.file_name = Some(file.to_owned());
        spec.url = Some(url);
        Ok(spec)
    }

    /// Cuts `channel::`, `channel:namespace:` or `namespace:` off; the namespace means nothing.
    fn split_channel(&self, text: &'a str) -> Result<(Option<&'a str>, &'a str), MatchSpecError> {
        let Some((before, body)) = text.rsplit_once(':') else {
            return Ok((None, text));
        };
        let (channel, namespace) = match before.rsplit_once(':') {
            Some((channel, namespace)) => (channel.trim(), namespace),
            None => ("", before),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !namespace.chars().all(legal) {
            let reason = "only a channel with '::' or a namespace can stand before the name";
            return Err(self.error(before, reason));
        }
        if channel.is_empty() {
            if let Some(reason) = foreign::mapping(namespace, body) {
                return Err(self.error(text, reason));
            }
        }
        if body.is_empty() {
            return Err(self.error(text, "a package name is missing behind the channel"));
        }
        Ok(((!channel.is_empty()).then_some(channel), body))
    }

    fn channel(
        &self,
        text: &str,
        part: &str,
    ) -> Result<(Option<ChannelMatcher>, Option<String>), MatchSpecError> {
        if !text.is_empty() && text.bytes().all(|byte| matches!(byte, b':' | b'/')) {
            return Err(self.error(part, "the channel has no name"));
        }
        ChannelMatcher::parse(text)
            .map_err(|reason| self.error(part, format!("the channel: {reason}")))
    }

    /// Name, version and build.
    fn body(&self, text: &'a str) -> Result<MatchSpec, MatchSpecError> {
        let text = text.trim();
        let end = text
            .find([' ', '=', '<', '>', '!', '~'])
            .unwrap_or(text.len());
        let (package, rest) = text.split_at(end);
        if package.is_empty() {
            return Err(self.error(text, "a package name is missing"));
        }
        if package.ends_with(';') {
            let reason = "';' is not supported; write name[when=\"condition\"]";
            return Err(self.error(&text[end - 1..], reason));
        }
        let name = name::parse(package).map_err(|reason| self.error(package, reason))?;
        let mut spec = MatchSpec::of_name(name);
        let rest = rest.trim();
        if rest.is_empty() {
            return Ok(spec);
        }
        let (version, build) = positional::split(rest);
        // With its channel, so that what is proposed asks for the same.
        let typed = &self.source.text[..self.source.span(package).end];
        let wrong = positional::third_word(typed.trim_start(), rest, version);
        if let Some((part, reason)) = wrong {
            return Err(self.error(part, reason));
        }
        if let Some(build) = build {
            spec.build = Some(self.build(build, build)?);
        }
        spec.version = self.version(version, build.is_some())?;
        spec.any_version = Remark(spec.version.is_none());
        Ok(spec)
    }

    fn version(&self, text: &str, has_build: bool) -> Result<Option<VersionSpec>, MatchSpecError> {
        positional::version(text, has_build).map_err(|problem| match problem {
            VersionProblem::Words(part, reason) => self.error(part, reason),
            VersionProblem::Spec(error) => {
                // Positions hold only where the parser of version specs saw the text as it stands here.
                let part = text
                    .get(error.span())
                    .filter(|part| !part.is_empty() && !text.contains([' ', '=']));
                self.error(
                    part.unwrap_or(text),
                    format!("the version: {}", error.reason()),
                )
            }
        })
    }

    fn build(&self, text: &str, part: &str) -> Result<StringMatcher, MatchSpecError> {
        let bad = |c: char| matches!(c, '(' | ')' | '[' | ']' | '\'' | '"' | '&' | ';' | '\\');
        if !text.starts_with('^') {
            if let Some(c) = text.chars().find(|&c| bad(c)) {
                return Err(self.error(part, format!("{c:?} cannot be part of a build string")));
            }
        }
        StringMatcher::parse(text).map_err(|reason| self.error(part, reason))
    }

    /// Puts the values of the brackets into a spec; they replace positional ones.
    fn merge(&self, spec: &mut MatchSpec, pairs: &[Pair<'a>]) -> Result<(), MatchSpecError> {
        let mut subdir = None;
        for pair in pairs {
            let part = pair.raw;
            let fail = |reason: String| self.error(part, reason);
            match (pair.key, &pair.value) {
                ("extras", value) => {
                    for item in items(value) {
                        let extra = fields::extra(item).map_err(fail)?;
                        push_once(&mut spec.extras, extra);
                    }
                }
                ("flags", value) => {
                    for item in items(value) {
                        let flag = FlagPattern::parse(item).map_err(fail)?;
                        push_once(&mut spec.flags, flag);
                    }
                }
                (key, Value::List(_)) => return Err(fail(format!("{key:?} takes no list"))),
                (key, Value::One(text)) => {
                    let text = text.trim();
                    if text.ends_with('\\') {
                        return Err(fail("a value cannot end with '\\'".to_owned()));
                    }
                    if key == "subdir" {
                        subdir = Some(text.to_owned());
                    } else {
                        self.set(spec, key, text, part)?;
                    }
                }
            }
        }
        if subdir.is_some() {
            spec.subdir = subdir;
        }
        if spec.file_name.is_none() {
            let url = spec.url.as_deref().unwrap_or_default();
            let file = url
                .rsplit('/')
                .next()
                .filter(|file| ends_like_a_package(file));
            spec.file_name = file.map(str::to_owned);
        }
        Ok(())
    }

    fn set(
        &self,
        spec: &mut MatchSpec,
        key: &str,
        text: &str,
        part: &str,
    ) -> Result<(), MatchSpecError> {
        let fail = |reason: String| self.error(part, reason);
        match key {
            "name" => {
                let other = name::parse(text).map_err(fail)?;
                if other != spec.name {
                    return Err(fail(format!(
                        "the name before the brackets is {}",
                        spec.name
                    )));
                }
            }
            "version" => {
                spec.version =
                    positional::version(text, false).map_err(|problem| match problem {
                        VersionProblem::Words(_, reason) => fail(reason),
                        VersionProblem::Spec(error) => {
                            fail(format!("the version: {}", error.reason()))
                        }
                    })?;
                spec.any_version = Remark(spec.version.is_none());
            }
            "build" => spec.build = Some(self.build(text, part)?),
            "build_number" => spec.build_number = BuildNumberSpec::parse(text).map_err(fail)?,
            "channel" => {
                let (channel, subdir) = self.channel(text, part)?;
                spec.channel = channel;
                if subdir.is_some() {
                    spec.subdir = subdir;
                }
            }
            "fn" => spec.file_name = Some(text.to_owned()),
            "url" => spec.url = Some(text.to_owned()),
            "md5" => spec.md5 = Some(fields::hash(text, 32).map_err(fail)?),
            "sha256" => spec.sha256 = Some(fields::hash(text, 64).map_err(fail)?),
            "license" => spec.license = Some(license(text).map_err(fail)?),
            "license_family" => spec.license_family = Some(license(text).map_err(fail)?),
            "track_features" => spec.track_features = Some(feature_set(text).map_err(fail)?),
            "features" => spec.features = Some(feature_set(text).map_err(fail)?),
            "when" if self.may_have_condition => {
                spec.when = Some(Condition::parse(text).map_err(fail)?);
            }
            "when" => return Err(fail("a condition cannot contain another one".to_owned())),
            other => return Err(fail(format!("there is no key {other:?}"))),
        }
        Ok(())
    }
}

fn license(text: &str) -> Result<StringMatcher, String> {
    if text.starts_with('^') {
        StringMatcher::parse_ignoring_case(text)
    } else {
        StringMatcher::parse_ignoring_case(&text.to_ascii_lowercase())
    }
}

fn feature_set(text: &str) -> Result<Vec<String>, String> {
    let features = fields::features(text);
    if features.is_empty() {
        return Err("no feature is named".to_owned());
    }
    Ok(features)
}

/// The items of a list; a text is a list with commas in it.
fn items<'v>(value: &'v Value<'_>) -> Vec<&'v str> {
    match value {
        Value::One(text) => text.split(',').map(str::trim).collect(),
        Value::List(items) => items.iter().map(|item| item.trim()).collect(),
    }
}

/// Appends what is missing. Linear in the list's length, which is bounded by the number of distinct short names.
fn push_once<T: PartialEq>(items: &mut Vec<T>, item: T) {
    if !items.contains(&item) {
        items.push(item);
    }
}

/// The text without `(optional)`, `(target=…)` at its end, which old versions of conda wrote and nobody reads.
fn without_options(text: &str) -> &str {
    let Some(inner) = text.strip_suffix(')') else {
        return text;
    };
    match inner.rsplit_once('(') {
        Some((before, options))
            if ["optional", "target="]
                .iter()
                .any(|o| options.starts_with(o)) =>
        {
            before.trim_end()
        }
        _ => text,
    }
}
