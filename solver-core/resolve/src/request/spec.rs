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
        let name = spec
            .name_exact()
            .ok_or_else(|| {
                unusable("the package name must be exact; patterns in names are for searching")
            })?
            .to_string();
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
