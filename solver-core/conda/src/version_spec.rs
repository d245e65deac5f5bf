//! Placeholder of the version_spec module.
