//! The whole file: which keys stand at the top, and what each may hold.
//!
//! `info`, `packages`, `packages.conda`, `v3`, `removed` and `repodata_version` are read; every other key is walked
//! over.
//!
//! `v3` (CEP 48) holds records by archive type and by file name without the extension: `{"conda": {stem: record},
//! "tar.bz2": …}`. Its records join the others; where both have an archive, the one of `v3` counts. Types that no
//! conda tool installs (`whl`) are walked over.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;
use serde::de::{Error as _, MapAccess, SeqAccess};

use super::columns::Columns;
use super::fields::{Accept, Found, Ignore, OptStr, OptUnsigned, Str, Value};
use super::file_name::{hash_of_name, is_file_name};
use super::record::{Outcome, RecordOf};
use super::scratch::Scratch;
use super::{RejectedRecord, Rejection, SUPPORTED_REPODATA_VERSION};
use crate::version::shorten;

/// Why reading stopped although the text is JSON.
#[derive(Debug)]
pub(crate) enum Failure {
    Document { key: String, reason: String },
    Record(RejectedRecord),
    Version(u64),
}

/// The file names of a document that was read so far.
pub(crate) type FileNames = HashSet<String, FxBuildHasher>;

/// Reads a repodata document, or a chunk of one, into `columns`.
pub(crate) struct Document<'x> {
    pub columns: &'x mut Columns,
    pub scratch: &'x mut Scratch,
    /// Leave wrong records out instead of stopping.
    pub skip_bad_records: bool,
    /// For finding names that are given twice; without, that is left to the caller.
    pub file_names: Option<&'x mut FileNames>,
    /// The text continues a section: its first key is a section whatever its name.
    pub continues: bool,
    /// Keys at the top, in the order of the text, those that were read.
    pub keys: &'x mut Vec<&'static str>,
    /// Whether the last key of the text was a section.
    pub ends_in_section: &'x mut bool,
    /// Set when the visitor stops on its own account.
    pub failure: &'x mut Option<Failure>,
}

/// The keys at the top that are read.
const KEYS: [&str; 6] = [
    "info",
    "packages",
    "packages.conda",
    "removed",
    "repodata_version",
    "v3",
];

impl Document<'_> {
    fn stop<E: serde::de::Error>(&mut self, key: &str, reason: String) -> E {
        let key = key.to_string();
        *self.failure = Some(Failure::Document { key, reason });
        E::custom("stopped")
    }

    fn check_version<E: serde::de::Error>(
        &mut self,
        key: &str,
        value: Result<Option<u64>, Found>,
    ) -> Result<(), E> {
        match value {
            Ok(Some(version)) if version > SUPPORTED_REPODATA_VERSION => {
                *self.failure = Some(Failure::Version(version));
                Err(E::custom("stopped"))
            }
            Ok(_) => Ok(()),
            Err(found) => Err(self.stop(key, format!("expected an integer, found {found}"))),
        }
    }
}

impl<'a> Accept<'a> for Document<'_> {
    type Out = ();

    fn object<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        let mut first = self.continues;
        while let Some(key) = map.next_key_seed(Value(Str))? {
            // Keys are strings, the parser has made sure.
            let Ok(key) = key else { continue };
            let known = KEYS.into_iter().find(|known| *known == key);
            *self.ends_in_section = first || known.is_some_and(|key| key.starts_with("packages"));
            let key = match known {
                _ if std::mem::take(&mut first) => "",
                None => {
                    map.next_value_seed(Value(Ignore))?.ok();
                    continue;
                }
                Some(key) if self.keys.contains(&key) => {
                    return Err(self.stop(key, "the key is given twice".into()));
                }
                Some(key) => {
                    self.keys.push(key);
                    key
                }
            };
            match key {
                "repodata_version" => {
                    let version = map.next_value_seed(Value(OptUnsigned))?;
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
                    let section = Revision(&mut self);
                    if let Err(found) = map.next_value_seed(Value(section))? {
                        return Err(self.stop(key, format!("expected an object, found {found}")));
                    }
                }
                _ => {
                    let section = Section {
                        document: &mut self,
                        extension: "",
                    };
                    if let Err(found) = map.next_value_seed(Value(section))? {
                        return Err(self.stop(key, format!("expected an object, found {found}")));
                    }
                }
            }
        }
        Ok(Ok(()))
    }
}

/// `v3`: archive type to section.
struct Revision<'d, 'x>(&'d mut Document<'x>);

impl<'a> Accept<'a> for Revision<'_, '_> {
    type Out = ();

    fn null(self) -> Result<(), Found> {
        Ok(())
    }

    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        let Revision(document) = self;
        while let Some(kind) = map.next_key_seed(Value(Str))? {
            let Ok(kind) = kind else { continue };
            let extension = match &*kind {
                "conda" => ".conda",
                "tar.bz2" => ".tar.bz2",
                _ => {
                    map.next_value_seed(Value(Ignore))?.ok();
                    continue;
                }
            };
            let section = Section {
                document: &mut *document,
                extension,
            };
            if let Err(found) = map.next_value_seed(Value(section))? {
                let reason = format!("expected an object, found {found}");
                return Err(document.stop(&format!("v3.{kind}"), reason));
            }
        }
        Ok(Ok(()))
    }
}

