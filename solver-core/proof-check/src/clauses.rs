//! The clauses that are present, and unit propagation over them.
//!
//! Two literals of each clause are watched; beside each watch lies another literal of the clause, and where that is true
//! the clause need not be looked at. The assignment has a permanent part, the consequences of
//! all clauses without any assumption, and on top of it what one check assumes. The permanent part
//! outlives the deletion of the clauses that led to it: it was derived by sound steps.

use std::collections::HashMap;

/// A clause all of whose literals are false.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Conflict;

/// A set of clauses, with the literals it implies by propagation.
#[derive(Default)]
pub(crate) struct Clauses {
    /// Literals as indices, see [`index`]; the first two are watched. Empty once deleted.
    clauses: Vec<Vec<usize>>,
    /// By literal: the clauses that watch it, each with another of its literals. May name deleted ones.
    watches: Vec<Vec<(usize, usize)>>,
    /// By literal: whether it is true.
    true_now: Vec<bool>,
    trail: Vec<usize>,
    /// Trail entries before this one were propagated.
    head: usize,
    /// By sorted literals without repetitions: the copies that are present.
    names: HashMap<Vec<usize>, Vec<usize>>,
    /// Everything follows from now on.
    refuted: bool,
}

/// `2 * variable`, plus 1 if negated.
fn index(lit: i32) -> usize {
    2 * lit.unsigned_abs() as usize + usize::from(lit < 0)
}

fn sorted(lits: &[i32]) -> Vec<usize> {
    let mut clause: Vec<usize> = lits.iter().map(|&lit| index(lit)).collect();
    clause.sort_unstable();
    clause.dedup();
    clause
}

impl Clauses {
    /// Whether propagation over the clauses alone ended in a conflict.
    pub(crate) fn refuted(&self) -> bool {
        self.refuted
    }

    fn grow(&mut self, clause: &[usize]) {
        let needed = clause.last().map_or(0, |&lit| (lit | 1) + 1);
        if self.watches.len() < needed {
            self.watches.resize(needed, Vec::new());
            self.true_now.resize(needed, false);
        }
    }

    /// Adds a clause and draws its consequences.
    pub(crate) fn add(&mut self, lits: &[i32]) {
        let mut clause = sorted(lits);
        self.grow(&clause);
        let number = self.clauses.len();
        self.names.entry(clause.clone()).or_default().push(number);
        // Nothing ever follows from a clause with both literals of a variable.
        if clause.windows(2).any(|pair| pair[0] ^ 1 == pair[1]) {
            clause.clear();
            self.clauses.push(clause);
            return;
        }
        clause.sort_by_key(|&lit| self.true_now[lit ^ 1]);
        let open = clause
            .iter()
            .take_while(|&&lit| !self.true_now[lit ^ 1])
            .count();
        match open {
            0 => self.refuted = true,
            1 => {
                // The permanent assignment satisfies the clause from now on: no watches.
                let unit = clause[0];
                if !self.true_now[unit] {
                    self.assign(unit);
                    self.refuted |= self.propagate().is_err();
                }
            }
            _ => {
                self.watches[clause[0]].push((number, clause[1]));
                self.watches[clause[1]].push((number, clause[0]));
            }
        }
        self.clauses.push(clause);
    }

    /// Removes one copy of a clause; false if there is none.
    pub(crate) fn delete(&mut self, lits: &[i32]) -> bool {
        let name = sorted(lits);
        let Some(copies) = self.names.get_mut(&name) else {
            return false;
        };
        if let Some(number) = copies.pop() {
            self.clauses[number].clear();
        }
        if copies.is_empty() {
            self.names.remove(&name);
        }
        true
    }

    /// Whether the clause follows by reverse unit propagation.
    pub(crate) fn implies(&mut self, lits: &[i32]) -> bool {
        if self.refuted {
            return true;
        }
        let clause = sorted(lits);
        self.grow(&clause);
        let permanent = self.trail.len();
        let mut follows = false;
        for &lit in &clause {
            if self.true_now[lit] {
                follows = true;
                break;
            }
            if !self.true_now[lit ^ 1] {
                self.assign(lit ^ 1);
            }
        }
        follows = follows || self.propagate().is_err();
        for lit in self.trail.drain(permanent..) {
            self.true_now[lit] = false;
        }
        self.head = permanent;
        follows
    }

    fn assign(&mut self, lit: usize) {
        self.true_now[lit] = true;
        self.trail.push(lit);
    }

    fn propagate(&mut self) -> Result<(), Conflict> {
        while let Some(&lit) = self.trail.get(self.head) {
            self.head += 1;
            self.visit(lit ^ 1)?;
        }
        Ok(())
    }

    /// Restores the watches of the clauses that watch a literal which became false.
    fn visit(&mut self, falsified: usize) -> Result<(), Conflict> {
        let mut list = std::mem::take(&mut self.watches[falsified]);
        let mut result = Ok(());
        let mut read = 0;
        let mut write = 0;
        while read < list.len() && result.is_ok() {
            let (number, other) = list[read];
            read += 1;
            if self.true_now[other] {
                list[write] = (number, other);
                write += 1;
                continue;
            }
            let clause = &mut self.clauses[number];
            if clause.is_empty() {
                continue;
            }
            if clause[0] == falsified {
                clause.swap(0, 1);
            }
            let other = clause[0];
            let true_now = &self.true_now;
            let next = if true_now[other] {
                None
            } else {
                (2..clause.len()).find(|&at| !true_now[clause[at] ^ 1])
            };
            if let Some(at) = next {
                clause.swap(1, at);
                self.watches[clause[1]].push((number, other));
                continue;
            }
            list[write] = (number, other);
            write += 1;
            if self.true_now[other ^ 1] {
                result = Err(Conflict);
            } else if !self.true_now[other] {
                self.assign(other);
            }
        }
        list.drain(write..read);
        self.watches[falsified] = list;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permanent_consequences_outlive_their_clauses() {
        let mut clauses = Clauses::default();
        clauses.add(&[-1, 2]);
        clauses.add(&[-2, 3, 4]);
        assert!(!clauses.implies(&[2]) && clauses.implies(&[-1, 3, 4]));
        clauses.add(&[1]);
        assert!(clauses.implies(&[2]) && clauses.implies(&[4, 3]) && !clauses.implies(&[3]));
        assert!(clauses.delete(&[2, -1, -1]) && !clauses.delete(&[2, -1]));
        assert!(clauses.implies(&[2]));
        assert!(clauses.delete(&[3, 4, -2]) && !clauses.implies(&[3, 4]));
        assert!(!clauses.refuted());
        clauses.add(&[-2]);
        assert!(clauses.refuted() && clauses.implies(&[]));
    }

    #[test]
    fn copies_are_deleted_one_by_one_and_tautologies_imply_nothing() {
        let mut clauses = Clauses::default();
        clauses.add(&[1, 2, 3]);
        clauses.add(&[3, 2, 1, 1]);
        clauses.add(&[4, -4]);
        assert!(clauses.delete(&[1, 2, 3]) && clauses.implies(&[1, 2, 3]));
        assert!(clauses.delete(&[1, 2, 3]) && !clauses.implies(&[1, 2, 3]));
        assert!(!clauses.delete(&[1, 2, 3]) && clauses.delete(&[-4, 4]));
        assert!(!clauses.implies(&[4]) && clauses.implies(&[5, -5]));
        clauses.add(&[]);
        assert!(clauses.refuted());
    }
}
