//! Proof output.
//!
//! A solver reports every clause that it is given, every clause that it adds by inference and every
//! clause that it drops. Each inferred clause follows from those before it by *reverse unit
//! propagation* (RUP; Goldberg, Novikov, "Verification of Proofs of Unsatisfiability for CNF
//! Formulas", DATE 2003): making all its literals false and propagating units ends in a conflict. So
//! the sequence is a DRAT proof (Wetzler, Heule, Hunt, "DRAT-trim", SAT 2014) that an independent
//! checker can verify against the formula.
//!
//! *Why DRAT and not LRAT*: LRAT names the antecedents of each step, so every clause needs a number. Here
//! binary clauses, most of a package formula, exist only as entries of implication lists, and long
//! ones have no word to spare; numbering them would cost memory in every solver, those without a
//! proof included. RUP steps need nothing but the clauses themselves.
//!
//! *Incremental use.* RUP is monotone: a step stays valid when clauses are added to the formula. So
//! one sequence over the whole life of a solver, checked against all clauses that it was given, is
//! valid whatever the order of solving and adding was. When solving under assumptions fails, the
//! sequence ends with the negation of [`Solver::core`](crate::Solver::core) as an added clause; it is
//! deleted again when the next call starts. When the formula itself is refuted, the empty clause is
//! added.

use crate::lit::Lit;
use std::io::{self, Write};

/// Where a solver writes its proof.
pub trait ProofSink {
    /// Whether anything is written at all; the solver prepares steps only then.
    const ENABLED: bool = true;

    /// A clause of the formula, as it was given (its literals may repeat).
    #[inline]
    fn input(&mut self, lits: &[Lit]) {
        let _ = lits;
    }

    /// A clause that follows from the clauses so far; empty at the end of a refutation.
    fn add(&mut self, lits: &[Lit]);

    /// A clause that is no longer used: an input (up to the order of its literals) or an added one.
    fn delete(&mut self, lits: &[Lit]);
}

/// No proof; costs nothing.
#[derive(Copy, Clone, Default, Debug, PartialEq, Eq)]
pub struct NoProof;

impl ProofSink for NoProof {
    const ENABLED: bool = false;

    #[inline]
    fn add(&mut self, _lits: &[Lit]) {}
    #[inline]
    fn delete(&mut self, _lits: &[Lit]) {}
}

/// The two forms of a DRAT file.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum DratFormat {
    /// A line `1 -2 0` or `d 1 -2 0` a step.
    Text,
    /// `a` or `d`, the literals as numbers `2 * variable + sign` (variables count from 1) in groups
    /// of seven bits, lowest first, and a zero byte. About a third of the size of the text.
    Binary,
}

/// Writes a DRAT file.
///
/// The first error of the writer ends the output and is returned by
/// [`DratWriter::finish`]; solving goes on.
#[derive(Clone, Debug)]
pub struct DratWriter<W: Write> {
    writer: W,
    format: DratFormat,
    step: Vec<u8>,
    // An `io::Error` cannot be cloned; its kind and message can.
    error: Option<(io::ErrorKind, String)>,
}

impl<W: Write> DratWriter<W> {
    /// A writer of textual proofs; give it a buffered `writer`.
    pub fn new(writer: W) -> Self {
        DratWriter::with_format(writer, DratFormat::Text)
    }

    /// A writer of proofs in the given format; give it a buffered `writer`.
    pub fn with_format(writer: W, format: DratFormat) -> Self {
        DratWriter {
            writer,
            format,
            step: Vec::new(),
            error: None,
        }
    }

    /// Flushes the proof and returns the writer, or the first error met while writing.
    ///
    /// # Errors
    ///
    /// That of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        match self.error.take() {
            Some((kind, message)) => Err(io::Error::new(kind, message)),
            None => {
                self.writer.flush()?;
                Ok(self.writer)
            }
        }
    }

    fn step(&mut self, deletion: bool, lits: &[Lit]) {
        if self.error.is_some() {
            return;
        }
        self.step.clear();
        match self.format {
            DratFormat::Text => {
                if deletion {
                    self.step.extend_from_slice(b"d ");
                }
                // Writing to a vector cannot fail.
                let _ = lits.iter().try_for_each(|lit| write!(self.step, "{lit} "));
                self.step.extend_from_slice(b"0\n");
            }
            DratFormat::Binary => {
                self.step.push(if deletion { b'd' } else { b'a' });
                for lit in lits {
                    // Codes count variables from 0.
                    let mut number = lit.code() as u64 + 2;
                    while number > 0x7f {
                        self.step.push(number as u8 | 0x80);
                        number >>= 7;
                    }
                    self.step.push(number as u8);
                }
                self.step.push(0);
            }
        }
        if let Err(error) = self.writer.write_all(&self.step) {
            self.error = Some((error.kind(), error.to_string()));
        }
    }
}

impl<W: Write> ProofSink for DratWriter<W> {
    fn add(&mut self, lits: &[Lit]) {
        self.step(false, lits);
    }

    fn delete(&mut self, lits: &[Lit]) {
        self.step(true, lits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lits(numbers: &[i64]) -> Vec<Lit> {
        numbers
            .iter()
            .map(|&n| Lit::from_dimacs(n).unwrap())
            .collect()
    }

    fn written(format: DratFormat) -> Vec<u8> {
        let mut proof = DratWriter::with_format(Vec::new(), format);
        proof.input(&lits(&[7]));
        proof.add(&lits(&[1, -20]));
        proof.delete(&lits(&[1, -20, 64]));
        proof.add(&[]);
        proof.finish().unwrap()
    }

    #[test]
    fn steps_are_written_as_drat_text() {
        assert_eq!(written(DratFormat::Text), b"1 -20 0\nd 1 -20 64 0\n0\n");
    }

    #[test]
    fn steps_are_written_as_binary_drat() {
        // The format's own example: 63 is 2 * 63 = 126 = 0x7e; 64 is 128 = 0x80 0x01.
        assert_eq!(
            written(DratFormat::Binary),
            [b'a', 2, 41, 0, b'd', 2, 41, 0x80, 1, 0, b'a', 0]
        );
        let mut proof = DratWriter::with_format(Vec::new(), DratFormat::Binary);
        proof.add(&lits(&[-8193, 129, -63]));
        assert_eq!(
            proof.finish().unwrap(),
            [b'a', 0x83, 0x80, 0x01, 0x82, 0x02, 0x7f, 0]
        );
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
