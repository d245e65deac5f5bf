//! Taking a spec string apart for the index: name, version program, build pattern.
//!
//! Nearly all dependencies of real channels have the positional form `name [version [build]]` with single spaces
//! (CEP 34). Those are cut here without building a `MatchSpec`; everything else, and everything that looks wrong,
//! goes to the real parser. The short cut may only take strings for which both give the same result, which the
//! tests compare.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::BuildPattern;
use crate::match_spec::{MatchSpec, MAX_MATCH_SPEC_LENGTH};
use crate::pattern::{glob_matches, pattern_kind, regex_matches, PatternKind};
use crate::version_spec::{compile_plain, Bounds, VersionSpec};

/// What the index keeps of a spec string.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct CompiledSpec<'a> {
    /// The exact name.
    pub name: Option<Cow<'a, str>>,
    /// Program of the version spec in [`SpecTable::programs`]; 0 for any.
    pub program: u32,
    /// Build pattern; `None` for any.
    pub build: Option<(PatternKind, Cow<'a, str>)>,
    /// Whether the three above say everything.
    pub simple: bool,
    /// Whether it asks for optional dependency groups.
    pub extras: bool,
    /// Why the text is no match spec.
    pub error: Option<String>,
}

/// Specs taken apart. Version specs are shared by many packages (`>=3.11,<3.12.0a0`), so each is compiled once.
#[derive(Debug)]
pub(super) struct SpecTable<'a> {
    /// In the order in which they were given.
    pub specs: Vec<CompiledSpec<'a>>,
    /// Compiled version specs, not all of them different; program 0 is empty.
    pub programs: Vec<Box<[u8]>>,
    /// The program of each version spec that was seen; `None` for what is none.
    known: FxHashMap<&'a str, Option<u32>>,
    /// Room for one program.
    bounds: Bounds,
    program: Vec<u8>,
}

impl<'a> SpecTable<'a> {
    /// An empty table.
    pub(super) fn new() -> SpecTable<'a> {
        SpecTable {
            specs: Vec::new(),
            programs: vec![Box::default()],
            known: FxHashMap::default(),
            bounds: Bounds::default(),
            program: Vec::new(),
        }
    }

    /// Takes specs apart and appends them.
    pub(super) fn extend(&mut self, texts: impl ExactSizeIterator<Item = &'a str>) {
        self.specs.reserve(texts.len());
        for text in texts {
            let spec = self.compile(text);
            self.specs.push(spec);
        }
    }

    fn compile(&mut self, text: &'a str) -> CompiledSpec<'a> {
        let positional = self.compile_positional(text);
        positional.unwrap_or_else(|| self.compile_any(text))
    }

    fn add(&mut self, program: &[u8]) -> u32 {
        if program.is_empty() {
            return 0;
        }
        self.programs.push(program.into());
        self.programs.len() as u32 - 1
    }

    /// The program of a version spec; `None` if it is none.
    fn version(&mut self, text: &'a str) -> Option<u32> {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        self.program.clear();
        let program = if compile_plain(text, &mut self.bounds, &mut self.program) {
            self.programs.push(self.program.as_slice().into());
            Some(self.programs.len() as u32 - 1)
        } else {
            let spec = VersionSpec::parse(text).ok();
            spec.map(|spec| self.add(spec.program()))
        };
        self.known.insert(text, program);
        program
    }

    /// By the parser for all of the language.
    fn compile_any(&mut self, text: &str) -> CompiledSpec<'a> {
        let spec = match MatchSpec::parse(text) {
            Ok(spec) => spec,
            Err(error) => {
                return CompiledSpec {
                    error: Some(error.reason().to_owned()),
                    ..CompiledSpec::default()
                }
            }
        };
        let build = spec.build().filter(|build| !build.is_any());
        CompiledSpec {
            name: spec.name_exact().map(|name| Cow::Owned(name.to_owned())),
            program: spec
                .version()
                .map_or(0, |version| self.add(version.program())),
            build: build.map(|build| (build.kind(), Cow::Owned(build.as_str().to_owned()))),
            simple: spec.is_simple(),
            extras: !spec.extras().is_empty(),
            error: None,
        }
    }

    /// `name`, `name version` or `name version build` with plain tokens; `None` to ask the real parser.
    fn compile_positional(&mut self, text: &'a str) -> Option<CompiledSpec<'a>> {
        let path_of_a_package = text.ends_with(".conda") || text.ends_with(".tar.bz2");
        if path_of_a_package || text.len() > MAX_MATCH_SPEC_LENGTH {
            return None;
        }
        let (name, rest) = cut(text);
        if !is_plain_name(name) {
            return None;
        }
        let (version, build) = rest
            .map(cut)
            .map_or((None, None), |(version, build)| (Some(version), build));
        let program = match version {
            None | Some("*") => 0,
            Some(version) => {
                if !is_plain_version(version) {
                    return None;
                }
                self.version(version)?
            }
        };
        let build = match build {
            None => None,
            // `**` says no more than `*`.
            Some(build) if !build.is_empty() && build.bytes().all(|byte| byte == b'*') => None,
            Some(build) => {
                if !is_plain_build(build) {
                    return None;
                }
                let kind = pattern_kind(build);
                Some((kind, Cow::Borrowed(build)))
            }
        };
        Some(CompiledSpec {
            name: Some(Cow::Borrowed(name)),
            program,
            build,
            simple: true,
            extras: false,
            error: None,
        })
    }
}

