//! Texts of other languages that people give as specs: options and URLs of pip, lines of YAML.
//!
//! None of them is a match spec, but some read like an odd one (`numpy: 1.26` is a package `1.26` in a namespace), and
//! the errors for the others would not tell where they belong.

/// The part that shows it and what to write instead, if a text is not meant as a match spec.
pub(super) fn of_another_language(text: &str) -> Option<(&str, String)> {
    if let Some(behind) = text.strip_prefix("- ") {
        let reason = format!(
            "this is an item of a YAML list; give {} alone",
            behind.trim()
        );
        return Some((text, reason));
    }
    if is_option(text) {
        let reason =
            "this is an option of another tool such as pip; a spec begins with a package name";
        return Some((text, reason.to_owned()));
    }
    if let Some(name) = text.strip_prefix("name=") {
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let reason = format!("a spec begins with the package's name itself: write {name}");
            return Some((text, reason));
        }
    }
    for system in ["git+", "hg+", "svn+", "bzr+"] {
        if text.starts_with(system) && text.contains("://") {
            let reason =
                "this is pip's way to name a repository of source code; a spec names a package of a channel";
            return Some((text, reason.to_owned()));
        }
    }
    let name = text.find(|c: char| !is_name_character(c))?;
    let behind = text[name..].trim_start();
    if text.contains("::") {
        return None;
    }
    if let Some(target) = behind.strip_prefix('@').map(str::trim_start) {
        if name > 0 && (target.contains("://") || target.starts_with(['.', '/'])) {
            let reason = "'name @ location' is pip's; give the URL of a conda package alone";
            return Some((behind, reason.to_owned()));
        }
        if name > 0 && target.starts_with(|c: char| c.is_ascii_digit()) {
            let reason = format!(
                "a version does not follow '@'; write {}={target}",
                &text[..name]
            );
            return Some((behind, reason));
        }
    }
    None
}

/// Why `name: version` is refused: a mapping of YAML, not a package in a namespace.
pub(super) fn mapping(name: &str, body: &str) -> Option<String> {
    let value = body.trim();
    let operator = value.starts_with(['<', '>', '=', '!', '~']);
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '*' | ' ');
    let version = operator || (!value.is_empty() && value.chars().all(number));
    if name.is_empty() || value.is_empty() || !(version || body.starts_with(' ')) {
        return None;
    }
    let spec = match (version, operator) {
        (true, true) => format!("{name}{value}"),
        (true, false) => format!("{name}={value}"),
        (false, _) => format!("{name} {value}"),
    };
    Some(format!(
        "':' after a name is YAML's; as a spec this is {spec}"
    ))
}

/// `-e .`, `-r file`, `--no-deps`: a hyphen and a letter, then the end, a blank or a longer word.
fn is_option(text: &str) -> bool {
    let word = text.split([' ', '=']).next().unwrap_or_default();
    match word.strip_prefix('-') {
        Some(letter) if letter.len() == 1 => letter.bytes().all(|byte| byte.is_ascii_alphabetic()),
        Some(long) => long.starts_with('-') && long.len() > 1,
        None => false,
    }
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}
