//! The canonical string, which parses back to an equal spec (conda's `str(MatchSpec)`).
//!
//! `channel/subdir::name`, then the version and build behind it where they fit, then all other fields in brackets.
//! Differences from conda: a URL is always written, conditions are written as CEP 43 has them, and a version or
//! build that would read differently behind the name goes into the brackets.

use std::fmt::{self, Write};

use super::parse::ends_like_a_package;
use super::{ChannelMatcher, MatchSpec};
use crate::pattern::PatternKind;

impl fmt::Display for MatchSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical())
    }
}

impl MatchSpec {
    fn canonical(&self) -> String {
        let mut out = String::new();
        let mut brackets = Brackets::default();
        self.write_channel(&mut out, &mut brackets);
        out.push_str(self.name.as_str());
        let positional = self.write_version(&mut out, &mut brackets);
        self.write_build(&mut out, &mut brackets, positional);
        self.write_fields(&mut brackets);
        if brackets.text.is_empty() && ends_like_a_package(&out) {
            // Brackets keep it from being read as a file.
            brackets.raw("version", "'*'");
        }
        brackets.close(&mut out);
        out
    }

    /// A spec as conditions have it: `name>=version` without brackets where that says everything (CEP 43).
    pub(super) fn compact(&self) -> String {
        if let (true, None, Some(version)) = (self.is_simple(), &self.build, &self.version) {
            let text = version.as_str();
            let plain = |c: char| c.is_ascii_alphanumeric() || "._+!-<>=~*,|".contains(c);
            if text.starts_with(['<', '>', '!', '~', '='])
                && text.chars().all(plain)
                && !ends_like_a_package(text)
            {
                return format!("{}{text}", self.name);
            }
        }
        self.canonical()
    }

    fn write_channel(&self, out: &mut String, brackets: &mut Brackets) {
        match &self.channel {
            Some(ChannelMatcher::Exact(channel)) if is_plain_channel(channel.canonical_name()) => {
                out.push_str(channel.canonical_name());
                match &self.subdir {
                    Some(subdir) if crate::channel::is_known_subdir(subdir) => {
                        out.push('/');
                        out.push_str(subdir);
                    }
                    Some(subdir) => brackets.pair("subdir", subdir),
                    None => {}
                }
                out.push_str("::");
            }
            channel => {
                if let Some(channel) = channel {
                    brackets.pair("channel", &channel.to_string());
                }
                if let Some(subdir) = &self.subdir {
                    brackets.pair("subdir", subdir);
                }
            }
        }
    }

    /// Returns whether an exact version stands behind the name.
    fn write_version(&self, out: &mut String, brackets: &mut Brackets) -> bool {
        let Some(version) = &self.version else {
            return false;
        };
        let text = version.as_str();
        let special = |c: char| matches!(c, '>' | '<' | '$' | '^' | '|' | ',' | '(' | ')');
        let operator = text.starts_with(['!', '~']);
        let (base, stars) = match text.strip_suffix(".*") {
            Some(base) => (base, 2),
            None => text.strip_suffix('*').map_or((text, 0), |base| (base, 1)),
        };
        // The star of `*.1.*` would come back as `*.1*`.
        let odd_glob =
            stars == 2 && base.contains('*') || base.ends_with(['*', '=']) || base.is_empty();
        let in_brackets = text.contains(special)
            || (operator && self.build.is_some())
            || (!operator && odd_glob)
            || text.starts_with('=')
            || ends_like_a_package(base)
            || ends_like_a_package(text);
        if in_brackets {
            brackets.quoted("version", text);
        } else if operator {
            out.push_str(text);
        } else if stars > 0 {
            out.push('=');
            out.push_str(base);
        } else {
            out.push_str("==");
            out.push_str(text);
            return true;
        }
        false
    }

    fn write_build(&self, out: &mut String, brackets: &mut Brackets, behind_version: bool) {
        let Some(build) = &self.build else {
            return;
        };
        let text = build.as_str();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '!' | ' ');
        if behind_version
            && build.kind() == PatternKind::Exact
            && text.chars().all(plain)
            && !ends_like_a_package(text)
        {
            out.push('=');
            out.push_str(text);
        } else if build.kind() == PatternKind::Regex {
            brackets.quoted("build", text);
        } else {
            brackets.pair("build", text);
        }
    }

    fn write_fields(&self, brackets: &mut Brackets) {
        if let Some(number) = &self.build_number {
            brackets.pair("build_number", &number.to_string());
        }
        for (key, features) in [
            ("track_features", &self.track_features),
            ("features", &self.features),
        ] {
            if let Some(features) = features {
                brackets.pair(key, &features.join(" "));
            }
        }
        let mut text = |key: &str, value: &Option<String>| {
            if let Some(value) = value {
                brackets.pair(key, value);
            }
        };
        text("url", &self.url);
        text("md5", &self.md5);
        text("sha256", &self.sha256);
        text("license", &self.license.as_ref().map(ToString::to_string));
        text(
            "license_family",
            &self.license_family.as_ref().map(ToString::to_string),
        );
        let from_url = self.url.as_deref().and_then(|url| url.rsplit('/').next());
        if self.file_name.is_some() && self.file_name.as_deref() != from_url {
            text("fn", &self.file_name);
        }
        text("when", &self.when.as_ref().map(ToString::to_string));
        if !self.extras.is_empty() {
            brackets.list("extras", self.extras.iter().map(String::as_str));
        }
        if !self.flags.is_empty() {
            brackets.list("flags", self.flags.iter().map(super::FlagPattern::as_str));
        }
    }
}

/// Whether a channel can stand before `::`.
fn is_plain_channel(name: &str) -> bool {
    !name.contains(|c: char| {
        c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '#' | '\'' | '"')
    })
}

/// The bracket part while it grows.
#[derive(Default)]
struct Brackets {
    text: String,
}

impl Brackets {
    fn raw(&mut self, key: &str, value: &str) {
        self.text.push(if self.text.is_empty() { '[' } else { ',' });
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{key}={value}");
    }

    /// A value with quotes only if it needs them.
    fn pair(&mut self, key: &str, value: &str) {
        let needs = |c: char| c.is_whitespace() || matches!(c, ',' | '=' | '[' | ']' | '\'' | '"');
        if value.contains(needs) {
            self.quoted(key, value);
        } else {
            self.raw(key, value);
        }
    }

    /// A value in the quotes it does not contain; if it contains both kinds, one is escaped.
    fn quoted(&mut self, key: &str, value: &str) {
        let value = match (value.contains('\''), value.contains('"')) {
            (false, _) => format!("'{value}'"),
            (true, false) => format!("\"{value}\""),
            (true, true) => format!("'{}'", value.replace('\'', "\\'")),
        };
        self.raw(key, &value);
    }

    /// A list as Python writes it, which is what conda does.
    fn list<'v>(&mut self, key: &str, items: impl Iterator<Item = &'v str>) {
        let items: Vec<String> = items.map(|item| format!("'{item}'")).collect();
        self.raw(key, &format!("[{}]", items.join(", ")));
    }

    fn close(self, out: &mut String) {
        if !self.text.is_empty() {
            out.push_str(&self.text);
            out.push(']');
        }
    }
}
