//! What the text of a dependency asks for.

use conda::match_spec::MatchSpec;

/// The name a dependency string asks for: everything before the first character that cannot be in a name.
pub(crate) fn required_name(spec: &str) -> &str {
    let spec = spec.rsplit("::").next().unwrap_or(spec).trim_start();
    let end = spec
        .find(|c: char| c.is_ascii_whitespace() || "=<>!~[;@".contains(c))
        .unwrap_or(spec.len());
    &spec[..end]
}

/// The extras that the text of a spec asks for.
pub(crate) fn asked_extras(text: &str) -> Vec<String> {
    MatchSpec::parse(text).map_or_else(|_| Vec::new(), |spec| spec.extras().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_specs() {
        assert_eq!(required_name("python >=3.9,<3.13.0a0"), "python");
        assert_eq!(required_name("conda-forge::numpy=1.2"), "numpy");
        assert_eq!(required_name("gen[when=\"python >=3.8\"]"), "gen");
    }
}
