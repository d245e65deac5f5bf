//! Placeholder of the repodata module.
