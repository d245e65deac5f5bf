//! Variables and literals.
//!
//! A literal is stored as `2 * variable + sign`, the encoding that MiniSat
//! introduced: both polarities of a variable are neighbours, negation is one
//! exclusive-or, and a literal is directly an index into per-literal tables
//! (values, watch lists).

use std::fmt;
use std::ops::Not;

/// The largest number of variables that a solver can hold.
///
/// One bit of a 32-bit word distinguishes the kinds of reasons and one the
/// sign, which leaves 30; the last code stands for "no reason".
pub const MAX_VARS: usize = (1 << 30) - 1;

/// A propositional variable, numbered from 0 in the order of creation.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Var(pub u32);

impl Var {
    /// The literal that is true when the variable is true.
    #[inline]
    pub fn positive(self) -> Lit {
        Lit(self.0 << 1)
    }

    /// The literal that is true when the variable is false.
    #[inline]
    pub fn negative(self) -> Lit {
        Lit((self.0 << 1) | 1)
    }

    /// The literal that is true when the variable has the given value.
    #[inline]
    pub fn lit(self, value: bool) -> Lit {
        Lit((self.0 << 1) | u32::from(!value))
    }

    /// The variable as an index into per-variable tables.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A variable or its negation.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lit(pub(crate) u32);

impl Lit {
    /// The variable of the literal.
    #[inline]
    pub fn var(self) -> Var {
        Var(self.0 >> 1)
    }

    /// Whether the literal is the variable itself.
    #[inline]
    pub fn is_positive(self) -> bool {
        self.0 & 1 == 0
    }

    /// Whether the literal is the variable's negation.
    #[inline]
    pub fn is_negative(self) -> bool {
        self.0 & 1 == 1
    }

    /// The index into per-literal tables: `2 * variable`, plus 1 if negated.
    #[inline]
    pub fn code(self) -> usize {
        self.0 as usize
    }

    /// The inverse of [`Lit::code`].
    ///
    /// The code must belong to one of the first [`MAX_VARS`] variables.
    #[inline]
    pub fn from_code(code: usize) -> Lit {
        debug_assert!(code < 2 * MAX_VARS);
        Lit(code as u32)
    }

    /// The literal as DIMACS writes it: variables count from 1, a minus sign negates.
    pub fn to_dimacs(self) -> i64 {
        let number = i64::from(self.0 >> 1) + 1;
        if self.is_negative() {
            -number
        } else {
            number
        }
    }

    /// The inverse of [`Lit::to_dimacs`]; `None` for 0 and for numbers beyond [`MAX_VARS`].
    pub fn from_dimacs(number: i64) -> Option<Lit> {
        let magnitude = number.unsigned_abs();
        if magnitude == 0 || magnitude > MAX_VARS as u64 {
            return None;
        }
        Some(Var((magnitude - 1) as u32).lit(number > 0))
    }
}

impl Not for Lit {
    type Output = Lit;

    #[inline]
    fn not(self) -> Lit {
        Lit(self.0 ^ 1)
    }
}

impl fmt::Debug for Lit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lit({})", self.to_dimacs())
    }
}

impl fmt::Display for Lit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_dimacs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_inverse() {
        for number in [
            1i64,
            -1,
            2,
            -2,
            77,
            -1000,
            MAX_VARS as i64,
            -(MAX_VARS as i64),
        ] {
            let lit = Lit::from_dimacs(number).unwrap();
            assert_eq!(lit.to_dimacs(), number);
            assert_eq!(Lit::from_code(lit.code()), lit);
            assert_eq!(lit.is_positive(), number > 0);
            assert_ne!(lit.is_positive(), lit.is_negative());
            assert_eq!((!lit).to_dimacs(), -number);
            assert_eq!(lit.var().lit(lit.is_positive()), lit);
        }
    }

    #[test]
    fn dimacs_numbers_out_of_range_are_refused() {
        for number in [0, MAX_VARS as i64 + 1, i64::MAX, i64::MIN] {
            assert_eq!(Lit::from_dimacs(number), None);
        }
    }

    #[test]
    fn polarities() {
        let v = Var(3);
        assert_eq!(v.positive().code(), 6);
        assert_eq!(v.negative().code(), 7);
        assert_eq!(v.lit(true), v.positive());
        assert_eq!(v.lit(false), v.negative());
        assert_eq!(v.index(), 3);
        assert_eq!(format!("{} {:?}", v.negative(), v.positive()), "-4 Lit(4)");
    }
}
