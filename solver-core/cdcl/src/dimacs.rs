//! The DIMACS CNF format, read as a stream and written.
//!
//! ```text
//! c a comment
//! p cnf 3 2
//! 1 -3 0
//! 2 3 -1 0
//! ```
//!
//! The reader is strict: the header comes first, its two numbers are right, and
//! every clause ends with 0. Clauses may span lines, comments may stand between
//! them, and a `%` ends the input as in the old SATLIB files. Nothing is
//! allocated on the word of the header alone: a variable number is refused beyond
//! [`ReadOptions::max_vars`], and memory otherwise grows only with the input.

use crate::lit::{Lit, MAX_VARS};
use crate::proof::ProofSink;
use crate::solver::Solver;
use std::fmt;
use std::io::{self, BufRead, Write};

/// What the reader accepts.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ReadOptions {
    /// The largest number of variables; a solver takes about 150 bytes for each.
    pub max_vars: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions { max_vars: 1 << 22 }
    }
}

/// The numbers of the `p cnf` line.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The number of variables; some of them may not occur.
    pub vars: usize,
    /// The number of clauses.
    pub clauses: u64,
}

/// What is wrong with an input.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Reading failed.
    Io(io::Error),
    /// Something else comes before the `p cnf` line, or there is none.
    MissingHeader,
    /// The `p` line is not `p cnf VARIABLES CLAUSES`.
    InvalidHeader,
    /// There are two `p` lines.
    RepeatedHeader,
    /// The header announces more variables than are accepted.
    TooManyVariables {
        /// The limit.
        limit: usize,
    },
    /// A byte that belongs to no number.
    UnexpectedByte(u8),
    /// A literal whose variable the header does not announce.
    UnknownVariable,
    /// The input ends within a clause.
    UnfinishedClause,
    /// There are more or fewer clauses than announced.
    WrongClauseCount {
        /// The number in the header.
        expected: u64,
    },
}

/// An error of the reader and the line where it was noticed, counted from 1.
#[derive(Debug)]
pub struct DimacsError {
    /// The line number.
    pub line: u64,
    /// What is wrong.
    pub kind: ErrorKind,
}

impl fmt::Display for DimacsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.kind {
            ErrorKind::Io(error) => write!(f, "{error}"),
            ErrorKind::MissingHeader => write!(f, "expected `p cnf VARIABLES CLAUSES` first"),
            ErrorKind::InvalidHeader => {
                write!(f, "the header must be `p cnf VARIABLES CLAUSES`")
            }
            ErrorKind::RepeatedHeader => write!(f, "a second header"),
            ErrorKind::TooManyVariables { limit } => {
                write!(f, "more than {limit} variables")
            }
            ErrorKind::UnexpectedByte(byte) => {
                write!(f, "unexpected `{}`", byte.escape_ascii())
            }
            ErrorKind::UnknownVariable => write!(f, "a variable beyond the header's number"),
            ErrorKind::UnfinishedClause => write!(f, "the input ends within a clause"),
            ErrorKind::WrongClauseCount { expected } => {
                write!(f, "the header announces {expected} clauses")
            }
        }
    }
}

impl std::error::Error for DimacsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// Bytes of the input with a line count.
struct Bytes<R> {
    reader: R,
    line: u64,
}

impl<R: BufRead> Bytes<R> {
    fn error(&self, kind: ErrorKind) -> DimacsError {
        DimacsError {
            line: self.line,
            kind,
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, DimacsError> {
        loop {
            match self.reader.fill_buf() {
                Ok(buffer) => return Ok(buffer.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(ErrorKind::Io(error))),
            }
        }
    }

    /// Goes past the byte that was peeked at.
    fn advance(&mut self, byte: u8) {
        self.line += u64::from(byte == b'\n');
        self.reader.consume(1);
    }

    /// The next byte that is not blank, not consumed.
    fn token(&mut self) -> Result<Option<u8>, DimacsError> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.advance(byte);
        }
        Ok(None)
    }

    /// The same, but stops at the end of the line.
    fn token_on_line(&mut self) -> Result<Option<u8>, DimacsError> {
        while let Some(byte) = self.peek()? {
            if byte == b'\n' || !byte.is_ascii_whitespace() {
                return Ok(Some(byte).filter(|&byte| byte != b'\n'));
            }
            self.advance(byte);
        }
        Ok(None)
    }

    /// Skips to the end of the line, the newline excluded.
    fn skip_line(&mut self) -> Result<(), DimacsError> {
        while let Some(byte) = self.peek()? {
            if byte == b'\n' {
                break;
            }
            self.advance(byte);
        }
        Ok(())
    }

    /// Digits up to a blank or the end; saturates, so that a number of any length is read.
    fn number(&mut self) -> Result<Option<u64>, DimacsError> {
        let mut value: Option<u64> = None;
        while let Some(byte) = self.peek()? {
            if byte.is_ascii_whitespace() {
                break;
            }
            if !byte.is_ascii_digit() {
                return Err(self.error(ErrorKind::UnexpectedByte(byte)));
            }
            let digit = u64::from(byte - b'0');
            value = Some(value.unwrap_or(0).saturating_mul(10).saturating_add(digit));
            self.advance(byte);
        }
        Ok(value)
    }

