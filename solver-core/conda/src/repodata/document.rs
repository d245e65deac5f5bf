//! The whole file: which keys stand at the top, and what each may hold.
//!
//! `info`, `packages`, `packages.conda`, `v3`, `removed` and `repodata_version` are read; every other key is walked over.
//!
//! `v3` (CEP 48) holds records by archive type and by file name without the extension: `{"conda": {stem: record}, "tar.bz2":
//! …}`. Its records join the others; where both have an archive, the one of `v3` counts. Types that no conda tool
//! installs (`whl`) are walked over.

use bumpalo::Bump;
use serde::de::{Error as _, MapAccess, SeqAccess};

use super::fields::{Accept, Found, Ignore, Str, Unsigned, Value};
use super::raw::RawRepodata;
use super::record::{Outcome, RecordOf};
use super::{RejectedRecord, Rejection, SUPPORTED_REPODATA_VERSION};
use rustc_hash::FxHashSet;

/// Why reading stopped although the text is JSON.
#[derive(Debug)]
pub(crate) enum Failure {
    Document { key: String, reason: String },
    Record(RejectedRecord),
    Version(u64),
}

/// Reads a repodata document into `raw`.
pub(crate) struct Document<'x, 'a> {
    pub raw: &'x mut RawRepodata<'a>,
    pub arena: &'a Bump,
    /// Leave wrong records out instead of stopping.
    pub skip_bad_records: bool,
    /// Set when the visitor stops on its own account.
    pub failure: &'x mut Option<Failure>,
}

impl Document<'_, '_> {
    fn stop<E: serde::de::Error>(&mut self, key: &str, reason: String) -> E {
        let key = key.to_string();
        *self.failure = Some(Failure::Document { key, reason });
        E::custom("stopped")
    }

    fn check_version<E: serde::de::Error>(
        &mut self,
        key: &str,
        value: Result<u64, Found>,
    ) -> Result<(), E> {
        match value {
            Ok(version) if version > SUPPORTED_REPODATA_VERSION => {
                *self.failure = Some(Failure::Version(version));
                Err(E::custom("stopped"))
            }
            Ok(_) => Ok(()),
            Err(found) => Err(self.stop(key, format!("expected an integer, found {found}"))),
        }
    }
}

impl<'a> Accept<'a> for Document<'_, 'a> {
    type Out = ();

    fn object<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        let mut seen: Vec<&str> = Vec::new();
        let mut file_names = FxHashSet::default();
        let mut newer = Newer::default();
        while let Some(key) = map.next_key_seed(Value(Str(self.arena)))? {
            // Keys are strings, the parser has made sure.
            let Ok(key) = key else { continue };
            if !matches!(
                key,
                "info" | "packages" | "packages.conda" | "removed" | "repodata_version" | "v3"
            ) {
                map.next_value_seed(Value(Ignore))?.ok();
                continue;
            }
            if seen.contains(&key) {
                return Err(self.stop(key, "the key is given twice".into()));
            }
            seen.push(key);
            match key {
                "repodata_version" => {
                    let version = map.next_value_seed(Value(Unsigned))?;
                    self.check_version(key, version)?;
                }
                "info" => {
                    let info = Info(&mut self);
                    if let Err(found) = map.next_value_seed(Value(info))? {
                        return Err(self.stop(key, format!("expected an object, found {found}")));
                    }
                }
                "removed" => {
                    let removed = Removed(&mut self);
                    if let Err(found) = map.next_value_seed(Value(removed))? {
                        let reason = format!("expected a list of strings, found {found}");
                        return Err(self.stop(key, reason));
                    }
                }
                "v3" => {
                    let section = Revision {
                        document: &mut self,
                        newer: &mut newer,
                    };
                    if let Err(found) = map.next_value_seed(Value(section))? {
                        return Err(self.stop(key, format!("expected an object, found {found}")));
                    }
                }
                _ => {
                    let section = Section {
                        document: &mut self,
                        file_names: &mut file_names,
                        extension: "",
                    };
                    if let Err(found) = map.next_value_seed(Value(section))? {
                        return Err(self.stop(key, format!("expected an object, found {found}")));
                    }
                }
            }
        }
        newer.replace(self.raw);
        Ok(Ok(()))
    }
}

/// The records of `v3`.
#[derive(Default)]
struct Newer<'a> {
    file_names: FxHashSet<&'a str>,
    /// Where they are among the records.
    range: std::ops::Range<usize>,
}

impl Newer<'_> {
    /// Drops the records of the older sections that `v3` has too.
    fn replace(self, raw: &mut RawRepodata<'_>) {
        if self.file_names.is_empty() {
            return;
        }
        let mut position = 0;
        raw.records.retain(|record| {
            let own = self.range.contains(&position);
            position += 1;
            own || !self.file_names.contains(record.file_name)
        });
    }
}

/// `v3`: archive type to section.
struct Revision<'d, 'x, 'a> {
    document: &'d mut Document<'x, 'a>,
    newer: &'d mut Newer<'a>,
}