/// `info`: the subdir and where the archives are.
struct Info<'d, 'x>(&'d mut Document<'x>);

impl<'a> Accept<'a> for Info<'_, '_> {
    type Out = ();

    fn null(self) -> Result<(), Found> {
        Ok(())
    }

    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        let Info(document) = self;
        while let Some(key) = map.next_key_seed(Value(Str))? {
            let Ok(key) = key else { continue };
            match &*key {
                "subdir" | "base_url" => {
                    let text = match map.next_value_seed(Value(OptStr))? {
                        Ok(text) => text.map(String::from),
                        Err(found) => {
                            let reason = format!("expected a string, found {found}");
                            return Err(document.stop(&format!("info.{key}"), reason));
                        }
                    };
                    if key == "subdir" {
                        document.columns.subdir = text;
                        continue;
                    }
                    if let Some(url) = text.as_deref().filter(|url| !is_url(url)) {
                        let reason =
                            format!("{:?} is not a URL or a path of one", shorten(url, 80));
                        return Err(document.stop("info.base_url", reason));
                    }
                    document.columns.base_url = text;
                }
                // CEP 36 lists the version here; in practice it stands at the top.
                "repodata_version" => {
                    let version = map.next_value_seed(Value(OptUnsigned))?;
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

/// Whether a text can be what archives' names are appended to: a path, or a URL of a kind that archives come by.
fn is_url(text: &str) -> bool {
    let legal =
        |c: char| crate::text::is_plain(c) && !c.is_whitespace() && !"#?\\\"'<>`".contains(c);
    let scheme = text.split_once("://").map_or("https", |(scheme, _)| scheme);
    let known = ["http", "https", "file", "s3", "gs", "oci"];
    text.chars().all(legal) && known.iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// `removed`: names of withdrawn archives.
struct Removed<'d, 'x>(&'d mut Document<'x>);

impl<'a> Accept<'a> for Removed<'_, '_> {
    type Out = ();

    fn null(self) -> Result<(), Found> {
        Ok(())
    }

    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Result<(), Found>, A::Error> {
        while let Some(name) = list.next_element_seed(Value(Str))? {
            match name {
                Ok(name) => self.0.columns.removed.push(name.into()),
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
struct Section<'d, 'x> {
    document: &'d mut Document<'x>,
    /// What the keys leave out of the file names; not empty in `v3`.
    extension: &'static str,
}

impl Section<'_, '_> {
    fn is_newer(&self) -> bool {
        !self.extension.is_empty()
    }

    /// Whether a file name is a new one, for this reader. `v3` and the rest are apart.
    fn is_new(&mut self, file_name: &str) -> bool {
        let mark = if self.is_newer() { "/" } else { "" };
        let known = self.document.file_names.as_mut();
        known.is_none_or(|known| known.insert(format!("{mark}{file_name}")))
    }

    /// The last record of the columns has this name.
    fn keep(&mut self, file_name: &str) {
        let newer = self.is_newer();
        let columns = &mut *self.document.columns;
        if let Some(record) = columns.records.last_mut() {
            record.newer = newer;
        }
        columns.file_hashes.push(hash_of_name(newer, file_name));
    }
}

impl<'a> Accept<'a> for Section<'_, '_> {
    type Out = ();

    fn null(self) -> Result<(), Found> {
        Ok(())
    }

    fn object<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        while let Some(file_name) = map.next_key_seed(Value(Str))? {
            let Ok(mut file_name) = file_name else {
                continue;
            };
            if self.is_newer() {
                file_name.to_mut().push_str(self.extension);
            }
            let record = RecordOf {
                columns: &mut *self.document.columns,
                scratch: &mut *self.document.scratch,
                file_name: &file_name,
            };
            let outcome = map.next_value_seed(Value(record))?;
            let wrong = |field: String, reason: String| Rejection::Wrong { field, reason };
            let all = String::new();
            let rejection = match outcome {
                Ok(Outcome::Record) if !is_file_name(&file_name) => {
                    self.document.columns.pop();
                    wrong(all, "not a plain file name".into())
                }
                _ if !is_file_name(&file_name) => wrong(all, "not a plain file name".into()),
                Ok(Outcome::Record) if self.is_new(&file_name) => {
                    self.keep(&file_name);
                    continue;
                }
                Ok(Outcome::Record) => {
                    self.document.columns.pop();
                    wrong(all, "the file name is given twice".into())
                }
                Ok(Outcome::Newer(version)) => Rejection::RecordVersion(version),
                Ok(Outcome::Wrong(field, reason)) => wrong(field, reason),
                Err(found) => wrong(all, format!("expected an object, found {found}")),
            };
            let skip =
                self.document.skip_bad_records || !matches!(rejection, Rejection::Wrong { .. });
            let rejected = RejectedRecord {
                file_name: file_name.into(),
                rejection,
            };
            if !skip {
                *self.document.failure = Some(Failure::Record(rejected));
                return Err(A::Error::custom("stopped"));
            }
            self.document.columns.rejected.push(rejected);
        }
        Ok(Ok(()))
    }
}
