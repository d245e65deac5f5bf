//! conda's words: versions, match specs, records, channels, repodata and the index.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod channel;
pub mod index;
pub mod match_spec;
pub mod pattern;
pub mod record;
pub mod repodata;
pub mod text;
pub mod version;
pub mod version_spec;
pub mod watch;

pub use channel::Channel;
pub use match_spec::{MatchSpec, MatchSpecError};
pub use record::PackageRecord;
pub use version::{Version, VersionError};
pub use version_spec::{VersionSpec, VersionSpecError};
