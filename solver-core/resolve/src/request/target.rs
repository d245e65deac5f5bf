//! The target machine: its virtual packages (CEP 30).

use conda::record::PackageRecord;
use conda::version::Version;

use super::error::RequestError;

/// True for names of virtual packages (CEP 30).
pub(crate) fn is_virtual_name(name: &str) -> bool {
    name.starts_with("__")
}

/// One fact about the target machine (CEP 30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualPackage {
    /// The name, such as `__glibc`.
    pub name: String,
    /// The version; `0` when the fact has none.
    pub version: Version,
    /// The build string; `0` when there is none.
    pub build: String,
}

impl VirtualPackage {
    /// Parses `name [version [build]]`; the parts may also be separated by `=`.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let bad = |reason: String| RequestError::VirtualPackage {
            text: text.to_string(),
            reason,
        };
        let mut parts = text
            .split(|c: char| c == '=' || c.is_ascii_whitespace())
            .filter(|p| !p.is_empty());
        let name = parts.next().ok_or_else(|| bad("it is empty".into()))?;
        if !is_virtual_name(name) {
            return Err(bad("the name must start with two underscores".into()));
        }
        let version = parts.next().unwrap_or("0");
        let build = parts.next().unwrap_or("0");
        if parts.next().is_some() {
            return Err(bad("it has more than three parts".into()));
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            version: Version::parse(version).map_err(|e| bad(e.to_string()))?,
            build: build.to_string(),
        })
    }

    /// The record that specs are matched against.
    pub fn record(&self) -> PackageRecord {
        PackageRecord {
            name: self.name.clone(),
            version: self.version.as_str().to_string(),
            build: self.build.clone(),
            file_name: self.name.clone(),
            channel: "@".to_string(),
            ..PackageRecord::default()
        }
    }
}
