//! Package records from mappings and back, with repodata's keys.
//!
//! A mapping is judged as the repodata reader judges a record: `name`, `version`, `build` and `build_number` must be
//! there, a known key must have its type, times up to the year 9999 in seconds are brought to milliseconds (CEP 36).
//! Keys that this library does not know are kept as JSON text and come back as they were.

use conda::record::NoArch;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyMapping, PyString, PyTuple};

use crate::errors::InvalidRepodata;

/// Keys that fields of a record stand for.
const KNOWN: [&str; 23] = [
    "name",
    "version",
    "build",
    "build_number",
    "subdir",
    "channel",
    "fn",
    "url",
    "depends",
    "constrains",
    "track_features",
    "features",
    "noarch",
    "timestamp",
    "indexed_timestamp",
    "md5",
    "sha256",
    "size",
    "license",
    "license_family",
    "python_site_packages_path",
    "extra_depends",
    "flags",
];

/// The last millisecond of the year 9999 in seconds: up to here a timestamp counts seconds (CEP 36).
const LAST_SECOND: u64 = 253_402_300_799;

/// The record that a mapping describes.
///
/// # Errors
/// `TypeError` if it is no mapping, `InvalidRepodata` with `.field` if a value is missing or of the wrong type.
pub(crate) fn from_mapping(mapping: &Bound<'_, PyAny>) -> PyResult<conda::PackageRecord> {
    let fields = Fields(mapping.cast::<PyMapping>().map_err(|_| {
        pyo3::exceptions::PyTypeError::new_err(
            "a record is made from a mapping with repodata's keys",
        )
    })?);
    let milliseconds = |time: u64| {
        if time <= LAST_SECOND {
            time * 1000
        } else {
            time
        }
    };
    Ok(conda::PackageRecord {
        name: fields.required(fields.text("name")?, "name")?,
        version: fields.required(fields.text("version")?, "version")?,
        build: fields.required(fields.text("build")?, "build")?,
        build_number: fields.required(fields.number("build_number")?, "build_number")?,
        subdir: fields.text("subdir")?.unwrap_or_default(),
        channel: fields.text("channel")?.unwrap_or_default(),
        file_name: fields.text("fn")?.unwrap_or_default(),
        url: fields.text("url")?.unwrap_or_default(),
        depends: fields.list("depends")?,
        constrains: fields.list("constrains")?,
        track_features: fields.list("track_features")?,
        features: fields.list("features")?,
        noarch: fields.noarch()?,
        timestamp: milliseconds(fields.number("timestamp")?.unwrap_or(0)),
        indexed_timestamp: fields.number("indexed_timestamp")?.map(milliseconds),
        md5: fields.text("md5")?,
        sha256: fields.text("sha256")?,
        size: fields.number("size")?,
        license: fields.text("license")?,
        license_family: fields.text("license_family")?,
        python_site_packages_path: fields.text("python_site_packages_path")?,
        extra_depends: fields.groups("extra_depends")?,
        flags: fields.list("flags")?,
        extra_json: fields.others()?,
    })
}

/// Repodata's keys plus `fn`, `url` and `channel`; those that say nothing are left out.
pub(crate) fn to_dict<'py>(
    py: Python<'py>,
    r: &conda::PackageRecord,
) -> PyResult<Bound<'py, PyDict>> {
    let d = PyDict::new(py);
    d.set_item("name", &r.name)?;
    d.set_item("version", &r.version)?;
    d.set_item("build", &r.build)?;
    d.set_item("build_number", r.build_number)?;
    d.set_item("subdir", &r.subdir)?;
    d.set_item("depends", &r.depends)?;
    d.set_item("constrains", &r.constrains)?;
    for (key, words) in [
        ("track_features", &r.track_features),
        ("features", &r.features),
    ] {
        if !words.is_empty() {
            d.set_item(key, words.join(" "))?;
        }
    }
    for (key, value) in [
        ("noarch", r.noarch.map(NoArch::as_str)),
        ("md5", r.md5.as_deref()),
        ("sha256", r.sha256.as_deref()),
        ("license", r.license.as_deref()),
        ("license_family", r.license_family.as_deref()),
        (
            "python_site_packages_path",
            r.python_site_packages_path.as_deref(),
        ),
    ] {
        if let Some(value) = value {
            d.set_item(key, value)?;
        }
    }
    for (key, value) in [
        ("timestamp", (r.timestamp > 0).then_some(r.timestamp)),
        ("indexed_timestamp", r.indexed_timestamp),
        ("size", r.size),
    ] {
        if let Some(value) = value {
            d.set_item(key, value)?;
        }
    }
    if !r.flags.is_empty() {
        d.set_item("flags", &r.flags)?;
    }
    if !r.extra_depends.is_empty() {
        d.set_item("extra_depends", groups(py, r)?)?;
    }
    if !r.extra_json.is_empty() {
        d.update(others(py, r)?.as_mapping())?;
    }
    d.set_item("channel", &r.channel)?;
    d.set_item("fn", &r.file_name)?;
    d.set_item("url", &r.url)?;
    Ok(d)
}

/// The optional dependency groups (CEP 44) as a dict.
pub(crate) fn groups<'py>(
    py: Python<'py>,
    record: &conda::PackageRecord,
) -> PyResult<Bound<'py, PyDict>> {
    let groups = PyDict::new(py);
    for (group, specs) in &record.extra_depends {
        groups.set_item(group, specs)?;
    }
    Ok(groups)
}

