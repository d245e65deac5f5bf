//! Tests of channels.

use proptest::prelude::*;

use super::*;

fn config() -> ChannelConfig {
    ChannelConfig {
        working_directory: PathBuf::from("/cwd"),
        home: Some(PathBuf::from("/home/me")),
        ..ChannelConfig::default()
    }
}

fn parse(text: &str) -> Channel {
    Channel::parse_with(text, &config()).unwrap()
}

#[test]
fn names_urls_and_paths() {
    for (text, canonical, base, name, subdir) in [
        (
            "conda-forge",
            "conda-forge",
            "https://conda.anaconda.org/conda-forge",
            "conda-forge",
            None,
        ),
        (
            "conda-forge/linux-64",
            "conda-forge",
            "https://conda.anaconda.org/conda-forge",
            "conda-forge",
            Some("linux-64"),
        ),
        (
            "conda-forge/label/dev",
            "conda-forge/label/dev",
            "https://conda.anaconda.org/conda-forge/label/dev",
            "conda-forge/label/dev",
            None,
        ),
        (
            "https://conda.anaconda.org/conda-forge/",
            "conda-forge",
            "https://conda.anaconda.org/conda-forge",
            "conda-forge",
            None,
        ),
        (
            "https://conda.anaconda.org/conda-forge/noarch/x-1-0.conda",
            "conda-forge",
            "https://conda.anaconda.org/conda-forge",
            "conda-forge",
            Some("noarch"),
        ),
        (
            "HTTPS://Example.com/ch/osx-64",
            "https://example.com/ch",
            "https://example.com/ch",
            "ch",
            Some("osx-64"),
        ),
        (
            "https://example.com:8080",
            "https://example.com:8080",
            "https://example.com:8080",
            "",
            None,
        ),
        (
            "pkgs/main",
            "defaults",
            "https://repo.anaconda.com/pkgs/main",
            "pkgs/main",
            None,
        ),
        (
            "https://conda.anaconda.org/pkgs/r",
            "defaults",
            "https://repo.anaconda.com/pkgs/r",
            "pkgs/r",
            None,
        ),
        (
            "https://repo.anaconda.com/pkgs/main/",
            "defaults",
            "https://repo.anaconda.com/pkgs/main",
            "pkgs/main",
            None,
        ),
        (
            "defaults",
            "defaults",
            "https://repo.anaconda.com/pkgs/main",
            "defaults",
            None,
        ),
        (
            "./chan",
            "file:///cwd/chan",
            "file:///cwd/chan",
            "cwd/chan",
            None,
        ),
        (
            "../a b/linux-64",
            "file:///a%20b",
            "file:///a%20b",
            "a%20b",
            Some("linux-64"),
        ),
        (
            "~/chan",
            "file:///home/me/chan",
            "file:///home/me/chan",
            "home/me/chan",
            None,
        ),
        (
            "/srv/x/../chan/",
            "file:///srv/chan",
            "file:///srv/chan",
            "srv/chan",
            None,
        ),
        (
            "file:///opt/ch",
            "file:///opt/ch",
            "file:///opt/ch",
            "opt/ch",
            None,
        ),
    ] {
        let channel = parse(text);
        assert_eq!(channel.canonical_name(), canonical, "{text}");
        assert_eq!(channel.base_url(), base, "{text}");
        assert_eq!(channel.name(), name, "{text}");
        assert_eq!(channel.subdir(), subdir, "{text}");
    }
}

#[test]
fn identity_is_the_base_url() {
    assert_eq!(
        parse("conda-forge"),
        parse("https://conda.anaconda.org/conda-forge")
    );
    assert_eq!(
        parse("https://u:p@x.org/t/abc/ch"),
        parse("https://x.org/ch/linux-64")
    );
    assert_ne!(parse("pkgs/main"), parse("pkgs/r"));
    assert_ne!(parse("pkgs/main"), parse("defaults"));
    assert_ne!(
        parse("https://example.com/conda-forge"),
        parse("conda-forge")
    );
}

#[test]
fn credentials_are_never_shown() {
    let channel = parse("https://user:s3cret@x.org/t/tk-12345/private/noarch");
    assert!(channel.has_credentials());
    assert_eq!(channel.base_url(), "https://x.org/private");
    assert_eq!(
        channel.fetch_url(),
        "https://user:s3cret@x.org/t/tk-12345/private"
    );
    let shown = format!("{channel} {channel:?} {}", channel.subdir_url("noarch"));
    assert!(
        !shown.contains("s3cret") && !shown.contains("tk-12345"),
        "{shown}"
    );
    let error = Channel::parse("https://user:s3cret@").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[test]
fn defaults_is_several_channels() {
    let names = |platform| -> Vec<String> {
        let members = parse("defaults").expand(platform);
        members.iter().map(|c| c.name().to_owned()).collect()
    };
    assert_eq!(names("linux-64"), ["pkgs/main", "pkgs/r"]);
    assert_eq!(names("win-64"), ["pkgs/main", "pkgs/r", "pkgs/msys2"]);
    assert_eq!(
        parse("conda-forge").expand("linux-64"),
        [parse("conda-forge")]
    );
}

#[test]
fn directories() {
    assert_eq!(
        parse("/srv/a b").directory(),
        Some(PathBuf::from("/srv/a b"))
    );
    assert_eq!(parse("conda-forge").directory(), None);
    assert_eq!(
        parse("conda-forge").subdirs("linux-64"),
        ["linux-64", "noarch"]
    );
    assert_eq!(parse("conda-forge/noarch").subdirs("linux-64"), ["noarch"]);
    assert!(host_subdir().is_none_or(is_known_subdir));
}

#[test]
fn bad_channels() {
    for text in [
        "",
        "  ",
        "<unknown>",
        "a b",
        "a\0b",
        "https://",
        "a::b",
        "a//b",
        "a/../b",
    ] {
        assert!(Channel::parse(text).is_err(), "{text:?}");
    }
    assert!(Channel::parse(&"x".repeat(10_000_000)).is_err());
}

proptest! {
    #[test]
    fn never_panics(text in ".{0,40}") {
        let _ = Channel::parse_with(&text, &config());
    }

    #[test]
    fn base_url_and_canonical_name_are_stable(
        text in "(https://([a-z]{1,4}(:[a-z]{0,3})?@)?[a-z.]{1,6}/|/|\\./|~/|)(t/[a-z0-9]{1,4}/)?[a-z0-9_./-]{0,16}(/linux-64)?"
    ) {
        if let Ok(channel) = Channel::parse_with(&text, &config()) {
            for again in [channel.base_url(), channel.canonical_name()] {
                let again = Channel::parse_with(again, &config());
                if let Ok(again) = again {
                    if channel.kind != Kind::Anaconda {
                        prop_assert_eq!(again.canonical_name(), channel.canonical_name());
                    }
                }
            }
            let again = Channel::parse_with(channel.base_url(), &config()).unwrap();
            if channel.kind != Kind::Defaults {
                prop_assert_eq!(again.base_url(), channel.base_url());
            }
        }
    }
}
