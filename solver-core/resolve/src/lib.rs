//! From an index and a request to a checked solution or a minimal conflict.
