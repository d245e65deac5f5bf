//! A file: a problem, and the certificate beside it.

use serde_json::Value;

use crate::error::Error;
use crate::identity;
use crate::problem::{problem, Problem};

/// The format that is read.
pub const FORMAT: &str = "resolvent-problem-2";
/// The key under which a certificate lies beside the problem.
pub const CERTIFICATE: &str = "certificate";

/// A file: the problem, its digest, and the certificate if there is one.
#[derive(Debug, Clone)]
pub struct Document {
    /// The problem.
    pub problem: Problem,
    /// BLAKE3 of everything but the certificate, with sorted keys; hex.
    pub digest: String,
    /// What lies under [`CERTIFICATE`].
    pub certificate: Option<Value>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Malformed`], or [`Error::Unsupported`] for requests that have no certificate.
    pub fn parse(text: &str) -> Result<Document, Error> {
        let value: Value = serde_json::from_str(text)
            .map_err(|e| Error::Malformed(format!("the file is not JSON: {e}")))?;
        let Value::Object(mut whole) = value else {
            return Err(Error::Malformed("the file is no JSON object".into()));
        };
        if whole.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(Error::Malformed(format!(
                "the file does not say {FORMAT:?}"
            )));
        }
        let certificate = whole.remove(CERTIFICATE);
        let problem = problem(&whole)?;
        identity::told(&problem, &whole)?;
        let digest = blake3::hash(Value::Object(whole).to_string().as_bytes());
        Ok(Document {
            problem,
            digest: digest.to_hex().to_string(),
            certificate,
        })
    }
}
