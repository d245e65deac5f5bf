//! Placeholder of the match_spec module.