    fn header(&mut self, options: &ReadOptions) -> Result<Header, DimacsError> {
        for &expected in b"p" {
            self.advance(expected);
        }
        let mut numbers = [0; 2];
        match self.peek()? {
            Some(b' ' | b'\t') => {}
            _ => return Err(self.error(ErrorKind::InvalidHeader)),
        }
        self.token_on_line()?;
        for expected in *b"cnf" {
            match self.peek()? {
                Some(byte) if byte == expected => self.advance(byte),
                _ => return Err(self.error(ErrorKind::InvalidHeader)),
            }
        }
        for number in &mut numbers {
            match self.peek()? {
                Some(b' ' | b'\t') => {}
                _ => return Err(self.error(ErrorKind::InvalidHeader)),
            }
            match self.token_on_line()? {
                Some(byte) if byte.is_ascii_digit() => {
                    *number = self.number()?.unwrap_or(0);
                }
                _ => return Err(self.error(ErrorKind::InvalidHeader)),
            }
        }
        if self.token_on_line()?.is_some() {
            return Err(self.error(ErrorKind::InvalidHeader));
        }
        let limit = options.max_vars.min(MAX_VARS);
        if numbers[0] > limit as u64 {
            return Err(self.error(ErrorKind::TooManyVariables { limit }));
        }
        Ok(Header {
            vars: numbers[0] as usize,
            clauses: numbers[1],
        })
    }
}

/// Reads a formula and hands over each clause as it is read.
pub fn read<R: BufRead>(
    reader: R,
    options: &ReadOptions,
    mut clause: impl FnMut(&[Lit]),
) -> Result<Header, DimacsError> {
    let mut input = Bytes { reader, line: 1 };
    let mut header: Option<Header> = None;
    let mut lits = Vec::new();
    let mut count = 0u64;
    while let Some(byte) = input.token()? {
        match (byte, header) {
            (b'c', _) => {
                input.skip_line()?;
                continue;
            }
            (b'%', Some(_)) => break,
            (b'p', None) => {
                header = Some(input.header(options)?);
                continue;
            }
            (b'p', Some(_)) => return Err(input.error(ErrorKind::RepeatedHeader)),
            (b'-' | b'0'..=b'9', Some(header)) => {
                let negative = byte == b'-';
                if negative {
                    input.advance(byte);
                }
                let number = match input.number()? {
                    Some(0) if negative => None,
                    number => number,
                };
                match number {
                    None => return Err(input.error(ErrorKind::UnexpectedByte(b'-'))),
                    Some(_) if count == header.clauses => {
                        let expected = header.clauses;
                        return Err(input.error(ErrorKind::WrongClauseCount { expected }));
                    }
                    Some(0) => {
                        clause(&lits);
                        lits.clear();
                        count += 1;
                    }
                    Some(number) if number <= header.vars as u64 => {
                        lits.push(crate::Var((number - 1) as u32).lit(!negative));
                    }
                    Some(_) => return Err(input.error(ErrorKind::UnknownVariable)),
                }
            }
            (_, None) => return Err(input.error(ErrorKind::MissingHeader)),
            (byte, Some(_)) => return Err(input.error(ErrorKind::UnexpectedByte(byte))),
        }
    }
    let header = header.ok_or_else(|| input.error(ErrorKind::MissingHeader))?;
    if !lits.is_empty() {
        return Err(input.error(ErrorKind::UnfinishedClause));
    }
    if count != header.clauses {
        let expected = header.clauses;
        return Err(input.error(ErrorKind::WrongClauseCount { expected }));
    }
    Ok(header)
}

/// Reads a formula into a solver. DIMACS variable `n` becomes `Var(n - 1)`; variables are created
/// where they occur, and after the last clause up to the header's number.
///
/// After an error the solver holds the clauses before it.
pub fn load<R: BufRead, P: ProofSink>(
    reader: R,
    options: &ReadOptions,
    solver: &mut Solver<P>,
) -> Result<Header, DimacsError> {
    let header = read(reader, options, |lits| {
        let needed = lits
            .iter()
            .map(|lit| lit.var().index() + 1)
            .max()
            .unwrap_or(0);
        ensure_vars(solver, needed);
        match *lits {
            [a, b] => solver.add_binary(a, b),
            _ => solver.add_clause(lits),
        };
    })?;
    ensure_vars(solver, header.vars);
    Ok(header)
}

fn ensure_vars<P: ProofSink>(solver: &mut Solver<P>, needed: usize) {
    let present = solver.num_vars();
    if needed > present {
        solver.new_vars(needed - present);
    }
}

/// Writes a formula of `vars` variables.
pub fn write<W: Write, C: AsRef<[Lit]>>(
    mut writer: W,
    vars: usize,
    clauses: &[C],
) -> io::Result<()> {
    writeln!(writer, "p cnf {vars} {}", clauses.len())?;
    for clause in clauses {
        write_clause(&mut writer, clause.as_ref())?;
    }
    writer.flush()
}

