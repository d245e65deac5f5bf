//! Properties of the match spec parser on generated texts: it never panics, and canonical strings are read back.

use conda::MatchSpec;
use proptest::prelude::*;

/// Texts that are nearly specs: pieces of the language in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "numpy",
        "py*",
        "^n.*$",
        "*",
        "1",
        "1.2",
        "1.2.*",
        "1.2*",
        "=",
        "==",
        ">=",
        "<",
        "!=",
        "~=",
        " ",
        "  ",
        ",",
        "|",
        "(",
        ")",
        "[",
        "]",
        "'",
        "\"",
        "\\",
        "::",
        ":",
        "/",
        "linux-64",
        "conda-forge",
        "pkgs/main",
        "defaults",
        "https://example.com/c",
        "https://u:p@h/t/x/c",
        "file:///a b",
        "version=",
        "build=",
        "channel=",
        "subdir=",
        "name=",
        "build_number=",
        "md5=",
        "8b1a9953c4611296a827abf8c47804d7",
        "license=",
        "MIT",
        "track_features=",
        "features=",
        "when=",
        "extras=",
        "flags=",
        "fn=",
        "url=",
        " and ",
        " or ",
        "a",
        "x-1-0.conda",
        ".conda",
        "@",
        "#",
        ";",
        "py36_0",
        "^py(a|b)$",
        "é",
        "\t",
        "(optional)",
        "!",
        "+",
        "-",
        "_",
        ".",
    ]);
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

/// Specs that mostly parse.
fn specs() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "numpy",
        "ruamel.yaml",
        "num*",
        "^a.*$",
        "*",
        "x.conda",
        "__glibc",
    ]);
    let version = prop::sample::select(vec![
        "",
        " 1.2",
        "=1.2",
        "==1.2.*",
        ">=1.2,<2",
        " 1|2.*",
        "~=1.2",
        "!=1.2.*",
        " *.1.*",
        " 1.*.3*",
        " (1|2),<3",
        " ^1.$",
        " *",
        "==1|2",
        "=1,!=1.2",
        " (=1.2)",
        " 1.conda",
        "<=1a_",
        "=1!2+3",
    ]);
    let build = prop::sample::select(vec![
        "", " py_0", " *_0", " ^p.$", "=b", " b c", " b.conda", " *",
    ]);
    let channel = prop::sample::select(vec![
        "",
        "c::",
        "pkgs/main/noarch::",
        "*/linux-64::",
        "c*::",
        "https://example.com/a b::",
        "file:///x/osx-64::",
        "a:ns:",
    ]);
    let pair = prop::sample::select(vec![
        "version='>=2'",
        "version='=1.1a*,<2'",
        "build='a\\'b\"c'",
        "build=\"^a'[\\\"]$\"",
        "build_number='>=1|0'",
        "channel='d/noarch'",
        "channel='*'",
        "subdir=weird-1",
        "fn=f.conda",
        "url=https://h/x.conda",
        "url='a,b=c [d]'",
        "license='A or B'",
        "license=^A.*$",
        "track_features='b a,a'",
        "features=x",
        "extras=[a, b,a]",
        "extras=q",
        "flags=[\"g:*\",h]",
        "when='a>=1 and (b or c[build=x])'",
        "when=\"p[version='>=3,<4']\"",
        "when=python",
        "md5=8B1A9953C4611296A827ABF8C47804D7",
    ]);
    (
        channel,
        name,
        version,
        build,
        prop::collection::vec(pair, 0..4),
    )
        .prop_map(|(channel, name, version, build, pairs)| {
            let brackets = if pairs.is_empty() {
                String::new()
            } else {
                format!("[{}]", pairs.join(","))
            };
            format!("{channel}{name}{version}{build}{brackets}")
        })
}

fn round_trip(text: &str) -> Result<(), TestCaseError> {
    match MatchSpec::parse(text) {
        Ok(spec) => {
            let canonical = spec.to_string();
            let again = MatchSpec::parse(&canonical);
            prop_assert_eq!(again.as_ref(), Ok(&spec), "{:?} -> {}", text, canonical);
        }
        Err(error) => {
            prop_assert!(text.get(error.span()).is_some());
            prop_assert!(error.to_string().lines().count() <= 2);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_text(text in ".{0,60}") {
        round_trip(&text)?;
    }

    #[test]
    fn nearly_specs(text in pieces()) {
        round_trip(&text)?;
    }

    #[test]
    fn proper_specs(text in specs()) {
        round_trip(&text)?;
    }
}
