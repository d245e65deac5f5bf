//! The proof: DRAT, textual or binary.

use crate::cnf::number;
use crate::error::Error;

/// One step of a proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// A clause that is said to follow from those before.
    Add(Vec<i32>),
    /// A clause that is no longer used.
    Delete(Vec<i32>),
}

/// A sequence of steps.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Proof {
    /// The steps, first to last.
    pub steps: Vec<Step>,
}

impl Proof {
    /// Reads either form: every step of a binary proof ends with a zero byte, and the text has none.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`].
    pub fn parse(bytes: &[u8]) -> Result<Proof, Error> {
        if bytes.contains(&0) {
            Proof::parse_binary(bytes)
        } else {
            Proof::parse_text(bytes)
        }
    }

    /// Reads the textual form: a line `1 -2 0` adds, a line `d 1 -2 0` deletes; lines `c ..` are comments.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`] if a line is something else.
    pub fn parse_text(text: &[u8]) -> Result<Proof, Error> {
        let mut steps = Vec::new();
        let mut offset = 0;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let fault = |message| Error::Syntax { offset, message };
            let mut words = line
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .peekable();
            let deletion = match words.peek() {
                None | Some(&b"c") => {
                    offset += line.len();
                    continue;
                }
                Some(&b"d") => words.next().is_some(),
                Some(_) => false,
            };
            let mut clause = Vec::new();
            loop {
                match words.next().map(number) {
                    None => return Err(fault("a step must end with 0")),
                    Some(None) => return Err(fault("not a number")),
                    Some(Some(0)) => break,
                    Some(Some(lit)) => clause.push(lit),
                }
            }
            if words.next().is_some() {
                return Err(fault("a line holds one step"));
            }
            steps.push(if deletion {
                Step::Delete(clause)
            } else {
                Step::Add(clause)
            });
            offset += line.len();
        }
        Ok(Proof { steps })
    }

    /// Reads the binary form: `a` or `d`, literals as `2 * variable + sign` in groups of seven bits, a zero byte.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`] if a step begins otherwise, does not end, or a number is too large.
    pub fn parse_binary(bytes: &[u8]) -> Result<Proof, Error> {
        let mut steps = Vec::new();
        let mut rest = bytes.iter().enumerate();
        while let Some((start, &kind)) = rest.next() {
            let fault = |offset, message| Err(Error::Syntax { offset, message });
            if kind != b'a' && kind != b'd' {
                return fault(start, "a step must begin with `a` or `d`");
            }
            let mut clause = Vec::new();
            loop {
                let (mut code, mut shift) = (0u64, 0);
                let end = loop {
                    let Some((offset, &byte)) = rest.next() else {
                        return fault(bytes.len(), "the proof ends within a step");
                    };
                    code |= u64::from(byte & 0x7f) << shift;
                    shift += 7;
                    if byte & 0x80 == 0 {
                        break offset;
                    }
                    if shift > 28 {
                        return fault(offset, "a literal is too large");
                    }
                };
                if code == 0 && shift == 7 {
                    break;
                }
                match i32::try_from(code >> 1) {
                    Ok(var @ 1..) => clause.push(if code & 1 == 1 { -var } else { var }),
                    _ => return fault(end, "not a literal"),
                }
            }
            steps.push(if kind == b'd' {
                Step::Delete(clause)
            } else {
                Step::Add(clause)
            });
        }
        Ok(Proof { steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Vec<Step> {
        vec![
            Step::Add(vec![1, -20]),
            Step::Delete(vec![-8193, 129, -63]),
            Step::Add(vec![]),
        ]
    }

    #[test]
    fn both_forms_read_alike() {
        let text = b"c by hand\n1 -20 0\n\nd -8193 129 -63 0\n0\n";
        let binary = [
            b'a', 2, 41, 0, b'd', 0x83, 0x80, 0x01, 0x82, 0x02, 0x7f, 0, b'a', 0,
        ];
        assert_eq!(Proof::parse(text).unwrap().steps, steps());
        assert_eq!(Proof::parse(&binary).unwrap().steps, steps());
        assert!(Proof::parse(b"").unwrap().steps.is_empty());
    }

    #[test]
    fn malformed_steps_are_refused() {
        for text in [
            "1 2\n",
            "1 x 0\n",
            "1 0 2 0\n",
            "d\n",
            "dd 1 0\n",
            "1 0 0\n",
        ] {
            assert!(Proof::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        let long = [b'a', 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0];
        for bytes in [&b"a\x02"[..], b"b\x02\0", b"a\x01\0", b"a\x80\0", &long] {
            assert!(Proof::parse_binary(bytes).is_err(), "{bytes:?}");
        }
    }
}
