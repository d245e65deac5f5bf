//! Proof output.
//!
//! A solver reports every clause that it adds by inference and every clause
//! that it drops. Each added clause follows from those before it by reverse unit
//! propagation, so the sequence is a DRAT proof (Wetzler, Heule, Hunt,
//! "DRAT-trim", SAT 2014) that an independent checker can verify against the
//! formula. When solving under assumptions fails, the negation of the core is
//! added; when the formula itself is unsatisfiable, the empty clause.

use crate::lit::Lit;
use std::io::{self, Write};

/// Where a solver writes its proof.
pub trait ProofSink {
    /// A clause that follows from the clauses so far; empty at the end of a refutation.
    fn add(&mut self, lits: &[Lit]);
    /// A clause that is no longer used.
    fn delete(&mut self, lits: &[Lit]);
}

/// No proof; costs nothing.
#[derive(Copy, Clone, Default, Debug, PartialEq, Eq)]
pub struct NoProof;

impl ProofSink for NoProof {
    #[inline]
    fn add(&mut self, _lits: &[Lit]) {}
    #[inline]
    fn delete(&mut self, _lits: &[Lit]) {}
}

/// Writes the textual DRAT format.
///
/// The first error of the writer ends the output and is returned by
/// [`DratWriter::finish`]; solving goes on.
#[derive(Debug)]
pub struct DratWriter<W: Write> {
    writer: W,
    line: Vec<u8>,
    error: Option<io::Error>,
}

impl<W: Write> DratWriter<W> {
    /// A proof writer; give it a buffered `writer`.
    pub fn new(writer: W) -> Self {
        DratWriter {
            writer,
            line: Vec::new(),
            error: None,
        }
    }

    /// Flushes the proof and returns the writer, or the first error met while writing.
    pub fn finish(mut self) -> io::Result<W> {
        match self.error.take() {
            Some(error) => Err(error),
            None => {
                self.writer.flush()?;
                Ok(self.writer)
            }
        }
    }

    fn step(&mut self, prefix: &str, lits: &[Lit]) {
        if self.error.is_some() {
            return;
        }
        self.line.clear();
        self.line.extend_from_slice(prefix.as_bytes());
        // Writing to a vector cannot fail.
        let _ = lits.iter().try_for_each(|lit| write!(self.line, "{lit} "));
        self.line.extend_from_slice(b"0\n");
        if let Err(error) = self.writer.write_all(&self.line) {
            self.error = Some(error);
        }
    }
}

impl<W: Write> ProofSink for DratWriter<W> {
    fn add(&mut self, lits: &[Lit]) {
        self.step("", lits);
    }

    fn delete(&mut self, lits: &[Lit]) {
        self.step("d ", lits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_written_as_drat_text() {
        let mut proof = DratWriter::new(Vec::new());
        let lits: Vec<Lit> = [1, -20]
            .iter()
            .map(|&n| Lit::from_dimacs(n).unwrap())
            .collect();
        proof.add(&lits);
        proof.delete(&lits);
        proof.add(&[]);
        assert_eq!(proof.finish().unwrap(), b"1 -20 0\nd 1 -20 0\n0\n");
    }

    #[test]
    fn the_first_write_error_is_kept() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::other("disk full"))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut proof = DratWriter::new(Full);
        proof.add(&[]);
        proof.add(&[]);
        assert_eq!(
            proof.finish().map(|_| ()).unwrap_err().to_string(),
            "disk full"
        );
    }
}
