//! Unit propagation.
//!
//! Binary clauses go first: all consequences through implications are drawn
//! before the first long clause is looked at. That is cheaper, and it prefers
//! binary reasons, which make shorter learnt clauses.

use crate::clause::{Arena, ClauseRef, HEADER};
use crate::lit::Lit;
use crate::trail::{Reason, Trail};
use crate::watch::{Implications, Watch};

/// A clause all of whose literals are false.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Conflict {
    Binary(Lit, Lit),
    Long(ClauseRef),
}

/// Clauses longer than this continue the search for a new watch where the last one ended.
const SHORT: usize = 8;

/// The clauses and their watches.
#[derive(Clone, Default)]
pub(crate) struct Database {
    pub(crate) arena: Arena,
    /// By literal: the long clauses that watch it.
    pub(crate) watches: Vec<Vec<Watch>>,
    pub(crate) implications: Implications,
    /// Problem clauses in the arena.
    pub(crate) problem: Vec<ClauseRef>,
    /// Learnt clauses in the arena.
    pub(crate) learnt: Vec<ClauseRef>,
    /// Learnt binary clauses, kept for good; they are also among the implications.
    pub(crate) learnt_binaries: Vec<[Lit; 2]>,
    /// Watches inspected so far, the unit of work behind time limits.
    pub(crate) work: u64,
}

impl Database {
    /// Makes room for `n` more variables.
    pub(crate) fn grow(&mut self, n: usize) {
        self.watches
            .resize_with(self.watches.len() + 2 * n, Vec::new);
        self.implications.grow(n);
    }

    /// Watches the first two literals of a clause.
    pub(crate) fn attach(&mut self, clause: ClauseRef) {
        let (a, b) = (self.arena.lit(clause, 0), self.arena.lit(clause, 1));
        self.watches[a.code()].push(Watch { clause, blocker: b });
        self.watches[b.code()].push(Watch { clause, blocker: a });
    }

    /// Draws all consequences of the trail; stops at the first conflict.
    pub(crate) fn propagate(&mut self, trail: &mut Trail) -> Option<Conflict> {
        loop {
            if let Some(conflict) = self.propagate_binary(trail) {
                return Some(conflict);
            }
            let &lit = trail.lits.get(trail.long_head)?;
            trail.long_head += 1;
            if let Some(conflict) = self.propagate_long(trail, !lit) {
                return Some(conflict);
            }
        }
    }

    #[inline]
    fn propagate_binary(&mut self, trail: &mut Trail) -> Option<Conflict> {
        while let Some(&lit) = trail.lits.get(trail.binary_head) {
            trail.binary_head += 1;
            let implied = self.implications.of(lit);
            self.work += implied.len() as u64;
            for &other in implied {
                let value = trail.value(other);
                if value == 0 {
                    trail.assign(other, Reason::binary(!lit));
                } else if value < 0 {
                    return Some(Conflict::Binary(other, !lit));
                }
            }
        }
        None
    }

    /// Visits the long clauses that watch a literal which just became false.
    fn propagate_long(&mut self, trail: &mut Trail, falsified: Lit) -> Option<Conflict> {
        // Taken out, so that clauses can move their watch into other lists meanwhile.
        let mut list = std::mem::take(&mut self.watches[falsified.code()]);
        self.work += list.len() as u64;
        let mut conflict = None;
        let (mut read, mut write) = (0, 0);
        'watches: while let Some(&watch) = list.get(read) {
            read += 1;
            if trail.value(watch.blocker) > 0 {
                list[write] = watch;
                write += 1;
                continue;
            }
            let start = watch.clause.0 as usize;
            let len = self.arena.words[start] as usize;
            let (header, lits) = self.arena.words[start..start + HEADER + len].split_at_mut(HEADER);
            let other = Lit(lits[0] ^ lits[1] ^ falsified.0);
            let value = trail.value(other);
            if value > 0 {
                list[write] = Watch {
                    clause: watch.clause,
                    blocker: other,
                };
                write += 1;
                continue;
            }
            let from = if len <= SHORT { 2 } else { header[2] as usize };
            let found = lits[from..]
                .iter()
                .position(|&code| trail.values[code as usize] >= 0)
                .map(|offset| from + offset)
                .or_else(|| (2..from).find(|&index| trail.values[lits[index] as usize] >= 0));
            if let Some(index) = found {
                let replacement = Lit(lits[index]);
                header[2] = index as u32;
                if trail.value(replacement) > 0 {
                    // Satisfied: keep the watch and let the true literal block it from now on.
                    list[write] = Watch {
                        clause: watch.clause,
                        blocker: replacement,
                    };
                    write += 1;
                    continue 'watches;
                }
                lits[0] = other.0;
                lits[1] = replacement.0;
                lits[index] = falsified.0;
                self.watches[replacement.code()].push(Watch {
                    clause: watch.clause,
                    blocker: other,
                });
                continue 'watches;
            }
            list[write] = watch;
            write += 1;
            // An implied literal must stand first, conflict analysis relies on it.
            lits[0] = other.0;
            lits[1] = falsified.0;
            if value < 0 {
                conflict = Some(Conflict::Long(watch.clause));
                break;
            }
            trail.assign(other, Reason::long(watch.clause));
        }
        if read != write {
            list.copy_within(read.., write);
            let kept = list.len() - (read - write);
            list.truncate(kept);
        }
        self.watches[falsified.code()] = list;
        conflict
    }
}