impl<'a> Accept<'a> for Revision<'_, '_, 'a> {
    type Out = ();

    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        let Revision { document, newer } = self;
        let start = document.raw.records.len();
        while let Some(kind) = map.next_key_seed(Value(Str(document.arena)))? {
            let Ok(kind) = kind else { continue };
            let extension = match kind {
                "conda" => ".conda",
                "tar.bz2" => ".tar.bz2",
                _ => {
                    map.next_value_seed(Value(Ignore))?.ok();
                    continue;
                }
            };
            let section = Section {
                document: &mut *document,
                file_names: &mut newer.file_names,
                extension,
            };
            if let Err(found) = map.next_value_seed(Value(section))? {
                let reason = format!("expected an object, found {found}");
                return Err(document.stop(&format!("v3.{kind}"), reason));
            }
        }
        newer.range = start..document.raw.records.len();
        Ok(Ok(()))
    }
}

/// `info`: the subdir and where the archives are.
struct Info<'d, 'x, 'a>(&'d mut Document<'x, 'a>);

impl<'a> Accept<'a> for Info<'_, '_, 'a> {
    type Out = ();

    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        let Info(document) = self;
        let arena = document.arena;
        while let Some(key) = map.next_key_seed(Value(Str(arena)))? {
            let Ok(key) = key else { continue };
            match key {
                "subdir" | "base_url" => {
                    let optional = super::fields::OptStr(arena);
                    let text = match map.next_value_seed(Value(optional))? {
                        Ok(text) => text,
                        Err(found) => {
                            let reason = format!("expected a string, found {found}");
                            return Err(document.stop(&format!("info.{key}"), reason));
                        }
                    };
                    if key == "subdir" {
                        document.raw.subdir = text;
                    } else {
                        document.raw.base_url = text;
                    }
                }
                // CEP 36 lists the version here; in practice it stands at the top.
                "repodata_version" => {
                    let version = map.next_value_seed(Value(Unsigned))?;
                    document.check_version("info.repodata_version", version)?;
                }
                _ => {
                    map.next_value_seed(Value(Ignore))?.ok();
                }
            }
        }
        Ok(Ok(()))
    }
}

/// `removed`: names of withdrawn archives.
struct Removed<'d, 'x, 'a>(&'d mut Document<'x, 'a>);

impl<'a> Accept<'a> for Removed<'_, '_, 'a> {
    type Out = ();

    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Result<(), Found>, A::Error> {
        let arena = self.0.arena;
        while let Some(name) = list.next_element_seed(Value(Str(arena)))? {
            match name {
                Ok(name) => self.0.raw.removed.push(name),
                Err(found) => {
                    let reason = format!("expected a list of strings, found {found} in it");
                    return Err(self.0.stop("removed", reason));
                }
            }
        }
        Ok(Ok(()))
    }
}

/// `packages`, `packages.conda` or a section of `v3`: archive name to record.
struct Section<'d, 'x, 'a> {
    document: &'d mut Document<'x, 'a>,
    file_names: &'d mut FxHashSet<&'a str>,
    /// What the keys leave out of the file names.
    extension: &'static str,
}

impl<'a> Accept<'a> for Section<'_, '_, 'a> {
    type Out = ();

    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        let Section {
            document,
            file_names,
            extension,
        } = self;
        let arena = document.arena;
        while let Some(file_name) = map.next_key_seed(Value(Str(arena)))? {
            let Ok(file_name) = file_name else { continue };
            let file_name = match extension {
                "" => file_name,
                extension => &*arena.alloc_str(&format!("{file_name}{extension}")),
            };
            let items = document.raw.items.len();
            let rare = document.raw.rare.len();
            let record = RecordOf {
                raw: &mut *document.raw,
                arena,
                file_name,
            };
            let outcome = map.next_value_seed(Value(record))?;
            let wrong = |field: &str, reason: String| Rejection::Wrong {
                field: field.to_string(),
                reason,
            };
            let rejection = match outcome {
                _ if !is_file_name(file_name) => wrong("", "not a plain file name".into()),
                Ok(Outcome::Record(record)) if file_names.insert(file_name) => {
                    document.raw.records.push(record);
                    continue;
                }
                Ok(Outcome::Record(_)) => wrong("", "the file name is given twice".into()),
                Ok(Outcome::Newer(version)) => Rejection::RecordVersion(version),
                Ok(Outcome::Wrong(field, reason)) => wrong(field, reason),
                Err(found) => wrong("", format!("expected an object, found {found}")),
            };
            document.raw.items.truncate(items);
            document.raw.rare.truncate(rare);
            let fatal = matches!(rejection, Rejection::Wrong { .. }) && !document.skip_bad_records;
            let rejected = RejectedRecord {
                file_name: file_name.to_string(),
                rejection,
            };
            if fatal {
                *document.failure = Some(Failure::Record(rejected));
                return Err(A::Error::custom("stopped"));
            }
            document.raw.rejected.push(rejected);
        }
        Ok(Ok(()))
    }
}

/// Archive names become parts of URLs and of paths, so they must not lead elsewhere.
fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && !name
            .chars()
            .any(|c| c == '/' || c == '\\' || c.is_control())
}
