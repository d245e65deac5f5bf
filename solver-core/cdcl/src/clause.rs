//! The clause arena: every clause of three or more literals in one flat vector.
//!
//! A clause is a header of three words followed by its literal codes, and is
//! named by the position of its header. Clauses are therefore contiguous,
//! reached with one addition, and moved only by [`Arena::collect`], which
//! leaves forwarding positions in the old vector until all holders of
//! references (watch lists, reasons, clause lists) were updated.
//!
//! ```text
//! word 0   number of literals          (after a move: the new position)
//! word 1   bit 0 learnt, bit 1 deleted, bit 2 moved, bits 4-5 use counter, bits 8.. LBD
//! word 2   where the search for a new watch continues (Gent, "Optimal Implementation of
//!          Watched Literals and More General Techniques", JAIR 2013)
//! word 3.. literals; the first two are watched
//! ```

use crate::lit::Lit;

/// The position of a clause in the arena.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct ClauseRef(pub(crate) u32);

pub(crate) const HEADER: usize = 3;
const LEARNT: u32 = 1;
const DELETED: u32 = 1 << 1;
const MOVED: u32 = 1 << 2;
const USED_SHIFT: u32 = 4;
const USED_MASK: u32 = 3 << USED_SHIFT;
const LBD_SHIFT: u32 = 8;
const LBD_MAX: u32 = u32::MAX >> LBD_SHIFT;

/// The storage of all long clauses.
#[derive(Clone, Default)]
pub(crate) struct Arena {
    pub(crate) words: Vec<u32>,
    /// Words that belong to deleted clauses.
    wasted: usize,
}

impl Arena {
    /// Stores a clause.
    ///
    /// # Panics
    ///
    /// If the arena would outgrow 2^31 words (8 GiB).
    pub(crate) fn add(&mut self, lits: &[Lit], learnt: bool, lbd: u32) -> ClauseRef {
        let position = self.words.len();
        assert!(
            position + HEADER + lits.len() < 1 << 31,
            "the clause arena is limited to 2^31 words"
        );
        let flags = (u32::from(learnt) * LEARNT) | (lbd.min(LBD_MAX) << LBD_SHIFT);
        self.words.extend_from_slice(&[lits.len() as u32, flags, 2]);
        self.words.extend(lits.iter().map(|lit| lit.0));
        ClauseRef(position as u32)
    }

    #[inline]
    pub(crate) fn len(&self, clause: ClauseRef) -> usize {
        self.words[clause.0 as usize] as usize
    }

    /// The literals' codes.
    #[inline]
    pub(crate) fn codes(&self, clause: ClauseRef) -> &[u32] {
        let start = clause.0 as usize + HEADER;
        &self.words[start..start + self.len(clause)]
    }

