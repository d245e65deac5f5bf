//! conda's words: versions, match specs, records, channels, repodata and the index.

pub mod channel;
pub mod index;
pub mod match_spec;
pub mod pattern;
pub mod record;
pub mod repodata;
pub mod version;
pub mod version_spec;