/// The keys that this library does not know.
pub(crate) fn others<'py>(
    py: Python<'py>,
    record: &conda::PackageRecord,
) -> PyResult<Bound<'py, PyDict>> {
    if record.extra_json.is_empty() {
        return Ok(PyDict::new(py));
    }
    let parsed = py
        .import("json")?
        .call_method1("loads", (record.extra_json.as_str(),))?;
    Ok(parsed.cast_into::<PyDict>()?)
}

/// The values of a mapping, judged.
struct Fields<'a, 'py>(&'a Bound<'py, PyMapping>);

impl<'py> Fields<'_, 'py> {
    /// The value of a key; None where it is absent or None.
    fn get(&self, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        if !self.0.contains(key)? {
            return Ok(None);
        }
        let value = self.0.get_item(key)?;
        Ok((!value.is_none()).then_some(value))
    }

    fn required<T>(&self, value: Option<T>, key: &str) -> PyResult<T> {
        value.ok_or_else(|| wrong(self.0.py(), key, "is missing"))
    }

    fn text(&self, key: &str) -> PyResult<Option<String>> {
        self.get(key)?.map(|value| string(&value, key)).transpose()
    }

    fn number(&self, key: &str) -> PyResult<Option<u64>> {
        let number = |value: Bound<'py, PyAny>| {
            let number = if value.is_instance_of::<PyBool>() {
                None
            } else {
                value.extract().ok()
            };
            number.ok_or_else(|| wrong(value.py(), key, "is not a whole number from 0 to 2^64 - 1"))
        };
        self.get(key)?.map(number).transpose()
    }

    fn list(&self, key: &str) -> PyResult<Vec<String>> {
        self.get(key)?
            .map_or(Ok(Vec::new()), |value| strings(&value, key))
    }

    fn noarch(&self) -> PyResult<Option<NoArch>> {
        let Some(value) = self.get("noarch")? else {
            return Ok(None);
        };
        match value.extract::<String>().as_deref() {
            Ok("python") => return Ok(Some(NoArch::Python)),
            Ok("generic") => return Ok(Some(NoArch::Generic)),
            _ => {}
        }
        // What old packages have.
        match value.cast::<PyBool>() {
            Ok(flag) => Ok(flag.is_true().then_some(NoArch::Generic)),
            Err(_) => Err(wrong(
                value.py(),
                "noarch",
                "is not \"python\", \"generic\" or null",
            )),
        }
    }

    fn groups(&self, key: &str) -> PyResult<Vec<(String, Vec<String>)>> {
        let Some(value) = self.get(key)? else {
            return Ok(Vec::new());
        };
        let Ok(groups) = value.cast::<PyDict>() else {
            return Err(wrong(
                value.py(),
                key,
                "is not an object of lists of strings",
            ));
        };
        groups
            .iter()
            .map(|(group, specs)| Ok((string(&group, key)?, strings(&specs, key)?)))
            .collect()
    }

    /// JSON text of the keys that are not known.
    fn others(&self) -> PyResult<String> {
        let py = self.0.py();
        let rest = PyDict::new(py);
        for item in self.0.items()?.iter() {
            let (key, value) = item.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            let Ok(name) = key.extract::<String>() else {
                return Err(wrong(
                    py,
                    &key.to_string(),
                    "is no string, as a key must be",
                ));
            };
            if !KNOWN.contains(&name.as_str()) {
                rest.set_item(name, value)?;
            }
        }
        if rest.is_empty() {
            return Ok(String::new());
        }
        let style = PyDict::new(py);
        style.set_item("ensure_ascii", false)?;
        style.set_item("allow_nan", false)?;
        style.set_item("separators", (",", ":"))?;
        match py
            .import("json")?
            .call_method("dumps", (&rest,), Some(&style))
        {
            Ok(text) => text.extract(),
            Err(_) => {
                let names = rest
                    .keys()
                    .iter()
                    .map(|key| key.to_string())
                    .collect::<Vec<_>>();
                Err(wrong(py, &names.join(", "), "cannot be written as JSON"))
            }
        }
    }
}

fn wrong(py: Python<'_>, key: &str, reason: &str) -> PyErr {
    let shown: String = key.chars().take(80).collect();
    let error = InvalidRepodata::new_err(format!("a record's '{shown}' {reason}"));
    // Setting an attribute on a fresh exception fails only when memory is gone; the error itself matters more.
    let value = error.value(py);
    let _ = value.setattr("file", py.None());
    let _ = value.setattr("field", key);
    let _ = value.setattr("record", py.None());
    error
}

fn string(value: &Bound<'_, PyAny>, key: &str) -> PyResult<String> {
    value
        .extract()
        .map_err(|_| wrong(value.py(), key, "is not a string"))
}

/// A list of strings; feature lists may be one string with items separated by commas or blanks.
fn strings(value: &Bound<'_, PyAny>, key: &str) -> PyResult<Vec<String>> {
    if let Ok(one) = value.cast::<PyString>() {
        let text = string(one, key)?;
        if key.ends_with("features") {
            let words = text.split([',', ' ']).filter(|word| !word.is_empty());
            return Ok(words.map(str::to_string).collect());
        }
        return Ok(vec![text]);
    }
    if let Ok(list) = value.cast::<PyList>() {
        return list.iter().map(|item| string(&item, key)).collect();
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return tuple.iter().map(|item| string(&item, key)).collect();
    }
    Err(wrong(value.py(), key, "is not a list of strings"))
}
