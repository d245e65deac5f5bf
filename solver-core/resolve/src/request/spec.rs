//! A spec of a request.

use conda::match_spec::MatchSpec;

use super::error::RequestError;
use super::target::is_virtual_name;

/// A MatchSpec together with the text it came from.
#[derive(Debug, Clone)]
pub struct RequestSpec {
    /// The text as the caller wrote it.
    pub text: String,
    /// The exact package name; of a removal it may be a pattern.
    pub name: String,
    /// The parsed spec.
    pub spec: MatchSpec,
}

impl RequestSpec {
    /// Parses one spec of a request; its name must be exact.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let spec = MatchSpec::parse(text).map_err(RequestError::Spec)?;
        let unusable = |reason: &str| RequestError::Unusable {
            text: text.to_string(),
            reason: reason.to_string(),
        };
        let Some(name) = spec.name_exact().map(str::to_string) else {
            return Err(unusable(&why_not_exact(&spec)));
        };
        Ok(Self {
            text: text.to_string(),
            name,
            spec,
        })
    }

    /// Parses what a removal takes away; its name may be a pattern, which then is the spec's name.
    pub fn parse_removal(text: &str) -> Result<Self, RequestError> {
        let spec = MatchSpec::parse(text).map_err(RequestError::Spec)?;
        let name = match spec.name() {
            Some(pattern) if spec.name_exact().is_none() => pattern.to_string(),
            // A star alone is no name at all.
            None if text.trim_start().starts_with('*') => "*".to_string(),
            _ => return Self::parse(text),
        };
        Ok(Self {
            text: text.to_string(),
            name,
            spec,
        })
    }

    /// Whether it can match a record of this name.
    pub(crate) fn is_about(&self, name: &str) -> bool {
        self.spec.name().is_none_or(|pattern| pattern.matches(name))
    }

    /// The same without all but name and version; `None` where it names no version, or applies under a condition.
    pub(crate) fn version_alone(&self) -> Option<Self> {
        let version = self.spec.version().filter(|_| self.spec.when().is_none())?;
        Self::parse(&format!("{} {version}", self.name)).ok()
    }

    /// True when the spec speaks of a virtual package.
    pub fn is_virtual(&self) -> bool {
        is_virtual_name(&self.name)
    }
}
/// Why a spec without an exact name cannot be requested, and what can.
fn why_not_exact(spec: &MatchSpec) -> String {
    if let Some(file) = spec.file_name().filter(|_| spec.name().is_none()) {
        let stem = file.trim_end_matches(".conda").trim_end_matches(".tar.bz2");
        let mut parts = stem.rsplitn(3, '-');
        let form = match (parts.next(), parts.next(), parts.next()) {
            (Some(build), Some(version), Some(name)) => format!("{name}={version}={build}"),
            _ => "name=version=build".to_string(),
        };
        return format!(
            "this is the file of a package; ask for {form}, or give the URL or path that it has in a channel \
             (CHANNEL/linux-64/{file})"
        );
    }
    if let Some([feature]) = spec.track_features().filter(|_| spec.name().is_none()) {
        return format!("'{feature}@' is a feature, which no package provides by its name");
    }
    "the package name must be exact; patterns in names are for searching".to_string()
}
