//! A conflict in words.

pub(crate) mod headline;
pub(crate) mod hints;
pub(crate) mod spelling;
pub(crate) mod text;
