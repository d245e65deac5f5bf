//! How candidates are ranked, and which of them are usable.

use conda::index::ChannelInfo;
use conda::pattern::glob_matches;

/// How channels that have the same package name relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelPriority {
    /// A name's records come only from the first channel that has the name.
    #[default]
    Strict,
    /// Higher channels are preferred to newer versions.
    Flexible,
    /// Channels do not matter for the choice of a version.
    Disabled,
}

/// Which end of a package's versions is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Newest versions.
    #[default]
    Highest,
    /// Oldest versions, for every package.
    Lowest,
    /// Oldest versions of the requested packages, newest of the others.
    LowestDirect,
    /// Newest versions, the package named first decides before the next is looked at.
    Ordered,
}

/// Cut-offs by date, in milliseconds since 1970. The most special one counts: the package's, its channel's, the
/// general.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cutoffs {
    /// For everything.
    pub general: Option<u64>,
    /// By canonical channel name or base URL; `None` lifts the general one.
    pub channels: Vec<(String, Option<u64>)>,
    /// By package name; `None` lifts the others.
    pub packages: Vec<(String, Option<u64>)>,
}

impl Cutoffs {
    /// The cut-off of a package in a channel.
    pub(crate) fn of(&self, name: &str, channel: &ChannelInfo) -> Option<u64> {
        if let Some((_, cutoff)) = self.packages.iter().find(|(n, _)| n == name) {
            return *cutoff;
        }
        let is_it = |c: &str| c == channel.name || c == channel.base_url;
        match self.channels.iter().find(|(c, _)| is_it(c)) {
            Some((_, cutoff)) => *cutoff,
            None => self.general,
        }
    }
}

/// Which licences are usable; patterns ignore case, `*` stands for any text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Licenses {
    /// If set, only records whose licence matches one of these.
    pub allow: Option<Vec<String>>,
    /// No record whose licence matches one of these.
    pub deny: Vec<String>,
}

impl Licenses {
    /// Whether there is no rule at all.
    pub(crate) fn is_free(&self) -> bool {
        self.allow.is_none() && self.deny.is_empty()
    }

    /// Whether a record of this licence is usable; one without a licence has the empty one.
    pub(crate) fn allows(&self, license: Option<&str>) -> bool {
        let license = license.unwrap_or("");
        let among = |patterns: &[String]| patterns.iter().any(|p| glob_matches(p, license, true));
        self.allow.as_deref().is_none_or(among) && !among(&self.deny)
    }
}
