//! The channel of a spec: a channel proper, or a pattern for canonical names.

use std::fmt;

use crate::channel::{is_known_subdir, Channel};
use crate::pattern::{pattern_kind, PatternKind, StringMatcher};

/// The canonical name of several channels.
const DEFAULTS: &str = "defaults";

/// What a spec asks of the channel of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ChannelMatcher {
    /// To be this channel.
    Exact(Channel),
    /// To have a canonical name that matches a glob or regular expression.
    Pattern(StringMatcher),
}

impl ChannelMatcher {
    /// Reads `channel[/subdir]`; no matcher for `*`, which every channel matches.
    pub(super) fn parse(text: &str) -> Result<(Option<Self>, Option<String>), String> {
        if pattern_kind(text) == PatternKind::Exact {
            let channel = Channel::parse(text).map_err(|error| error.reason().to_owned())?;
            let subdir = channel.subdir().map(str::to_owned);
            return Ok((Some(Self::of(&channel)), subdir));
        }
        let (pattern, subdir) = match text.rsplit_once('/') {
            Some((pattern, last)) if is_known_subdir(last) => (pattern, Some(last.to_owned())),
            _ => (text, None),
        };
        if pattern.ends_with('\\') {
            return Err("a pattern cannot end with '\\'".to_owned());
        }
        let pattern = StringMatcher::parse(pattern)?;
        let matcher = (!pattern.is_any()).then_some(ChannelMatcher::Pattern(pattern));
        Ok((matcher, subdir))
    }

    /// Asks for a channel. conda knows the members of `defaults` by that name only, so `pkgs/main` is the same.
    pub(super) fn of(channel: &Channel) -> Self {
        let whole = match channel.canonical_name() {
            DEFAULTS => Channel::parse(DEFAULTS).ok(),
            _ => None,
        };
        ChannelMatcher::Exact(whole.unwrap_or_else(|| channel.clone()))
    }

    /// The channel, unless it is a pattern.
    pub fn exact(&self) -> Option<&Channel> {
        match self {
            ChannelMatcher::Exact(channel) => Some(channel),
            ChannelMatcher::Pattern(_) => None,
        }
    }

    /// Whether a channel of this canonical name and base URL is meant. A name also means channels that have it as
    /// the path of their URL (a mirror), as conda has it; a URL means itself.
    pub fn matches(&self, canonical_name: &str, base_url: &str) -> bool {
        match self {
            ChannelMatcher::Pattern(pattern) => pattern.matches(canonical_name),
            ChannelMatcher::Exact(channel) if channel.is_plain_url() => {
                channel.base_url() == base_url || channel.base_url() == canonical_name
            }
            ChannelMatcher::Exact(channel) => {
                let name = channel.canonical_name();
                name == canonical_name || name == path_of(base_url)
            }
        }
    }
}

/// The path of a URL, which is what conda calls the name of a channel.
fn path_of(base_url: &str) -> &str {
    let behind = base_url
        .split_once("://")
        .map_or(base_url, |(_, rest)| rest);
    behind.split_once('/').map_or("", |(_, path)| path)
}

impl fmt::Display for ChannelMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChannelMatcher::Exact(channel) => f.write_str(channel.canonical_name()),
            ChannelMatcher::Pattern(pattern) => pattern.fmt(f),
        }
    }
}
