//! The owned form of one repodata record.
//!
//! The index keeps records as columns; a `PackageRecord` is made when somebody looks at one. Field meanings
//! follow CEP 36 (repodata), CEP 17 (`python_site_packages_path`), CEP 44 (`extra_depends`), CEP 45 (`flags`)
//! and CEP 47 (`indexed_timestamp`).

/// How a `noarch` package is linked; absent for a package of one architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoArch {
    /// Files only, the same for every platform.
    Generic,
    /// A pure Python package, linked into the site-packages of the environment's python.
    Python,
}

impl NoArch {
    /// The word repodata uses.
    pub fn as_str(self) -> &'static str {
        match self {
            NoArch::Generic => "generic",
            NoArch::Python => "python",
        }
    }
}

/// One package of a channel, with everything repodata says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageRecord {
    /// Package name, lower-case.
    pub name: String,
    /// Version literal as written.
    pub version: String,
    /// Build string.
    pub build: String,
    /// Build number.
    pub build_number: u64,
    /// Subdir the record belongs to, such as `linux-64` or `noarch`.
    pub subdir: String,
    /// Canonical channel name (`conda-forge`) or, for a channel without one, its base URL.
    pub channel: String,
    /// Archive file name, with extension.
    pub file_name: String,
    /// Download URL.
    pub url: String,
    /// MatchSpec strings that must be satisfied.
    pub depends: Vec<String>,
    /// MatchSpec strings that must hold for packages of these names if they are present.
    pub constrains: Vec<String>,
    /// Features the record turns on; the solver avoids records that have any.
    pub track_features: Vec<String>,
    /// Legacy `features`.
    pub features: Vec<String>,
    /// `noarch` kind, if any.
    pub noarch: Option<NoArch>,
    /// Build time in milliseconds since 1970 (0 when unknown).
    pub timestamp: u64,
    /// Time the server indexed the record, in milliseconds since 1970 (CEP 47).
    pub indexed_timestamp: Option<u64>,
    /// MD5 of the archive, lower-case hex.
    pub md5: Option<String>,
    /// SHA-256 of the archive, lower-case hex.
    pub sha256: Option<String>,
    /// Size of the archive in bytes.
    pub size: Option<u64>,
    /// Licence expression.
    pub license: Option<String>,
    /// Licence family.
    pub license_family: Option<String>,
    /// Where `python` keeps its site-packages, relative to the prefix (CEP 17).
    pub python_site_packages_path: Option<String>,
    /// Optional dependency groups (CEP 44), in the order written.
    pub extra_depends: Vec<(String, Vec<String>)>,
    /// Variant flags (CEP 45).
    pub flags: Vec<String>,
    /// Every other key of the record, as one JSON object text; empty when there is none.
    pub extra_json: String,
}

impl PackageRecord {
    /// Whether two records are the same package: conda's identity (channel, subdir, name, version, build number,
    /// build), and either one file or, as the `.conda` and `.tar.bz2` archives of one build, two that were built at
    /// one time and say the same of other packages. A record without a file name is any of its archives.
    pub fn is_same_package(&self, other: &PackageRecord) -> bool {
        let one_build = self.name == other.name
            && self.version == other.version
            && self.build == other.build
            && self.build_number == other.build_number
            && self.subdir == other.subdir
            && self.channel == other.channel;
        let one_file = self.file_name == other.file_name
            || self.file_name.is_empty()
            || other.file_name.is_empty();
        let says_the_same = || {
            self.timestamp == other.timestamp
                && self.depends == other.depends
                && self.constrains == other.constrains
                && self.extra_depends == other.extra_depends
                && self.track_features == other.track_features
        };
        one_build && (one_file || says_the_same())
    }
}
