//! A conflict in words.

pub(crate) mod headline;
pub(crate) mod hints;
mod known_names;
pub(crate) mod spelling;
pub(crate) mod text;
