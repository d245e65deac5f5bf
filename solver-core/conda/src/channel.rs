//! Channels: where records come from, and what a channel is called (CEP 26; conda's `Channel`).
//!
//! A channel is written as a name (`conda-forge`, `conda-forge/label/dev`), a URL or a path. Whatever the spelling, it
//! has one *base URL* without credentials, subdir and final slash: a name lies below the alias
//! (`https://conda.anaconda.org`), the names `pkgs/…` below `https://repo.anaconda.com`, a path becomes a `file://` URL.
//! Two channels are the same if their base URLs are.
//!
//! Its *canonical name* is what people read: `defaults` for the three channels behind that word, the name below the
//! alias, else the base URL. Its *name* is the path of the base URL, which match specs also accept.
//!
//! Credentials (`user:password@`, `/t/TOKEN/`) are split off at once, are no part of identity, and are never
//! shown: only [`Channel::fetch_url`] has them.

mod platform;
mod url;

pub use platform::{host_subdir, is_known_subdir, platform_baseline, KNOWN_SUBDIRS};

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

use url::Location;

/// What names below `pkgs/` are resolved against.
const ANACONDA: &str = "https://repo.anaconda.com";
/// The channels behind the word `defaults`; the last one on Windows only.
const DEFAULTS: [&str; 3] = ["pkgs/main", "pkgs/r", "pkgs/msys2"];

/// How channel names and paths are resolved.
#[derive(Debug, Clone)]
pub struct ChannelConfig {
    /// URL that plain names are relative to, without a final slash.
    pub alias: String,
    /// Directory that relative paths are relative to.
    pub working_directory: PathBuf,
    /// What `~` stands for, if known.
    pub home: Option<PathBuf>,
}

impl Default for ChannelConfig {
    /// conda's alias, the process's working directory and home.
    fn default() -> Self {
        ChannelConfig {
            alias: "https://conda.anaconda.org".to_owned(),
            working_directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            home: std::env::var_os("HOME")
                .or_else(|| std::env::var_os("USERPROFILE"))
                .map(PathBuf::from),
        }
    }
}

/// A text that names no channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelError {
    text: String,
    reason: &'static str,
}

impl ChannelError {
    fn new(text: &str, reason: &'static str) -> Self {
        ChannelError {
            text: crate::version::shorten(&url::without_credentials(text), 120),
            reason,
        }
    }

    /// What is wrong, without the text.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid channel {:?}: {}", self.text, self.reason)
    }
}

impl std::error::Error for ChannelError {}

/// A channel, possibly narrowed to one of its subdirs.
#[derive(Clone)]
pub struct Channel {
    base_url: String,
    name: String,
    kind: Kind,
    subdir: Option<String>,
    credentials: url::Credentials,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A name below the alias.
    Alias,
    /// One of [`DEFAULTS`].
    Anaconda,
    /// The word `defaults`.
    Defaults,
    /// Known by its URL only.
    Url,
}

impl Channel {
    /// Reads a name, URL or path with the default [`ChannelConfig`].
    ///
    /// # Errors
    /// [`ChannelError`] if the text is empty or has characters no channel has.
    pub fn parse(text: &str) -> Result<Self, ChannelError> {
        Self::parse_with(text, &ChannelConfig::default())
    }

    /// Reads a name, URL or path. A last component that is a known subdir, or a package file, is split off.
    ///
    /// # Errors
    /// As [`Channel::parse`].
    pub fn parse_with(text: &str, config: &ChannelConfig) -> Result<Self, ChannelError> {
        let text = text.trim();
        let fail = |reason| Err(ChannelError::new(text, reason));
        if text.is_empty() || text == "<unknown>" {
            return fail("it is empty");
        }
        if text.len() > 4096 {
            return fail("it is longer than 4096 bytes");
        }
        if text.chars().any(char::is_control) {
            return fail("it contains a control character");
        }
        let mut location = if url::is_path(text) {
            Location::of_path(text, config)
        } else if let Some((scheme, rest)) = url::split_scheme(text) {
            match Location::of_url(scheme, rest) {
                Some(location) if location.path.starts_with("t/") && scheme != "file" => {
                    return fail("a second token, or a path that begins with t/");
                }
                Some(location) => location,
                None => return fail(
                    "the URL has no host (percent-encode characters such as # and / in credentials)",
                ),
            }
        } else {
            return Self::named(text, config);
        };
        location.drop_package_file();
        let subdir = location.take_subdir();
        let base_url = location.base_url();
        let mut channel = Channel {
            name: location.path.clone(),
            kind: Kind::Url,
            subdir,
            credentials: location.credentials,
            base_url,
        };
        let below = |base: &str| {
            let rest = channel.base_url.strip_prefix(base)?.strip_prefix('/')?;
            (!rest.is_empty()).then(|| rest.to_owned())
        };
        if let Some(name) = below(config.alias.trim_end_matches('/')) {
            // It is written as a name, which must mean the same.
            Self::named(&name, config).map_err(|error| ChannelError::new(text, error.reason))?;
            let known = Self::below_alias(&name, config);
            channel.base_url = known.base_url;
            channel.kind = known.kind;
            channel.name = name;
        } else if let Some(name) = below(ANACONDA).filter(|name| DEFAULTS.contains(&&**name)) {
            channel.kind = Kind::Anaconda;
            channel.name = name;
        }
        Ok(channel)
    }

