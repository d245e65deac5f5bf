//! Placeholder of the version module.
