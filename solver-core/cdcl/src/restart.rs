//! When to restart.
//!
//! *Luby*: after `unit * l(i)` conflicts, `l` being the sequence 1 1 2 1 1 2 4 ..
//! (Luby, Sinclair, Zuckerman 1993). *Glucose*: when the learnt clauses of late
//! have a higher LBD than usual (Audemard, Simon, "Refining Restarts Strategies",
//! CP 2012), here with exponential moving averages as Biere and Froehlich propose (POS 2015).
//! *Alternating*: phases of the one and the other in turn, because quick restarts
//! help refutations and long runs help to find models.

/// Which restarts the solver makes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Restarts {
    /// None at all.
    Never,
    /// Luby's sequence times `unit` conflicts.
    Luby {
        /// Conflicts before the first restart; at least 1.
        unit: u32,
    },
    /// By the average LBD.
    Glucose,
    /// Glucose and Luby in turn, in phases of growing length.
    Alternating,
}

/// An exponential moving average whose first values are averaged evenly.
#[derive(Clone, Copy)]
struct Average {
    value: f64,
    alpha: f64,
    weight: f64,
}

impl Average {
    fn new(window: f64) -> Self {
        Average {
            value: 0.0,
            alpha: 1.0 / window,
            weight: 1.0,
        }
    }

    #[inline]
    fn update(&mut self, sample: f64) {
        self.value += self.weight * (sample - self.value);
        if self.weight > self.alpha {
            self.weight = (self.weight / (1.0 + self.weight)).max(self.alpha);
        }
    }
}

const MARGIN: f64 = 1.1;
const MIN_INTERVAL: u64 = 2;
const STABLE_UNIT: u64 = 256;
const PHASE: u64 = 1000;

/// The state of the restart schedule.
#[derive(Clone)]
pub(crate) struct Schedule {
    policy: Restarts,
    fast: Average,
    slow: Average,
    since: u64,
    luby: LubySequence,
    stable: bool,
    /// Conflicts left in, and length of, the current phase of `Alternating`.
    phase_left: u64,
    phase: u64,
}

impl Schedule {
    pub(crate) fn new(policy: Restarts) -> Self {
        Schedule {
            policy,
            fast: Average::new(32.0),
            slow: Average::new(8192.0),
            since: 0,
            luby: LubySequence::default(),
            stable: false,
            phase_left: PHASE,
            phase: PHASE,
        }
    }

    /// Whether the search is in a phase of few restarts.
    pub(crate) fn is_stable(&self) -> bool {
        match self.policy {
            Restarts::Never | Restarts::Luby { .. } => true,
            Restarts::Glucose => false,
            Restarts::Alternating => self.stable,
        }
    }

    /// Takes note of a conflict and its learnt clause's LBD.
    pub(crate) fn conflict(&mut self, lbd: u32) {
        self.since += 1;
        self.fast.update(f64::from(lbd));
        self.slow.update(f64::from(lbd));
        self.phase_left -= 1;
        if self.phase_left == 0 {
            if self.stable {
                self.phase += PHASE;
            } else {
                self.luby = LubySequence::default();
            }
            self.stable = !self.stable;
            self.phase_left = self.phase;
        }
    }

    /// Whether a restart is due; if so, it is counted as made.
    pub(crate) fn due(&mut self) -> bool {
        let unit = match self.policy {
            Restarts::Never => return false,
            Restarts::Luby { unit } => u64::from(unit.max(1)),
            _ => STABLE_UNIT,
        };
        let due = if self.is_stable() {
            self.since >= unit * self.luby.value
        } else {
            self.since >= MIN_INTERVAL && self.fast.value > MARGIN * self.slow.value
        };
        if due {
            self.since = 0;
            self.luby.advance();
        }
        due
    }
}

/// Luby's sequence by Knuth's pair recurrence (TAOCP 7.2.2.2).
#[derive(Clone)]
struct LubySequence {
    counter: u64,
    value: u64,
}

impl Default for LubySequence {
    fn default() -> Self {
        LubySequence {
            counter: 1,
            value: 1,
        }
    }
}

