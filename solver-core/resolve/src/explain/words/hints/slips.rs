//! What is meant by a version that people write by mistake.

use conda::match_spec::MatchSpec;

use super::{Hint, HintKind};
use crate::explain::conflict::Fact;

/// What may be meant where the version of a spec is a word, ends in `.x`, or lost a zero to YAML.
pub(crate) fn slip(fact: &Fact) -> Option<Hint> {
    let name = &fact.name;
    let spec = MatchSpec::parse(&fact.spec).ok()?;
    let version = spec.version()?.as_str().trim_start_matches('=');
    let hint =
        |offers: Vec<String>, text| Some(Hint::new(HintKind::ExistingVersions, name, offers, text));
    let named = version.trim_end_matches('*').trim_end_matches('.');
    if !named.is_empty() && named.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        let text = format!(
            "'{named}' was read as the version of {name}; two packages are two specs, each in quotes of its own"
        );
        return hint(Vec::new(), text);
    }
    let starts = |version: &str, series: &str| {
        let rest = version.strip_prefix(series);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let series = named
        .strip_suffix(".x")
        .or_else(|| named.strip_suffix(".X"));
    if let Some(series) = series {
        let there = fact.versions.iter().find(|version| starts(version, series));
        let text =
            format!("{version} is one version; any of that series is written {name} {series}.*");
        return hint(there.cloned().into_iter().collect(), text);
    }
    // YAML reads `3.10` as a number, which is 3.1.
    if !named.contains('.') || named.starts_with(['<', '>', '!', '~']) {
        return None;
    }
    let whole = format!("{named}0");
    let meant = fact
        .versions
        .iter()
        .find(|version| starts(version, &whole))?;
    let text =
        format!("{name} {meant} exists; YAML reads {whole} as {named} where it is not in quotes");
    hint(vec![meant.clone()], text)
}
