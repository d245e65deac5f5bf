//! The clauses that are present, and unit propagation over them.
//!
//! Two literals of each clause are watched; beside each watch lies another literal of the clause, and where that is
//! true the clause need not be looked at. The assignment has a permanent part, the consequences of all clauses
//! without any assumption, and on top of it what one check assumes. The permanent part outlives the deletion of the
//! clauses that led to it: it was derived by sound steps.

use std::collections::HashMap;

/// A clause all of whose literals are false.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Conflict;

/// A literal as a number: `2 * variable`, plus 1 if negated.
type Code = u32;

/// A set of clauses, with the literals it implies by propagation.
#[derive(Default)]
pub(crate) struct Clauses {
    variables: Variables,
    /// The literals of all clauses; of each the first two are watched.
    lits: Vec<Code>,
    /// By clause: where its literals begin, and how many they are; none once it is deleted.
    spans: Vec<(usize, usize)>,
    /// By literal: the clauses that watch it, each with another of its literals. May name deleted ones.
    watches: Vec<Vec<(usize, Code)>>,
    /// By literal: whether it is true.
    true_now: Vec<bool>,
    trail: Vec<Code>,
    /// Trail entries before this one were propagated.
    head: usize,
    /// By sorted literals without repetitions: the copies that are present. Made when a clause is first deleted.
    names: Option<HashMap<Vec<Code>, Vec<usize>>>,
    /// Everything follows from now on.
    refuted: bool,
}

/// Numbers for variables in the order in which they come, so that tables are as long as there are variables, whatever
/// these are called.
#[derive(Default)]
struct Variables {
    /// Numbers of the small ones, plus one; 0 for none.
    small: Vec<u32>,
    large: HashMap<u32, u32>,
    count: u32,
}

impl Variables {
    /// Variables below this are looked up in a list.
    const SMALL: usize = 1 << 20;

    fn code(&mut self, lit: i32) -> Code {
        let name = lit.unsigned_abs();
        let next = self.count + 1;
        let number = if (name as usize) < Variables::SMALL {
            if self.small.len() <= name as usize {
                self.small.resize(name as usize + 1, 0);
            }
            &mut self.small[name as usize]
        } else {
            self.large.entry(name).or_insert(0)
        };
        if *number == 0 {
            *number = next;
            self.count = next;
        }
        2 * (*number - 1) + u32::from(lit < 0)
    }

    /// The literals of a clause, sorted, each once.
    fn sorted(&mut self, lits: &[i32]) -> Vec<Code> {
        let mut clause: Vec<Code> = lits.iter().map(|&lit| self.code(lit)).collect();
        clause.sort_unstable();
        clause.dedup();
        clause
    }
}

impl Clauses {
    /// Whether propagation over the clauses alone ended in a conflict.
    pub(crate) fn refuted(&self) -> bool {
        self.refuted
    }

    fn grow(&mut self, clause: &[Code]) {
        let needed = clause.last().map_or(0, |&lit| (lit as usize | 1) + 1);
        if self.watches.len() < needed {
            self.watches.resize(needed, Vec::new());
            self.true_now.resize(needed, false);
        }
    }

    fn is_true(&self, lit: Code) -> bool {
        self.true_now[lit as usize]
    }

    /// Adds a clause and draws its consequences.
    pub(crate) fn add(&mut self, lits: &[i32]) {
        let mut clause = self.variables.sorted(lits);
        self.grow(&clause);
        let number = self.spans.len();
        if let Some(names) = &mut self.names {
            names.entry(clause.clone()).or_default().push(number);
        }
        self.spans.push((self.lits.len(), clause.len()));
        // Nothing ever follows from a clause with both literals of a variable.
        if clause.windows(2).any(|pair| pair[0] ^ 1 == pair[1]) {
            self.lits.extend(clause);
            return;
        }
        clause.sort_by_key(|&lit| self.is_true(lit ^ 1));
        self.lits.extend_from_slice(&clause);
        let open = clause.iter().take_while(|&&lit| !self.is_true(lit ^ 1));
        match open.count() {
            0 => self.refuted = true,
            1 => {
                // The permanent assignment satisfies the clause from now on: no watches.
                let unit = clause[0];
                if !self.is_true(unit) {
                    self.assign(unit);
                    self.refuted |= self.propagate().is_err();
                }
            }
            _ => {
                self.watches[clause[0] as usize].push((number, clause[1]));
                self.watches[clause[1] as usize].push((number, clause[0]));
            }
        }
    }

    /// Removes one copy of a clause; false if there is none.
    pub(crate) fn delete(&mut self, lits: &[i32]) -> bool {
        let Clauses {
            lits: all,
            spans,
            names,
            variables,
            ..
        } = self;
        let names = names.get_or_insert_with(|| {
            let mut names: HashMap<Vec<Code>, Vec<usize>> = HashMap::new();
            for (number, &(start, len)) in spans.iter().enumerate() {
                let mut name = all[start..start + len].to_vec();
                name.sort_unstable();
                names.entry(name).or_default().push(number);
            }
            names
        });
        let name = variables.sorted(lits);
        let Some(copies) = names.get_mut(&name) else {
            return false;
        };
        if let Some(number) = copies.pop() {
            spans[number].1 = 0;
        }
        if copies.is_empty() {
            names.remove(&name);
        }
        true
    }

    /// Whether the clause follows by reverse unit propagation.
    pub(crate) fn implies(&mut self, lits: &[i32]) -> bool {
        if self.refuted {
            return true;
        }
        let clause = self.variables.sorted(lits);
        self.grow(&clause);
        let permanent = self.trail.len();
        let mut follows = false;
        for &lit in &clause {
            if self.is_true(lit) {
                follows = true;
                break;
            }
            if !self.is_true(lit ^ 1) {
                self.assign(lit ^ 1);
            }
        }
        follows = follows || self.propagate().is_err();
        for lit in self.trail.drain(permanent..) {
            self.true_now[lit as usize] = false;
        }
        self.head = permanent;
        follows
    }

    fn assign(&mut self, lit: Code) {
        self.true_now[lit as usize] = true;
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
    fn visit(&mut self, falsified: Code) -> Result<(), Conflict> {
        let mut list = std::mem::take(&mut self.watches[falsified as usize]);
        let mut result = Ok(());
        let mut read = 0;
        let mut write = 0;
        while read < list.len() && result.is_ok() {
            let (number, other) = list[read];
            read += 1;
            if self.is_true(other) {
                list[write] = (number, other);
                write += 1;
                continue;
            }
            let (start, len) = self.spans[number];
            if len == 0 {
                continue;
            }
            let clause = &mut self.lits[start..start + len];
            if clause[0] == falsified {
                clause.swap(0, 1);
            }
            let other = clause[0];
            let true_now = &self.true_now;
            let next = if true_now[other as usize] {
                None
            } else {
                (2..len).find(|&at| !true_now[(clause[at] ^ 1) as usize])
            };
            if let Some(at) = next {
                clause.swap(1, at);
                self.watches[clause[1] as usize].push((number, other));
                continue;
            }
            list[write] = (number, other);
            write += 1;
            if self.is_true(other ^ 1) {
                result = Err(Conflict);
            } else if !self.is_true(other) {
                self.assign(other);
            }
        }
        list.drain(write..read);
        self.watches[falsified as usize] = list;
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