    #[inline]
    pub(crate) fn lits(&self, clause: ClauseRef) -> impl ExactSizeIterator<Item = Lit> + '_ {
        self.codes(clause).iter().map(|&code| Lit(code))
    }

    #[inline]
    pub(crate) fn lit(&self, clause: ClauseRef, index: usize) -> Lit {
        Lit(self.words[clause.0 as usize + HEADER + index])
    }

    #[inline]
    fn flags(&self, clause: ClauseRef) -> u32 {
        self.words[clause.0 as usize + 1]
    }

    #[inline]
    fn flags_mut(&mut self, clause: ClauseRef) -> &mut u32 {
        &mut self.words[clause.0 as usize + 1]
    }

    #[inline]
    pub(crate) fn is_learnt(&self, clause: ClauseRef) -> bool {
        self.flags(clause) & LEARNT != 0
    }

    #[inline]
    pub(crate) fn is_deleted(&self, clause: ClauseRef) -> bool {
        self.flags(clause) & DELETED != 0
    }

    #[inline]
    pub(crate) fn lbd(&self, clause: ClauseRef) -> u32 {
        self.flags(clause) >> LBD_SHIFT
    }

    pub(crate) fn set_lbd(&mut self, clause: ClauseRef, lbd: u32) {
        let flags = self.flags_mut(clause);
        *flags = (*flags & ((1 << LBD_SHIFT) - 1)) | (lbd.min(LBD_MAX) << LBD_SHIFT);
    }

    /// In how many more reductions the clause counts as recently used.
    #[inline]
    pub(crate) fn used(&self, clause: ClauseRef) -> u32 {
        (self.flags(clause) & USED_MASK) >> USED_SHIFT
    }

    #[inline]
    pub(crate) fn set_used(&mut self, clause: ClauseRef, used: u32) {
        let flags = self.flags_mut(clause);
        *flags = (*flags & !USED_MASK) | (used.min(3) << USED_SHIFT);
    }

    /// Marks a clause as deleted; its watches must be flushed before the next collection.
    pub(crate) fn delete(&mut self, clause: ClauseRef) {
        debug_assert!(!self.is_deleted(clause));
        self.wasted += HEADER + self.len(clause);
        *self.flags_mut(clause) |= DELETED;
    }

    /// Whether enough of the arena is wasted for a collection to pay.
    pub(crate) fn wants_collection(&self) -> bool {
        self.wasted > 1024 && self.wasted * 4 > self.words.len()
    }

    /// Moves the live clauses of the lists, in that order, into a fresh arena and
    /// updates the lists. Other references are updated by [`Moves::follow`].
    pub(crate) fn collect<'a>(
        &mut self,
        lists: impl IntoIterator<Item = &'a mut Vec<ClauseRef>>,
    ) -> Moves {
        let live = self.words.len() - self.wasted;
        let mut old = std::mem::replace(&mut self.words, Vec::with_capacity(live + live / 4));
        self.wasted = 0;
        for list in lists {
            for clause in list.iter_mut() {
                let start = clause.0 as usize;
                debug_assert_eq!(old[start + 1] & (MOVED | DELETED), 0);
                let end = start + HEADER + old[start] as usize;
                let moved = self.words.len() as u32;
                self.words.extend_from_slice(&old[start..end]);
                old[start] = moved;
                old[start + 1] |= MOVED;
                *clause = ClauseRef(moved);
            }
        }
        Moves { old }
    }
}

/// The forwarding positions after a collection.
pub(crate) struct Moves {
    old: Vec<u32>,
}

impl Moves {
    /// The new position of a live clause.
    #[inline]
    pub(crate) fn follow(&self, clause: ClauseRef) -> ClauseRef {
        debug_assert!(self.old[clause.0 as usize + 1] & MOVED != 0);
        ClauseRef(self.old[clause.0 as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lit::Var;

    fn lits(numbers: &[i64]) -> Vec<Lit> {
        numbers
            .iter()
            .map(|&n| Lit::from_dimacs(n).unwrap())
            .collect()
    }

    #[test]
    fn header_fields_do_not_disturb_each_other() {
        let mut arena = Arena::default();
        let a = arena.add(&lits(&[1, -2, 3]), false, 0);
        let b = arena.add(&lits(&[4, 5, 6, -7]), true, 9);
        assert_eq!((arena.len(a), arena.len(b)), (3, 4));
        assert!(!arena.is_learnt(a) && arena.is_learnt(b));
        arena.set_used(b, 2);
        arena.set_lbd(b, 5);
        assert_eq!(
            (arena.used(b), arena.lbd(b), arena.is_learnt(b)),
            (2, 5, true)
        );
        arena.set_used(b, 0);
        assert_eq!(
            (arena.used(b), arena.lbd(b), arena.is_deleted(b)),
            (0, 5, false)
        );
        assert_eq!(arena.lits(a).collect::<Vec<_>>(), lits(&[1, -2, 3]));
        assert_eq!(arena.lit(b, 3), Var(6).negative());
    }

    #[test]
    fn collection_keeps_live_clauses_and_forwards() {
        let mut arena = Arena::default();
        let a = arena.add(&lits(&[1, 2, 3]), false, 0);
        let b = arena.add(&lits(&[4, 5, 6]), false, 0);
        let c = arena.add(&lits(&[-1, -2, -3, -4]), true, 3);
        arena.delete(b);
        let mut problem = vec![a];
        let mut learnt = vec![c];
        let moves = arena.collect([&mut problem, &mut learnt]);
        assert_eq!(moves.follow(a), problem[0]);
        assert_eq!(moves.follow(c), learnt[0]);
        assert_eq!(
            arena.lits(learnt[0]).collect::<Vec<_>>(),
            lits(&[-1, -2, -3, -4])
        );
        assert_eq!(arena.lbd(learnt[0]), 3);
        assert_eq!(arena.words.len(), 2 * HEADER + 7);
    }
}
