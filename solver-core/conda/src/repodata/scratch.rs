//! What is used again for each record that is read.

use super::fields::ListScratch;
use super::predictor::Predictor;

/// What is used again for each record.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(super) depends: ListScratch,
    pub(super) constrains: ListScratch,
    pub(super) extra: ListScratch,
    pub(super) row: Vec<u32>,
    /// The last subdir and the row that says only that.
    pub(super) subdir: Option<(u32, u32)>,
    /// Guesses for usual records.
    pub(super) predictor: Predictor,
}
