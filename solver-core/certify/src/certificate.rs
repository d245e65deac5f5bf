//! The certificate: what is claimed, and the proofs.
//!
//! ```json
//! {"claim": "best" | "unsatisfiable" | "removed", "problem": DIGEST,
//!  "answer": [KEYS], "loops": [[NODES], ...],
//!  "bounds": {SUM: [[ITEM, VALUE], ...]}, "proofs": {CLAIM: DRAT}}
//! ```
//!
//! Records are named `channel/subdir/file`. Sums and claims count from 0 in the order of [`crate::levels`]; a sum
//! that is not listed has the lower bounds that the answer pays; a claim that is not listed follows by unit
//! propagation. Proofs are DRAT in text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{json, Map, Value};

use crate::error::Error;

/// What is claimed of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// There is no answer.
    Unsatisfiable,
    /// This one is best.
    Best {
        /// Keys of the answer's records.
        answer: Vec<String>,
        /// Sets of names, and of extras as `name[extra]`, see [`crate::levels`].
        loops: Vec<BTreeSet<String>>,
    },
    /// Of a removal: this is what is left. It needs no proof.
    Removed {
        /// Keys of the records that stay.
        answer: Vec<String>,
    },
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What is claimed.
    pub claim: Claim,
    /// The digest of the problem.
    pub problem: String,
    /// By sum: items with a lower bound below what the answer pays.
    pub bounds: BTreeMap<usize, Vec<(usize, u64)>>,
    /// By claim: the steps that lead to it.
    pub proofs: BTreeMap<usize, String>,
}

fn wrong(key: &str) -> Error {
    Error::Malformed(format!("the certificate has no valid '{key}'"))
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(value: &Value) -> Result<Certificate, Error> {
        let map = value.as_object().ok_or_else(|| wrong("certificate"))?;
        let word = |key: &str| {
            map.get(key)
                .and_then(Value::as_str)
                .ok_or_else(|| wrong(key))
        };
        let words = |key: &str, value: Option<&Value>| -> Result<Vec<String>, Error> {
            let list = value.and_then(Value::as_array);
            let list = list.ok_or_else(|| wrong(key))?.iter();
            list.map(|v| v.as_str().map(str::to_string).ok_or_else(|| wrong(key)))
                .collect()
        };
        let loops = || -> Result<Vec<BTreeSet<String>>, Error> {
            let list = map.get("loops").and_then(Value::as_array);
            let list = list.ok_or_else(|| wrong("loops"))?.iter();
            list.map(|set| Ok(words("loops", Some(set))?.into_iter().collect()))
                .collect()
        };
        let claim = match word("claim")? {
            "unsatisfiable" => Claim::Unsatisfiable,
            "best" => Claim::Best {
                answer: words("answer", map.get("answer"))?,
                loops: loops()?,
            },
            "removed" => Claim::Removed {
                answer: words("answer", map.get("answer"))?,
            },
            _ => return Err(wrong("claim")),
        };
        let numbered = |key: &str| -> Result<Vec<(usize, &Value)>, Error> {
            let entries = map.get(key).and_then(Value::as_object);
            let entries = entries.ok_or_else(|| wrong(key))?.iter();
            entries
                .map(|(number, value)| Ok((number.parse().map_err(|_| wrong(key))?, value)))
                .collect()
        };
        let mut bounds = BTreeMap::new();
        for (sum, value) in numbered("bounds")? {
            let mut items = Vec::new();
            for pair in value.as_array().ok_or_else(|| wrong("bounds"))? {
                let number = |at: usize| pair.get(at).and_then(Value::as_u64);
                let (Some(item), Some(bound)) = (number(0), number(1)) else {
                    return Err(wrong("bounds"));
                };
                items.push((item as usize, bound));
            }
            bounds.insert(sum, items);
        }
        let mut proofs = BTreeMap::new();
        for (claim, value) in numbered("proofs")? {
            let text = value.as_str().ok_or_else(|| wrong("proofs"))?;
            proofs.insert(claim, text.to_string());
        }
        Ok(Certificate {
            claim,
            problem: word("problem")?.to_string(),
            bounds,
            proofs,
        })
    }

    /// The certificate as JSON.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        match &self.claim {
            Claim::Unsatisfiable => {
                out.insert("claim".into(), json!("unsatisfiable"));
            }
            Claim::Best { answer, loops } => {
                out.insert("claim".into(), json!("best"));
                out.insert("answer".into(), json!(answer));
                out.insert("loops".into(), json!(loops));
            }
            Claim::Removed { answer } => {
                out.insert("claim".into(), json!("removed"));
                out.insert("answer".into(), json!(answer));
            }
        }
        let text = |number: &usize| number.to_string();
        let bounds = self.bounds.iter().map(|(k, v)| (text(k), json!(v)));
        let proofs = self.proofs.iter().map(|(k, v)| (text(k), json!(v)));
        out.insert("problem".into(), json!(self.problem));
        out.insert("bounds".into(), Value::Object(bounds.collect()));
        out.insert("proofs".into(), Value::Object(proofs.collect()));
        Value::Object(out)
    }
}