impl<'a> BuildPattern<'a> {
    /// What a spec asks of the build string; `None` if name, version and build do not say all that it asks of a record.
    pub fn of(spec: &'a MatchSpec) -> Option<Self> {
        if !spec.selects_simply() {
            return None;
        }
        Some(match spec.build() {
            Some(build) if !build.is_any() => match build.kind() {
                PatternKind::Exact => BuildPattern::Exact(build.as_str()),
                PatternKind::Glob => BuildPattern::Glob(build.as_str()),
                PatternKind::Regex => BuildPattern::Regex(build.as_str()),
            },
            _ => BuildPattern::Any,
        })
    }

    /// Whether a build string matches.
    pub fn matches(&self, build: &str) -> bool {
        match self {
            BuildPattern::Any => true,
            BuildPattern::Exact(text) => *text == build,
            BuildPattern::Glob(pattern) => glob_matches(pattern, build, false),
            BuildPattern::Regex(pattern) => regex_matches(pattern, build, false),
        }
    }
}

/// What is before the first space, and what is behind it.
#[inline]
fn cut(text: &str) -> (&str, Option<&str>) {
    // Tokens are shorter than what a search for long texts needs to begin.
    match text.bytes().position(|byte| byte == b' ') {
        Some(space) => (&text[..space], text.get(space + 1..)),
        None => (text, None),
    }
}

/// Lower-case words joined by single `.`, `_` or `-`, after at most two `_`.
fn is_plain_name(name: &str) -> bool {
    let words = name
        .strip_prefix("__")
        .or_else(|| name.strip_prefix('_'))
        .unwrap_or(name);
    let mut after_word = false;
    for byte in words.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => after_word = true,
            b'.' | b'_' | b'-' if after_word => after_word = false,
            _ => return false,
        }
    }
    after_word
}

/// Clauses of a version spec for which the rules about `=` (a fuzzy `=1.2`, a build behind `=`) do not apply.
fn is_plain_version(version: &str) -> bool {
    let mut previous = b'=';
    for (position, byte) in version.bytes().enumerate() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'_' | b'+' | b'*' => {}
            b'<' | b'>' | b'!' | b'~' | b',' | b'|' => {}
            b'=' if position > 0 && matches!(previous, b'<' | b'>' | b'!' | b'~') => {}
            _ => return false,
        }
        previous = byte;
    }
    // A spec that ends in an operator is an error, and the real parser words it.
    !matches!(previous, b'=' | b'<' | b'>' | b'!' | b'~' | b',' | b'|')
}