    /// A channel given by name, with an optional subdir behind it.
    fn named(text: &str, config: &ChannelConfig) -> Result<Self, ChannelError> {
        let mut name = text.trim_matches('/');
        let mut subdir = None;
        if let Some((channel, last)) = name.rsplit_once('/') {
            if is_known_subdir(last) {
                name = channel.trim_end_matches('/');
                subdir = Some(last.to_owned());
            }
        }
        let legal = |c: char| c.is_alphanumeric() || "-_./+~@%=,".contains(c);
        if name.is_empty() || !name.chars().all(legal) {
            return Err(ChannelError::new(
                text,
                "a channel is a name such as conda-forge, a URL or a path",
            ));
        }
        if name
            .split('/')
            .any(|piece| matches!(piece, "" | "." | ".."))
        {
            return Err(ChannelError::new(
                text,
                "an empty or relative path component",
            ));
        }
        if name.starts_with("t/") {
            return Err(ChannelError::new(
                text,
                "a name cannot begin with t/, which introduces a token in URLs",
            ));
        }
        let mut channel = if name == "defaults" {
            Channel {
                base_url: format!("{ANACONDA}/{}", DEFAULTS[0]),
                name: name.to_owned(),
                kind: Kind::Defaults,
                subdir: None,
                credentials: url::Credentials::default(),
            }
        } else {
            Self::below_alias(name, config)
        };
        channel.subdir = subdir;
        Ok(channel)
    }

    fn below_alias(name: &str, config: &ChannelConfig) -> Self {
        let (base, kind) = if DEFAULTS.contains(&name) {
            (ANACONDA, Kind::Anaconda)
        } else if name.starts_with("pkgs/") {
            (ANACONDA, Kind::Alias)
        } else {
            (config.alias.trim_end_matches('/'), Kind::Alias)
        };
        Channel {
            base_url: format!("{base}/{name}"),
            name: name.to_owned(),
            kind,
            subdir: None,
            credentials: url::Credentials::default(),
        }
    }

    /// URL without credentials, subdir and final slash. For `defaults`, that of its first member.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The name below the alias; for other URLs their path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name shown to people and written to records: a name where there is one, else the base URL.
    pub fn canonical_name(&self) -> &str {
        match self.kind {
            Kind::Alias => &self.name,
            Kind::Anaconda | Kind::Defaults => "defaults",
            Kind::Url => &self.base_url,
        }
    }

    /// Whether the channel is known by its URL only.
    pub fn is_plain_url(&self) -> bool {
        self.kind == Kind::Url
    }

    /// The subdir that was written behind the channel.
    pub fn subdir(&self) -> Option<&str> {
        self.subdir.as_deref()
    }

    /// URL of one subdir, without credentials and final slash.
    pub fn subdir_url(&self, subdir: &str) -> String {
        format!("{}/{subdir}", self.base_url)
    }

    /// The subdirs a solve for `platform` reads: the one written behind the channel, else the platform's and `noarch`.
    pub fn subdirs(&self, platform: &str) -> Vec<String> {
        match &self.subdir {
            Some(only) => vec![only.clone()],
            None if platform == "noarch" => vec!["noarch".to_owned()],
            None => vec![platform.to_owned(), "noarch".to_owned()],
        }
    }

    /// The channels to read in place of this one: `defaults` stands for several, others for themselves.
    pub fn expand(&self, platform: &str) -> Vec<Channel> {
        if self.kind != Kind::Defaults {
            return vec![self.clone()];
        }
        let count = if platform.starts_with("win-") { 3 } else { 2 };
        DEFAULTS[..count]
            .iter()
            .map(|name| Channel {
                base_url: format!("{ANACONDA}/{name}"),
                name: (*name).to_owned(),
                kind: Kind::Anaconda,
                ..self.clone()
            })
            .collect()
    }

    /// The directory of a `file://` channel, percent-decoded.
    pub fn directory(&self) -> Option<PathBuf> {
        url::directory_of(&self.base_url)
    }

    /// Whether credentials were written with the channel.
    pub fn has_credentials(&self) -> bool {
        !self.credentials.is_empty()
    }

    /// The base URL **with** credentials, to be given to a downloader and nobody else.
    pub fn fetch_url(&self) -> String {
        self.credentials.insert_into(&self.base_url)
    }
}

/// The `file://` URL of a folder, absolute and percent-encoded.
pub fn url_of_folder(folder: &std::path::Path) -> String {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    Location::of_path(&absolute.to_string_lossy(), &ChannelConfig::default()).base_url()
}

/// A URL without its credentials, query and fragment.
pub fn without_credentials(url: &str) -> String {
    url::without_credentials(url)
}

impl PartialEq for Channel {
    fn eq(&self, other: &Self) -> bool {
        self.base_url == other.base_url
            && (self.kind == Kind::Defaults) == (other.kind == Kind::Defaults)
    }
}

impl Eq for Channel {}

impl Hash for Channel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.base_url.hash(state);
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.canonical_name())?;
        match &self.subdir {
            Some(subdir) => write!(f, "/{subdir}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("canonical_name", &self.canonical_name())
            .field("base_url", &self.base_url)
            .field("subdir", &self.subdir)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
