//! A spec of a request.

use conda::match_spec::MatchSpec;

use super::error::RequestError;
use super::target::is_virtual_name;

/// A MatchSpec together with the text it came from.
#[derive(Debug, Clone)]
pub struct RequestSpec {
    /// The text as the caller wrote it.
    pub text: String,
    /// The exact package name.
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