/// A build string or a glob of one.
fn is_plain_build(build: &str) -> bool {
    !build.is_empty()
        && build
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+' | b'*'))
}

#[cfg(test)]
#[allow(clippy::print_stderr, clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;

    use super::*;

    /// Both ways give the same, wherever the short cut answers at all.
    fn agree(text: &str) -> bool {
        let (mut short, mut long) = (SpecTable::new(), SpecTable::new());
        let Some(mut spec) = short.compile_positional(text) else {
            return true;
        };
        let mut expected = long.compile_any(text);
        let programs = [&mut spec, &mut expected].map(|spec| std::mem::take(&mut spec.program));
        let [program, wanted] = programs.map(|program| program as usize);
        spec == expected && short.programs[program] == long.programs[wanted]
    }

    fn is_positional(text: &str) -> bool {
        SpecTable::new().compile_positional(text).is_some()
    }

    fn compile(text: &str) -> CompiledSpec<'_> {
        SpecTable::new().compile(text)
    }

    #[test]
    fn positional_form_is_cut_without_the_parser() {
        for text in [
            "python",
            "numpy 1.2.*",
            "blas * openblas",
            "a >=1,<2|3 *_0",
            "__glibc >=2.17,<3.0.a0",
        ] {
            assert!(is_positional(text), "{text}");
            assert!(agree(text), "{text}");
        }
        for text in [
            "a =1.2",
            "a ==1",
            "a >=",
            "a..b",
            "a[build=x]",
            "a  1",
            "c::a",
            "A",
            "a 1 b c",
        ] {
            assert!(!is_positional(text), "{text}");
        }
        let bad = compile("a >=");
        assert!(bad.error.is_some() && bad.name.is_none());
        assert!(!compile("a[build_number=1]").simple);
        assert!(compile(&"a".repeat(70_000)).error.is_some());
    }

    fn repodata_files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                repodata_files(&path, found);
            } else if path.ends_with("repodata.json.zst") {
                found.push(path);
            }
        }
    }

    #[test]
    fn short_cut_agrees_on_real_channels() {
        let shared = std::env::var_os("RESOLVENT_SHARED").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/material"),
            PathBuf::from,
        );
        let mut files = Vec::new();
        repodata_files(&shared.join("data"), &mut files);
        if files.is_empty() {
            eprintln!("skipped: no repodata below {}", shared.display());
            return;
        }
        let mut texts = BTreeSet::new();
        for file in files {
            let bytes = zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap();
            let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            for records in ["packages", "packages.conda"] {
                for record in json[records]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(_, record)| record)
                {
                    for list in [&record["depends"], &record["constrains"]] {
                        let specs = list.as_array().into_iter().flatten();
                        texts.extend(specs.filter_map(|spec| spec.as_str().map(str::to_owned)));
                    }
                }
            }
        }
        let wrong: Vec<_> = texts.iter().filter(|text| !agree(text)).collect();
        let unread: Vec<_> = texts
            .iter()
            .filter(|text| compile(text).error.is_some())
            .collect();
        eprintln!("{} distinct specs, unreadable: {unread:?}", texts.len());
        assert!(wrong.is_empty(), "{wrong:?}");
        // Real channels have a handful of broken strings.
        assert!(unread.len() * 1000 < texts.len(), "{unread:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn short_cut_agrees(
            name in "_{0,3}[a-z0-9._-]{1,5}(\\.conda)?",
            version in "( (>=|<|!=|~=|=|==)?[0-9a-z.*+_]{1,5}([,|](>=|<|!=|)[0-9.*]{1,4})?)?",
            build in "( [a-z0-9_.*+]{1,6}(\\.conda|@)?)?",
        ) {
            let text = format!("{name}{version}{build}");
            prop_assert!(agree(&text), "{text}");
        }
    }
}
