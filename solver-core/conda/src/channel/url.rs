//! The little of URLs that channels need: scheme, credentials, host and a cleaned path.

use std::path::{Component, Path, PathBuf};

use super::{is_known_subdir, ChannelConfig};

/// Secrets that were part of a URL. Deliberately without `Debug`, `Display` and comparison.
#[derive(Clone, Default)]
pub(super) struct Credentials {
    user_info: Option<String>,
    token: Option<String>,
}

impl Credentials {
    pub(super) fn is_empty(&self) -> bool {
        self.user_info.is_none() && self.token.is_none()
    }

    /// `scheme://user@host/t/token/path`.
    pub(super) fn insert_into(&self, base_url: &str) -> String {
        let Some((scheme, rest)) = split_scheme(base_url) else {
            return base_url.to_owned();
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut url = format!("{scheme}://");
        if let Some(user_info) = &self.user_info {
            url.push_str(user_info);
            url.push('@');
        }
        url.push_str(host);
        if let Some(token) = &self.token {
            url.push_str("/t/");
            url.push_str(token);
        }
        if !path.is_empty() {
            url.push('/');
            url.push_str(path);
        }
        url
    }
}

/// A URL taken apart.
pub(super) struct Location {
    scheme: String,
    /// Host and port, lower-case; empty for `file`.
    host: String,
    /// Without slashes at either end.
    pub(super) path: String,
    pub(super) credentials: Credentials,
}

impl Location {
    pub(super) fn of_url(scheme: &str, rest: &str) -> Option<Self> {
        let scheme = scheme.to_ascii_lowercase();
        // Query and fragment mean nothing for a channel and may hold secrets.
        let (rest, behind) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
        // A password with such a character that was not encoded: what seems to be the host is a part of it.
        if scheme != "file" && !rest.contains('/') && behind.contains('@') {
            return None;
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (Some(user_info.to_owned()), host),
            None => (None, authority),
        };
        let port = host.rsplit_once(':').map_or("", |(_, port)| port);
        if !host.ends_with(']') && !port.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let mut host = host.to_ascii_lowercase();
        if scheme == "file" && host == "localhost" {
            host.clear();
        }
        if host.is_empty() && scheme != "file" {
            return None;
        }
        // However a folder's URL is written, it is the same folder.
        let normal = match scheme.as_str() {
            "file" => decode(path).map(|path| encode(&path)),
            _ => None,
        };
        let path = normal.as_deref().unwrap_or(path);
        let mut pieces: Vec<&str> = Vec::new();
        for piece in path.split('/') {
            match piece {
                "" | "." => {}
                ".." => {
                    pieces.pop();
                }
                piece => pieces.push(piece),
            }
        }
        let mut token = None;
        if let ["t", value, ..] = pieces[..] {
            if scheme != "file" {
                token = Some(value.to_owned());
                pieces.drain(..2);
            }
        }
        Some(Location {
            scheme,
            host,
            path: pieces.join("/"),
            credentials: Credentials { user_info, token },
        })
    }

    pub(super) fn of_path(text: &str, config: &ChannelConfig) -> Self {
        let home_relative = text
            .strip_prefix('~')
            .filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
        let path = match (home_relative, &config.home) {
            (Some(rest), Some(home)) => home.join(rest.trim_start_matches(['/', '\\'])),
            _ => config.working_directory.join(text),
        };
        let mut pieces: Vec<String> = Vec::new();
        for component in path.components() {
            match component {
                Component::Prefix(prefix) => {
                    pieces.push(prefix.as_os_str().to_string_lossy().into_owned());
                }
                Component::RootDir | Component::CurDir => {}
                Component::ParentDir => {
                    pieces.pop();
                }
                Component::Normal(name) => pieces.push(encode(&name.to_string_lossy())),
            }
        }
        Location {
            scheme: "file".to_owned(),
            host: String::new(),
            path: pieces.join("/"),
            credentials: Credentials::default(),
        }
    }

    pub(super) fn base_url(&self) -> String {
        let mut url = format!("{}://{}", self.scheme, self.host);
        if !self.path.is_empty() || self.host.is_empty() {
            url.push('/');
            url.push_str(&self.path);
        }
        url
    }

    /// Removes a package file at the end: a channel may be given by the URL of one of its packages.
    pub(super) fn drop_package_file(&mut self) {
        let last = last_piece(&self.path);
        if last.ends_with(".conda") || last.ends_with(".tar.bz2") {
            self.drop_last();
        }
    }

    pub(super) fn take_subdir(&mut self) -> Option<String> {
        let last = last_piece(&self.path);
        if !is_known_subdir(last) {
            return None;
        }
        let subdir = last.to_owned();
        self.drop_last();
        Some(subdir)
    }

    fn drop_last(&mut self) {
        let keep = self.path.rfind('/').unwrap_or(0);
        self.path.truncate(keep);
    }
}

fn last_piece(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// `scheme`, and what follows `://`.
pub(super) fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let starts_well = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (starts_well && scheme.chars().all(legal)).then_some((scheme, rest))
}

/// Whether a text is written like a path of the file system.
pub(super) fn is_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let drive = bytes.len() >= 3
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'/' | b'\\');
    let home = bytes[0] == b'~' && matches!(bytes.get(1), None | Some(b'/' | b'\\'));
    drive
        || home
        || matches!(text, "." | "..")
        || ["/", "./", "../", ".\\", "..\\", "\\\\"]
            .iter()
            .any(|start| text.starts_with(start))
}

/// The path of a `file://` URL, percent-decoded.
pub(super) fn directory_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("file://")?;
    let path = decode(path)?;
    // `/C:/x` is how a drive looks in a URL.
    let bytes = path.as_bytes();
    let drive = bytes.len() >= 3 && bytes[1].is_ascii_alphabetic() && bytes[2] == b':';
    Some(Path::new(if drive { &path[1..] } else { &path }).to_owned())
}

/// Percent-encodes, as UTF-8, what may not stand in the path of a URL (RFC 3986, section 3.3).
fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = |at: usize| char::from(*tail.get(at)?).to_digit(16);
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                rest = &tail[2..];
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(out).ok()
}

/// A text for messages: whatever could be a secret of a URL is left out.
pub(super) fn without_credentials(text: &str) -> String {
    match split_scheme(text).and_then(|(scheme, rest)| Location::of_url(scheme, rest)) {
        Some(location) => location.base_url(),
        None => match text.rsplit_once('@') {
            Some((_, behind)) => format!("…@{behind}"),
            None => text.to_owned(),
        },
    }
}
