//! What can be wrong with a formula or a proof.

use std::fmt;

/// Why a formula could not be read or a proof was not accepted. Steps count from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The formula or the proof is not in its format; the offset counts bytes.
    Syntax {
        /// Where the fault was noticed.
        offset: usize,
        /// What is wrong.
        message: &'static str,
    },
    /// An added clause does not follow by unit propagation.
    NotImplied {
        /// The number of the step.
        step: usize,
    },
    /// A deleted clause is not there.
    NotPresent {
        /// The number of the step.
        step: usize,
    },
    /// All steps hold, but the empty clause was not derived.
    NotRefuted,
    /// All steps hold, but the last added clause does not forbid the assumptions.
    NotCore,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Syntax { offset, message } => write!(f, "byte {offset}: {message}"),
            Error::NotImplied { step } => {
                write!(
                    f,
                    "step {step}: the clause does not follow by unit propagation"
                )
            }
            Error::NotPresent { step } => {
                write!(f, "step {step}: the deleted clause is not present")
            }
            Error::NotRefuted => write!(f, "the proof does not derive the empty clause"),
            Error::NotCore => write!(
                f,
                "the proof does not end with a clause that forbids the assumptions"
            ),
        }
    }
}

impl std::error::Error for Error {}
