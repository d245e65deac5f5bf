//! What would resolve a conflict: edits of the request, and the smallest sets of them that give an answer.
//!
//! | module | duty |
//! |---|---|
//! | `edit` | the kinds of edits: rank, effect, words |
//! | `suggest` | which of them a conflict suggests |
//! | `fixes` | which sets of them give an answer |
//! | `command` | the edited request as a command line, and the edits as changes of another one |

mod command;
mod edit;
mod fixes;
mod suggest;

pub use command::LineChange;
pub use edit::{CutoffOwner, Edit};
pub use fixes::{Fix, Fixes};
pub(crate) use suggest::single_relaxations;