impl LubySequence {
    fn advance(&mut self) {
        let lowest = self.counter & self.counter.wrapping_neg();
        if lowest == self.value {
            self.counter += 1;
            self.value = 1;
        } else {
            self.value *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luby_sequence() {
        let mut sequence = LubySequence::default();
        let values: Vec<u64> = (0..15)
            .map(|_| {
                let value = sequence.value;
                sequence.advance();
                value
            })
            .collect();
        assert_eq!(values, [1, 1, 2, 1, 1, 2, 4, 1, 1, 2, 1, 1, 2, 4, 8]);
    }

    #[test]
    fn policies() {
        let mut never = Schedule::new(Restarts::Never);
        let mut luby = Schedule::new(Restarts::Luby { unit: 3 });
        let mut glucose = Schedule::new(Restarts::Glucose);
        let mut counts = [0; 3];
        for conflict in 0..400 {
            // Steady at first, then the clauses get worse.
            let lbd = if conflict < 340 { 5 } else { 10 };
            for (count, schedule) in counts.iter_mut().zip([&mut never, &mut luby, &mut glucose]) {
                schedule.conflict(lbd);
                *count += u32::from(schedule.due());
            }
            if conflict == 339 {
                assert_eq!(counts[2], 0);
            }
        }
        assert_eq!(counts[0], 0);
        assert!(counts[1] > 20 && counts[1] < 100);
        assert!(counts[2] > 0);
    }

    /// How many restarts there are in so many conflicts at an LBD, after a long time at 200.
    fn restarts_at(lbd: u32, conflicts: u32) -> u32 {
        let mut schedule = Schedule::new(Restarts::Glucose);
        for _ in 0..2000 {
            schedule.conflict(200);
            assert!(!schedule.due());
        }
        let late = (0..conflicts).map(|_| {
            schedule.conflict(lbd);
            u32::from(schedule.due())
        });
        late.sum()
    }

    #[test]
    fn restarts_are_due_where_clauses_are_a_tenth_worse_than_usual() {
        assert_eq!(restarts_at(216, 300), 0);
        assert!(restarts_at(226, 300) > 50);
        // Not all at once: the late average takes its time.
        assert_eq!(restarts_at(226, 10), 0);
    }

    #[test]
    fn each_stable_phase_begins_the_sequence_anew() {
        let mut schedule = Schedule::new(Restarts::Alternating);
        let mut stable: Vec<Vec<u64>> = Vec::new();
        let mut focused = 0;
        let mut at = 0;
        for conflict in 0..9 * PHASE - 1 {
            let was_stable = schedule.is_stable();
            // In the other phases clauses get worse and worse, and restarts are many.
            let lbd = if was_stable {
                5
            } else {
                5 + (conflict / 50) as u32
            };
            schedule.conflict(lbd);
            if schedule.is_stable() && !was_stable {
                stable.push(Vec::new());
                at = 0;
                schedule.since = 0;
            }
            at += 1;
            if schedule.due() {
                match stable.last_mut().filter(|_| schedule.is_stable()) {
                    Some(restarts) => restarts.push(at),
                    None => focused += 1,
                }
            }
        }
        assert!(focused > 100);
        let unit = STABLE_UNIT;
        let expected = [unit, 2 * unit, 4 * unit, 5 * unit, 6 * unit];
        for restarts in stable {
            assert!(restarts.len() >= 2);
            let late = |(&at, &due): (&u64, &u64)| at.abs_diff(due) <= 1;
            assert!(restarts.iter().zip(&expected).all(late), "{restarts:?}");
        }
    }

    #[test]
    fn alternating_changes_phase() {
        let mut schedule = Schedule::new(Restarts::Alternating);
        let phases: Vec<bool> = (0..5 * PHASE)
            .map(|_| {
                schedule.conflict(4);
                schedule.is_stable()
            })
            .collect();
        assert!(!phases[0] && phases[PHASE as usize] && !phases[2 * PHASE as usize]);
        assert!(!phases[3 * PHASE as usize] && phases[4 * PHASE as usize]);
    }
}
