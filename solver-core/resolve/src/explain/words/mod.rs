//! A conflict in words.

mod group;
pub(crate) mod headline;
pub(crate) mod hints;
mod known_names;
pub(crate) mod spelling;
mod subject;
pub(crate) mod text;
