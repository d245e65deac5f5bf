//! Watch lists: one kind for binary clauses, one for long ones.
//!
//! A binary clause `a or b` is an implication in both directions, so its
//! "watch list" is simply the list of literals that a literal implies and is
//! never changed by propagation. Formulas of package universes are almost
//! entirely binary; these lists therefore live in one flat pool, so that
//! loading does not allocate per literal and a list is one contiguous slice.
//!
//! A long clause is watched by its first two literals (Moskewicz et al.,
//! "Chaff", DAC 2001); each watch carries a *blocker*, some other literal of the
//! clause: while that is true the clause itself need not be touched.

use crate::clause::ClauseRef;
use crate::lit::Lit;

/// A watch of a long clause.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Watch {
    pub(crate) clause: ClauseRef,
    pub(crate) blocker: Lit,
}

/// A list's place in the pool.
#[derive(Copy, Clone, Default)]
struct Slot {
    start: u32,
    len: u32,
    capacity: u32,
}

/// For every literal, the literals that it implies by a binary clause.
#[derive(Clone, Default)]
pub(crate) struct Implications {
    slots: Vec<Slot>,
    pool: Vec<Lit>,
    /// Entries of the pool that are in use.
    used: usize,
}

impl Implications {
    /// Makes room for `n` more variables.
    pub(crate) fn grow(&mut self, n: usize) {
        self.slots.resize(self.slots.len() + 2 * n, Slot::default());
    }

    /// The number of binary clauses.
    pub(crate) fn clauses(&self) -> usize {
        self.used / 2
    }

    /// The literals implied by `lit`.
    #[inline]
    pub(crate) fn of(&self, lit: Lit) -> &[Lit] {
        let slot = self.slots[lit.code()];
        let start = slot.start as usize;
        &self.pool[start..start + slot.len as usize]
    }

    /// Adds the clause `a or b`.
    #[inline]
    pub(crate) fn add_clause(&mut self, a: Lit, b: Lit) {
        self.push(!a, b);
        self.push(!b, a);
    }

    #[inline]
    fn push(&mut self, from: Lit, to: Lit) {
        let slot = self.slots[from.code()];
        if slot.len == slot.capacity {
            self.enlarge(from);
        }
        let slot = &mut self.slots[from.code()];
        self.pool[(slot.start + slot.len) as usize] = to;
        slot.len += 1;
        self.used += 1;
    }

    /// Doubles the capacity of a list, moving it to the end of the pool unless it is there.
    fn enlarge(&mut self, from: Lit) {
        let slot = &mut self.slots[from.code()];
        let capacity = (2 * slot.capacity).max(4);
        let (start, end) = (slot.start as usize, (slot.start + slot.capacity) as usize);
        let filler = Lit(0);
        assert!(
            self.pool.len() + capacity as usize <= u32::MAX as usize,
            "too many binary clauses"
        );
        if end != self.pool.len() {
            let moved = self.pool.len();
            self.pool
                .extend_from_within(start..start + slot.len as usize);
            slot.start = moved as u32;
        }
        slot.capacity = capacity;
        self.pool.resize((slot.start + capacity) as usize, filler);
    }

    /// Drops the clauses for which `satisfied` holds of one of their literals.
    /// The caller counts and logs them: each is visited once from both sides.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Lit, Lit) -> bool) {
        let mut pool = Vec::with_capacity(self.used + self.used / 8);
        for (code, slot) in self.slots.iter_mut().enumerate() {
            let start = pool.len();
            let old = slot.start as usize;
            let from = Lit(code as u32);
            pool.extend(
                self.pool[old..old + slot.len as usize]
                    .iter()
                    .copied()
                    .filter(|&to| keep(!from, to)),
            );
            let len = (pool.len() - start) as u32;
            *slot = Slot {
                start: start as u32,
                len,
                capacity: len,
            };
        }
        self.used = pool.len();
        self.pool = pool;
    }

    /// Lays the lists out tightly in the order of their literals if much of the pool is slack.
    pub(crate) fn compact(&mut self) {
        if self.pool.len() > 1024 && self.pool.len() > 2 * self.used {
            self.retain(|_, _| true);
        }
    }

    /// Every clause once, as its two literals.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Lit, Lit)> + '_ {
        (0..self.slots.len()).flat_map(move |code| {
            let from = Lit(code as u32);
            self.of(from)
                .iter()
                .filter(move |to| !from < **to)
                .map(move |&to| (!from, to))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lit::Var;

    #[test]
    fn lists_survive_interleaved_growth_and_compaction() {
        let n = 40u32;
        let mut implications = Implications::default();
        implications.grow(n as usize);
        let mut reference = vec![Vec::new(); 2 * n as usize];
        for i in 0..5000u32 {
            let a = Lit(i * 7919 % (2 * n));
            let b = Lit(i * 104_729 / 3 % (2 * n));
            if a.var() == b.var() {
                continue;
            }
            implications.add_clause(a, b);
            reference[(!a).code()].push(b);
            reference[(!b).code()].push(a);
            if i % 1000 == 999 {
                implications.compact();
            }
        }
        for (code, list) in reference.iter().enumerate() {
            assert_eq!(implications.of(Lit(code as u32)), &list[..]);
        }
        assert_eq!(implications.iter().count(), implications.clauses());
        let victim = Var(3).positive();
        implications.retain(|a, b| a != victim && b != victim);
        assert!(implications.of(!victim).is_empty());
        assert!(implications.iter().all(|(a, b)| a != victim && b != victim));
        assert_eq!(implications.iter().count(), implications.clauses());
    }
}