/// Writes the formula of a solver, see [`Solver::clauses`].
pub fn write_solver<W: Write, P: ProofSink>(mut writer: W, solver: &Solver<P>) -> io::Result<()> {
    writeln!(
        writer,
        "p cnf {} {}",
        solver.num_vars(),
        solver.clauses().count()
    )?;
    for clause in solver.clauses() {
        write_clause(&mut writer, &clause)?;
    }
    writer.flush()
}

fn write_clause<W: Write>(writer: &mut W, lits: &[Lit]) -> io::Result<()> {
    for lit in lits {
        write!(writer, "{lit} ")?;
    }
    writeln!(writer, "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(Header, Vec<Vec<i64>>), String> {
        let mut clauses = Vec::new();
        let header = read(text.as_bytes(), &ReadOptions::default(), |lits| {
            clauses.push(lits.iter().map(|lit| lit.to_dimacs()).collect());
        });
        header
            .map(|header| (header, clauses))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_comments_split_clauses_and_the_old_end_mark() {
        let text = "c hi\n p cnf 3 3 \n1 -3 0 2\nc between\n3 -1 0\t0\n%\n0\n";
        let (header, clauses) = parse(text).unwrap();
        assert_eq!(
            header,
            Header {
                vars: 3,
                clauses: 3
            }
        );
        assert_eq!(clauses, vec![vec![1, -3], vec![2, 3, -1], vec![]]);
        assert_eq!(parse("p cnf 0 0").unwrap().1.len(), 0);
        assert_eq!(parse("p cnf 2 1\r\n1 2 0\r\n").unwrap().1, [[1, 2]]);
    }

    #[test]
    fn errors_name_the_line_and_the_fault() {
        let cases = [
            ("", "line 1: expected `p cnf VARIABLES CLAUSES` first"),
            (
                "c only\n",
                "line 2: expected `p cnf VARIABLES CLAUSES` first",
            ),
            ("1 0\n", "line 1: expected `p cnf VARIABLES CLAUSES` first"),
            (
                "p sat 3 2\n",
                "line 1: the header must be `p cnf VARIABLES CLAUSES`",
            ),
            (
                "p cnf 3\n",
                "line 1: the header must be `p cnf VARIABLES CLAUSES`",
            ),
            (
                "p cnf -3 1\n",
                "line 1: the header must be `p cnf VARIABLES CLAUSES`",
            ),
            (
                "p cnf 3 1 1\n",
                "line 1: the header must be `p cnf VARIABLES CLAUSES`",
            ),
            (
                "pcnf 3 1\n",
                "line 1: the header must be `p cnf VARIABLES CLAUSES`",
            ),
            ("p cnf 3x 1\n", "line 1: unexpected `x`"),
            ("p cnf 1 1\np cnf 1 1\n", "line 2: a second header"),
            ("p cnf 4194305 0\n", "line 1: more than 4194304 variables"),
            (
                "p cnf 99999999999999999999999 0\n",
                "line 1: more than 4194304 variables",
            ),
            ("p cnf 2 1\n\n1 x 0\n", "line 3: unexpected `x`"),
            ("p cnf 2 1\n1 2- 0\n", "line 2: unexpected `-`"),
            ("p cnf 2 1\n- 0\n", "line 2: unexpected `-`"),
            ("p cnf 2 1\n-0\n", "line 2: unexpected `-`"),
            (
                "p cnf 2 1\n3 0\n",
                "line 2: a variable beyond the header's number",
            ),
            (
                "p cnf 2 1\n99999999999999999999999 0\n",
                "line 2: a variable beyond the header's number",
            ),
            ("p cnf 2 1\n1 2", "line 2: the input ends within a clause"),
            (
                "p cnf 2 1\n1 2 0\n1 0\n",
                "line 3: the header announces 1 clauses",
            ),
            (
                "p cnf 2 2\n1 2 0\n",
                "line 3: the header announces 2 clauses",
            ),
            ("p cnf 2 1\n1 \0 0\n", "line 2: unexpected `\\x00`"),
        ];
        for (text, message) in cases {
            assert_eq!(parse(text).unwrap_err(), message, "{text:?}");
        }
    }

    #[test]
    fn a_huge_header_costs_nothing() {
        let options = ReadOptions { max_vars: MAX_VARS };
        let header = read("p cnf 1073741823 0\n".as_bytes(), &options, |_| {}).unwrap();
        assert_eq!(header.vars, MAX_VARS);
    }

    #[test]
    fn io_errors_are_passed_on() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let error = read(io::BufReader::new(Broken), &ReadOptions::default(), |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "line 1: gone");
    }

    #[test]
    fn a_solver_writes_what_it_read() {
        let text = "p cnf 5 4\n1 0\n2 3 0\n-4 -5 0\n2 -3 4 0\n";
        let mut solver = Solver::new();
        load(text.as_bytes(), &ReadOptions::default(), &mut solver).unwrap();
        let mut out = Vec::new();
        write_solver(&mut out, &solver).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}
