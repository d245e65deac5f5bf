//! Budgets and cancellation of one call.

use std::fmt;
use std::time::Instant;

/// When to give up a call with [`Outcome::Unknown`](crate::Outcome::Unknown).
///
/// The default has no limit. Deadline and `stop` are asked at the start of the
/// search and then after every few thousand inspected watches or a few dozen
/// decisions, whichever comes first: in practice well within a millisecond.
#[derive(Copy, Clone, Default)]
pub struct Limits<'a> {
    /// The number of conflicts that may be analysed.
    pub conflicts: Option<u64>,
    /// The number of decisions that may be made, assumptions not counted.
    pub decisions: Option<u64>,
    /// The moment after which the call ends.
    pub deadline: Option<Instant>,
    /// Asked regularly; `true` ends the call.
    pub stop: Option<&'a dyn Fn() -> bool>,
}

impl fmt::Debug for Limits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("conflicts", &self.conflicts)
            .field("decisions", &self.decisions)
            .field("deadline", &self.deadline)
            .field("stop", &self.stop.map(|_| ".."))
            .finish()
    }
}

/// Inspected watches between two polls.
const WORK: u64 = 8192;
/// Turns of the search loop between two polls.
const TURNS: u32 = 64;

/// The limits of a call together with what was used of them.
pub(crate) struct Budget<'a> {
    limits: &'a Limits<'a>,
    conflicts: u64,
    decisions: u64,
    next_work: u64,
    turns: u32,
    reached: bool,
}

impl<'a> Budget<'a> {
    pub(crate) fn new(limits: &'a Limits<'a>) -> Self {
        Budget {
            limits,
            conflicts: 0,
            decisions: 0,
            next_work: 0,
            turns: 0,
            reached: false,
        }
    }

    /// Counts a conflict; false when there was none left.
    pub(crate) fn take_conflict(&mut self) -> bool {
        if self
            .limits
            .conflicts
            .is_some_and(|limit| self.conflicts >= limit)
        {
            return false;
        }
        self.conflicts += 1;
        true
    }

    /// Counts a decision; false when there was none left.
    #[inline]
    pub(crate) fn take_decision(&mut self) -> bool {
        if self
            .limits
            .decisions
            .is_some_and(|limit| self.decisions >= limit)
        {
            return false;
        }
        self.decisions += 1;
        true
    }

    /// Whether the deadline has passed or the caller wants to stop, asked now and then.
    /// `work` is the running count of inspected watches.
    #[inline]
    pub(crate) fn expired(&mut self, work: u64) -> bool {
        if self.turns > 0 && work < self.next_work {
            self.turns -= 1;
            return false;
        }
        self.turns = TURNS;
        self.next_work = work + WORK;
        self.reached = self.reached
            || self
                .limits
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
            || self.limits.stop.is_some_and(|stop| stop());
        self.reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn conflicts_are_counted_exactly() {
        let limits = Limits {
            conflicts: Some(2),
            ..Limits::default()
        };
        let mut budget = Budget::new(&limits);
        assert!(budget.take_conflict() && budget.take_conflict());
        assert!(!budget.take_conflict());
        let unlimited = Limits::default();
        let mut budget = Budget::new(&unlimited);
        assert!((0..1000).all(|_| budget.take_conflict()));
    }

    #[test]
    fn decisions_are_counted_exactly() {
        let limits = Limits {
            decisions: Some(2),
            ..Limits::default()
        };
        let mut budget = Budget::new(&limits);
        assert!(budget.take_decision() && budget.take_decision());
        assert!(!budget.take_decision());
        let unlimited = Limits::default();
        let mut budget = Budget::new(&unlimited);
        assert!((0..1000).all(|_| budget.take_decision()));
    }

    #[test]
    fn stop_is_asked_by_turns_and_by_work() {
        let asked = Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            false
        };
        let limits = Limits {
            stop: Some(&stop),
            ..Limits::default()
        };
        let mut budget = Budget::new(&limits);
        assert!(!budget.expired(0));
        assert_eq!(asked.get(), 1);
        for _ in 0..=TURNS {
            assert!(!budget.expired(1));
        }
        assert_eq!(asked.get(), 2);
        assert!(!budget.expired(1 + WORK));
        assert_eq!(asked.get(), 3);
    }

    #[test]
    fn a_past_deadline_strikes_at_once() {
        let limits = Limits {
            deadline: Some(Instant::now()),
            ..Limits::default()
        };
        assert!(Budget::new(&limits).expired(0));
    }
}
