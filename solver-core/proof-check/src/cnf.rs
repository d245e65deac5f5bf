//! The formula: DIMACS CNF.

use crate::error::Error;

/// A formula in conjunctive normal form.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Cnf {
    /// The clauses; a literal is a variable's number from 1, negative if negated. A clause may repeat
    /// literals or hold both of a variable.
    pub clauses: Vec<Vec<i32>>,
}

impl Cnf {
    /// Reads DIMACS: comment lines, `p cnf VARIABLES CLAUSES`, then clauses ended by 0.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`] if there is no header, its numbers are wrong, or the text is not of numbers.
    pub fn parse(text: &[u8]) -> Result<Cnf, Error> {
        let mut header: Option<(i32, usize)> = None;
        let mut clauses = Vec::new();
        let mut clause = Vec::new();
        let mut offset = 0;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let fault = |message| Err(Error::Syntax { offset, message });
            let words: Vec<&[u8]> = line
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .collect();
            match (words.first().and_then(|word| word.first()), header) {
                (None | Some(b'c'), _) => {}
                (Some(b'p'), Some(_)) => return fault("a second header"),
                (Some(b'p'), None) => {
                    let numbers = match words[..] {
                        [b"p", b"cnf", vars, count] => (number(vars), number(count)),
                        _ => (None, None),
                    };
                    header = match numbers {
                        (Some(vars @ 0..), Some(count @ 0..)) => Some((vars, count as usize)),
                        _ => return fault("the header must be `p cnf VARIABLES CLAUSES`"),
                    };
                }
                (Some(_), None) => return fault("the header is missing"),
                (Some(_), Some((vars, _))) => {
                    for word in words {
                        match number(word) {
                            None => return fault("not a number"),
                            Some(0) => clauses.push(std::mem::take(&mut clause)),
                            Some(lit) if lit.unsigned_abs() > vars.unsigned_abs() => {
                                return fault("a variable beyond the header's number")
                            }
                            Some(lit) => clause.push(lit),
                        }
                    }
                }
            }
            offset += line.len();
        }
        let message = match header {
            None => "the header is missing",
            Some(_) if !clause.is_empty() => "the input ends within a clause",
            Some((_, count)) if count != clauses.len() => "the header's number of clauses is wrong",
            Some(_) => return Ok(Cnf { clauses }),
        };
        Err(Error::Syntax { offset, message })
    }
}

/// A decimal number; `i32::MIN` counts as none, since it has no negation.
pub(crate) fn number(word: &[u8]) -> Option<i32> {
    let value: i32 = std::str::from_utf8(word).ok()?.parse().ok()?;
    (value != i32::MIN && !word.starts_with(b"+")).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_clauses_across_lines() {
        let cnf = Cnf::parse(b"c x\np cnf 3 3\n1 -2\n3 0 0\nc y\n-3 0").unwrap();
        assert_eq!(cnf.clauses, vec![vec![1, -2, 3], vec![], vec![-3]]);
        assert_eq!(Cnf::parse(b"p cnf 0 0\n").unwrap(), Cnf::default());
    }

    #[test]
    fn refuses_what_is_not_dimacs() {
        for text in [
            "",
            "1 0\n",
            "p cnf 1\n",
            "p cnf -1 0\n",
            "p cnf 1 1\n2 0\n",
            "p cnf 1 1\n1\n",
            "p cnf 1 2\n1 0\n",
            "p cnf 1 1\nx 0\n",
            "p cnf 1 0\np cnf 1 0\n",
            "p cnf 1 1\n+1 0\n",
            "p cnf 1 1\n99999999999 0\n",
            "p cnf 1 1\n-2147483648 0\n",
            "p dnf 1 1\n1 0\n",
        ] {
            assert!(
                matches!(Cnf::parse(text.as_bytes()), Err(Error::Syntax { .. })),
                "{text:?}"
            );
        }
    }
}
