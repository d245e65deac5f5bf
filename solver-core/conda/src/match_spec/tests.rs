//! Small examples of the whole language; the conformance vectors are tested in `tests/vectors.rs`.

use super::*;
use crate::record::PackageRecord;

fn spec(text: &str) -> MatchSpec {
    MatchSpec::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> MatchSpecError {
    match MatchSpec::parse(text) {
        Ok(spec) => panic!("{text:?} was read as {spec}"),
        Err(error) => error,
    }
}

#[test]
fn canonical_strings() {
    for (text, canonical) in [
        ("NumPy", "numpy"),
        ("numpy *", "numpy"),
        ("numpy 1.11", "numpy==1.11"),
        ("numpy=1.11", "numpy=1.11"),
        ("numpy = 1.11", "numpy=1.11"),
        ("numpy=1.11=py36_0", "numpy==1.11=py36_0"),
        ("numpy =1.11 py36_0", "numpy==1.11=py36_0"),
        (
            "numpy >=1.0 , < 2.0 py_0",
            "numpy[version='>=1.0,<2.0',build=py_0]",
        ),
        ("numpy * *blas*", "numpy[build=*blas*]"),
        ("numpy!=1.11", "numpy!=1.11"),
        ("numpy (1.1|1.2),>1", "numpy[version='(1.1|1.2),>1']"),
        ("conda-forge/linux-64::numpy", "conda-forge/linux-64::numpy"),
        (
            "numpy[channel='conda-forge/linux-64']",
            "conda-forge/linux-64::numpy",
        ),
        ("*/linux-64::numpy", "numpy[subdir=linux-64]"),
        ("conda-forge:ns:numpy", "conda-forge::numpy"),
        ("feat1@", "*[track_features=feat1]"),
        ("numpy 1.11 # why", "numpy==1.11"),
        (
            "numpy[extras=[a, 'b'],flags=\"gpu:*\"]",
            "numpy[extras=['a', 'b'],flags=['gpu:*']]",
        ),
        ("numpy[version>=1.2]", "numpy[version='>=1.2']"),
        ("numpy[license=MIT]", "numpy[license=mit]"),
        ("foo.conda *", "foo.conda[version='*']"),
        ("x[version='*.1.*']", "x[version='*.1.*']"),
    ] {
        let parsed = spec(text);
        assert_eq!(parsed.to_string(), canonical, "{text:?}");
        assert_eq!(spec(canonical), parsed, "{text:?}");
    }
}

#[test]
fn package_urls() {
    let url = "https://conda.anaconda.org/conda-forge/linux-64/numpy-1.11-py36_0.conda";
    let by_url = spec(url);
    assert_eq!(by_url.name_exact(), Some("numpy"));
    assert_eq!(by_url.subdir(), Some("linux-64"));
    assert_eq!(by_url.file_name(), Some("numpy-1.11-py36_0.conda"));
    assert_eq!(by_url.url(), Some(url));
    assert_eq!(
        by_url.channel().map(ToString::to_string).as_deref(),
        Some("conda-forge")
    );
    assert_eq!(spec(&by_url.to_string()), by_url);
    let elsewhere = spec("https://example.com/x/numpy-1.11-py36_0.conda");
    assert_eq!(elsewhere.name(), None);
    assert_eq!(elsewhere.channel(), None);
    let secret = "https://user:word@example.com/t/abc/x/linux-64/a-1-0.conda";
    assert!(!spec(secret).to_string().contains("word"));
    assert!(!spec(secret).to_string().contains("abc"));
}

#[test]
fn conditions() {
    let when = |text: &str| {
        let parsed = spec(&format!("x[when=\"{text}\"]"));
        let condition = parsed.when().expect("a condition").clone();
        assert_eq!(spec(&parsed.to_string()), parsed);
        condition
    };
    for (text, canonical) in [
        ("python >=3.8", "python>=3.8"),
        ("a and b or c and d", "a and b or c and d"),
        ("(a or b) and ((c))", "(a or b) and c"),
        ("a or (b or c)", "a or b or c"),
        ("android and orange", "android and orange"),
        (
            "python[version='>=3,<4'] and (__win)",
            "python>=3,<4 and __win",
        ),
        ("python 3.8", "python==3.8"),
    ] {
        assert_eq!(when(text).to_string(), canonical, "{text}");
    }
    let condition = when("(a or b) and c");
    let mut asked = |spec: &MatchSpec| matches!(spec.name_exact(), Some("b" | "c"));
    assert!(condition.holds(&mut asked));
    assert!(!condition.holds(&mut |spec| spec.name_exact() == Some("a")));
    for text in [
        "",
        "and",
        "a and",
        "a b c and",
        "(a",
        "a)",
        "(a) b",
        "a or or b",
        "x[when='y']",
    ] {
        refused(&format!("x[when=\"{text}\"]"));
    }
    refused(&format!(
        "x[when=\"{}a{}\"]",
        "(".repeat(5000),
        ")".repeat(5000)
    ));
}

#[test]
fn matching() {
    let record = PackageRecord {
        name: "numpy".into(),
        version: "1.11".into(),
        build: "py36_0".into(),
        build_number: 3,
        subdir: "linux-64".into(),
        channel: "conda-forge".into(),
        file_name: "numpy-1.11-py36_0.conda".into(),
        md5: Some("8b1a9953c4611296a827abf8c47804d7".into()),
        license: Some("MIT".into()),
        track_features: vec!["b".into(), "a".into()],
        flags: vec!["cuda".into(), "blas:mkl".into()],
        ..PackageRecord::default()
    };
    for (text, expected) in [
        ("numpy", true),
        ("num*", true),
        ("^n.*y$ 1.11", true),
        ("scipy", false),
        ("numpy 1.11.0", true),
        ("numpy >1.11", false),
        ("numpy * PY36_0", false),
        ("numpy[build_number='>=3']", true),
        ("numpy[build_number=4]", false),
        ("numpy[build_number='^[34]$']", true),
        ("conda-forge::numpy", true),
        ("https://conda.anaconda.org/conda-forge::numpy", true),
        ("https://example.com/conda-forge::numpy", false),
        ("conda-*::numpy", true),
        ("other::numpy", false),
        ("conda-forge/noarch::numpy", false),
        ("numpy[md5=8B1A9953C4611296A827ABF8C47804D7]", true),
        ("numpy[license='mit']", true),
        ("numpy[license='GPL*']", false),
        ("numpy[track_features='a,b']", true),
        ("numpy[track_features=a]", false),
        ("numpy[flags=['blas:*', cuda]]", true),
        ("numpy[flags=[rocm]]", false),
        ("numpy[extras=[x],when='python<3']", true),
    ] {
        assert_eq!(spec(text).matches(&record), expected, "{text}");
    }
}

#[test]
fn simple_specs() {
    for (text, simple) in [
        ("numpy", true),
        ("numpy >=1 *_0", true),
        ("num*", false),
        ("conda-forge::numpy", false),
        ("numpy[when=python]", false),
        ("numpy[build_number=1]", false),
    ] {
        assert_eq!(spec(text).is_simple(), simple, "{text}");
    }
}

#[test]
fn regular_expressions_as_builds() {
    let level = spec("__archspec 1.* ^(core2|x86_64|x86_64_v2)$");
    assert_eq!(
        level.version().map(ToString::to_string).as_deref(),
        Some("1.*")
    );
    let build = level.build().expect("a build pattern");
    assert!(build.matches("x86_64_v2") && !build.matches("m1"));
    assert_eq!(spec(&level.to_string()), level);
}

#[test]
fn errors_point_at_the_part() {
    for (text, part) in [
        ("numpy >=", ">="),
        ("numpy[foo=bar]", "foo"),
        ("numpy[version=]", "version"),
        ("numpy[md5=xyz]", "xyz"),
        ("numpy[version=1", "["),
        ("numpy[version='1]", "'"),
        ("x..y 1", "x..y"),
        ("a\tb", "\t"),
        ("numpy[version=1][build=2]", "[build=2]"),
        ("numpy; if python", "; if python"),
    ] {
        let error = refused(text);
        assert_eq!(&text[error.span()], part, "{error}");
        assert!(error.to_string().lines().count() <= 2, "{error}");
    }
    for text in [
        "", " ", "# only", "[name=x]", "=1", "ch::", "x 1 (", "x\0", "x=1=b=b", "x >=1 <2",
    ] {
        refused(text);
    }
    assert!(!refused("https://me:word@example.com/t/abc/ch::x..y")
        .to_string()
        .contains("word"));
}

#[test]
fn long_texts_end_soon() {
    let long = MAX_MATCH_SPEC_LENGTH;
    refused(&"x".repeat(long + 1));
    for unit in [
        "[",
        "(",
        ")",
        ":",
        "=",
        " ",
        ",",
        "a,",
        "'",
        "\"",
        "*",
        "x[",
        "a=b,",
        "version=1,",
        "^$|",
        "/",
        "-",
        "#",
        "\\'",
    ] {
        let many = unit.repeat((long - 40) / unit.len());
        for text in [
            many.clone(),
            format!("x {many}"),
            format!("x[{many}"),
            format!("x[when='{many}']"),
            format!("x[flags=[{many}]]"),
            format!("x[extras='{many}']"),
            format!("x[build_number='{many}']"),
            format!("{many}::x"),
        ] {
            let _ = MatchSpec::parse(&text);
        }
    }
}

/// What is refused, and what its error must name.
#[track_caller]
fn refused_with(text: &str, words: &[&str]) {
    let error = refused(text).to_string();
    for word in words {
        assert!(error.contains(word), "{text:?}: {error}");
    }
}

#[test]
fn blanks_between_words_are_never_dropped() {
    for (text, form) in [
        (
            "x >=1.2 py310_0|py311_0",
            "x[version='>=1.2',build='^(py310_0|py311_0)$']",
        ),
        (
            "x 1.2.3 py310_0|*gpu*",
            "x[version='1.2.3',build='^(py310_0|.*gpu.*)$']",
        ),
        (
            "x 1.2.3 py310_0 | py311_0",
            "x[version='1.2.3',build='^(py310_0|py311_0)$']",
        ),
        (
            "x=1.2.3=py310_0|py311_0",
            "x[version='1.2.3',build='^(py310_0|py311_0)$']",
        ),
        (
            "x==1.2.3=py310_0,py311_0",
            "x[version='1.2.3',build='^(py310_0|py311_0)$']",
        ),
        ("x>=1,<2 a|b|c", "x[version='>=1,<2',build='^(a|b|c)$']"),
        (
            "x >=1 , <2 a.b|c+d",
            "x[version='>=1,<2',build='^(a\\.b|c\\+d)$']",
        ),
        ("x * a|b", "x[build='^(a|b)$']"),
        ("x=*=a|b", "x[build='^(a|b)$']"),
        ("cf::x 1 a|b", "cf::x[version='1',build='^(a|b)$']"),
        (
            "cf/noarch::x 1 a-b",
            "cf/noarch::x[version='1',build='^a-b$']",
        ),
        ("x 1.0 a-b", "x[version='1.0',build='^a-b$']"),
    ] {
        refused_with(text, &[form]);
        let build = spec(form);
        assert_eq!(spec(&build.to_string()), build, "{form}");
    }
    for (text, words) in [
        ("python 3.10 - 3.12", "python[version='>=3.10,<=3.12']"),
        ("python 3.10 -3.12", "python[version='>=3.10,<=3.12']"),
        ("x>=3.9 <3.12", "write '>=3.9,<3.12'"),
        ("x >=3.9  <3.12,!=3.10", "write '>=3.9,<3.12'"),
        ("x >=1,!=1.5 ~=1.2", "write '!=1.5,~=1.2'"),
        ("x>=3.9<3.12", "',' is missing before '<3.12'"),
        ("x[version='>=3.9 <3.12']", "write '>=3.9,<3.12'"),
        ("x[version='1.2 1.3']", "'1.2' and '1.3' are two words"),
        ("x[version='1.2 - 1.3']", "'1.2' and '-' are two words"),
        (
            "x[build_number='1 2']",
            "blanks separate nothing in a build number",
        ),
        ("x[when='y >=1 <2']", "write '>=1,<2'"),
        ("x 1.2 1.3|1.4 b", "'1.2' and '1.3' are two words"),
    ] {
        refused_with(text, &[words]);
        // No text is shown that nobody typed.
        let shown = refused(text).to_string();
        assert!(
            text.contains("3.9<3.12") || !shown.contains("3.9<3.12"),
            "{shown}"
        );
    }
    // Next to an operator a blank means nothing.
    for (text, canonical) in [
        ("x 1.2|1.3 py310_0", "x[version='1.2|1.3',build=py310_0]"),
        ("x >=1.2 , <2", "x[version='>=1.2,<2']"),
        ("x 1.2 |1.3", "x[version='1.2|1.3']"),
        ("x 1.2 | 1.3  b", "x[version='1.2|1.3',build=b]"),
        ("x (1.2 | 1.3) , >1", "x[version='(1.2|1.3),>1']"),
        ("x[build_number='>= 1, < 3']", "x[build_number='>=1,<3']"),
        ("x >= 1.2 py310_0", "x[version='>=1.2',build=py310_0]"),
        ("x[build='a b']", "x[build='a b']"),
    ] {
        assert_eq!(spec(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn checksums_behind_urls_count() {
    let url = "https://conda.anaconda.org/cf/linux-64/a-1.0-0.conda";
    let (md5, sha256) = ("0123456789abcdef0123456789abcdeF", "ab".repeat(32));
    for (fragment, is_md5) in [
        (md5.to_owned(), true),
        (format!("md5:{md5}"), true),
        (sha256.clone(), false),
        (format!("sha256:{sha256}"), false),
        (format!("sha256:{sha256} # why"), false),
    ] {
        for place in [url, "/srv/cf/linux-64/a-1.0-0.tar.bz2", "./a-1.0-0.conda"] {
            let parsed = spec(&format!("{place}#{fragment}"));
            assert_eq!(parsed.md5().is_some(), is_md5, "{fragment}");
            assert_eq!(parsed.sha256().is_some(), !is_md5, "{fragment}");
            assert_eq!(spec(&parsed.to_string()), parsed);
        }
    }
    assert_eq!(
        spec(&format!("{url}#{md5}")).md5(),
        Some(&*md5.to_lowercase())
    );
    assert_eq!(spec(&format!("{url} # why")).md5(), None);
    for wrong in ["", "abc", "sha256:00", "egg=a", "sha1:00", &md5[1..], "0 1"] {
        refused(&format!("{url}#{wrong}"));
    }
}

#[test]
fn other_languages_are_named() {
    for (text, word) in [
        ("-e .", "pip"),
        ("-r requirements.txt", "pip"),
        ("--no-deps", "pip"),
        ("--index-url=https://e.com/x", "pip"),
        ("git+https://github.com/numpy/numpy", "pip"),
        ("numpy @ https://e.com/numpy.whl", "pip"),
        ("numpy: 1.26", "numpy=1.26"),
        ("numpy: '>=1'", "YAML"),
        ("numpy: >=1.26", "numpy>=1.26"),
        ("scipy:1.26", "scipy=1.26"),
        ("- numpy", "YAML"),
        ("numpy@1.2", "numpy=1.2"),
        ("name=numpy", "write numpy"),
        ("numpy[extra]", "numpy[extras=[extra]]"),
        ("requests[security]", "requests[extras=[security]]"),
        (
            "ray[default,data] >=2.9",
            "ray[version='>=2.9',extras=[default,data]]",
        ),
        ("ray[default, tune]", "ray[extras=[default,tune]]"),
        ("cf::ray[default]", "cf::ray[extras=[default]]"),
        ("x[name=y]", "x"),
    ] {
        refused_with(text, &[word]);
    }
    for text in [
        "ns:numpy",
        "ns:7zip",
        "-x",
        "x[version=1,version=1]",
        "x[name=X]",
        "feat@",
    ] {
        let _ = MatchSpec::parse(text);
    }
    assert_eq!(spec("ns:7zip").name_exact(), Some("7zip"));
}

#[test]
fn odd_channels_are_refused_or_read_back() {
    for text in [
        "https://conda.anaconda.org///:::::III:::on",
        ":::::x",
        "::::on",
        "https://conda.anaconda.org/a:b::x",
        "x[channel=':::']",
        "x[channel='//']",
    ] {
        refused(text);
    }
    let pieces = [
        "https://",
        "file:///",
        "conda.anaconda.org",
        "e.com",
        "/",
        "//",
        ":",
        "::",
        "a",
        "t",
        ".",
        "..",
        "linux-64",
        "%3A",
        "@",
    ];
    // Every channel of four pieces.
    let count = pieces.len();
    for number in 0..count.pow(4) {
        let mut text = String::new();
        let mut left = number;
        for _ in 0..4 {
            text += pieces[left % count];
            left /= count;
        }
        for whole in [format!("{text}::x"), format!("x[channel='{text}']")] {
            if let Ok(parsed) = MatchSpec::parse(&whole) {
                let written = parsed.to_string();
                assert_eq!(
                    MatchSpec::parse(&written).as_ref(),
                    Ok(&parsed),
                    "{whole:?} -> {written:?}"
                );
            }
        }
    }
}

#[test]
fn errors_show_no_piece_of_a_secret() {
    for text in [
        "http://hunter2#x@host::app",
        "http://me:hunter2#x@host/channel::app >=",
        "https://host/t/hunter2/channel::app >=1,<",
        "https://me:hunter2@host/channel::app[hunter=1]",
    ] {
        let error = MatchSpec::parse(text).map_or_else(|e| e.to_string(), |spec| spec.to_string());
        assert!(!error.contains("hunter2"), "{error}");
        assert!(!error.contains("#x@"), "{error}");
    }
}
