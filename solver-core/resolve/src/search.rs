//! How the SAT search decides: install the best remaining candidate of a package that is needed.
//!
//! A name is *pending* when it is known to be installed (`G_0` true) but its candidate is open. The search takes a
//! pending name and chooses its best candidate that is still possible, or the one of the last model if that is still
//! possible. When no name is pending the assignment is complete (see the encoder's default-false completion).
//!
//! Without conflicts names are taken in the order in which they became needed, the requested first. After
//! conflicts the name seen most in recent ones goes first (VSIDS, counted per name; only names seen in some are looked
//! at, so that a decision costs nothing where there are no conflicts).

use std::ops::Range;

use cdcl::{Decide, Decision, Lit, Var, View};

use crate::encode::{Ladders, NO_NAME};
use crate::universe::NameId;

/// "Not installed", where a position is expected.
pub(crate) const ABSENT: u32 = u32::MAX;

/// Which candidate each name has. Cheap to clear: only installed names are touched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    at: Vec<u32>,
    installed: Vec<NameId>,
}

impl Model {
    /// The position of a name's candidate, or [`ABSENT`].
    pub(crate) fn position(&self, name: NameId) -> u32 {
        self.at.get(name as usize).copied().unwrap_or(ABSENT)
    }

    /// Installed names with their positions, in the order in which the search came to them.
    pub(crate) fn chosen(&self) -> impl Iterator<Item = (NameId, u32)> + '_ {
        self.installed
            .iter()
            .map(|&name| (name, self.at[name as usize]))
    }

    pub(crate) fn clear(&mut self) {
        for name in self.installed.drain(..) {
            self.at[name as usize] = ABSENT;
        }
    }

    pub(crate) fn set(&mut self, name: NameId, position: u32) {
        let at = name as usize;
        if at >= self.at.len() {
            self.at.resize(at + 1, ABSENT);
        }
        self.at[at] = position;
        self.installed.push(name);
    }
}

/// The decision procedure over one encoding.
pub(crate) struct Brancher<'e> {
    ladders: &'e Ladders,
    /// Names known to be installed, in the order in which that became known.
    pending: Vec<Pending>,
    /// Entries of `pending` before this one have their candidate.
    cursor: usize,
    seen: usize,
    /// The last model.
    preferred: &'e Model,
    activity: &'e mut NameActivity,
}

/// A name that is known to be installed.
#[derive(Clone, Copy)]
struct Pending {
    name: NameId,
    /// Where on the trail that stands.
    at: u32,
    /// Length of the trail when its candidate was seen to be settled; never falls along the entries before the cursor.
    settled: u32,
}

/// How often each name took part in recent conflicts; survives between solves.
#[derive(Debug)]
pub(crate) struct NameActivity {
    score: Vec<f64>,
    step: f64,
    /// Names with a score.
    hot: Vec<NameId>,
}

impl Default for NameActivity {
    fn default() -> Self {
        Self {
            score: Vec::new(),
            step: 1.0,
            hot: Vec::new(),
        }
    }
}

impl NameActivity {
    fn of(&self, name: NameId) -> f64 {
        self.score.get(name as usize).copied().unwrap_or(0.0)
    }

    fn bump(&mut self, name: NameId) {
        let at = name as usize;
        if at >= self.score.len() {
            self.score.resize(at + 1, 0.0);
        }
        if self.score[at] == 0.0 {
            self.hot.push(name);
        }
        self.score[at] += self.step;
        if self.score[at] > 1e100 {
            self.score.iter_mut().for_each(|s| *s *= 1e-100);
            self.step *= 1e-100;
        }
    }
}

impl<'e> Brancher<'e> {
    pub(crate) fn new(
        ladders: &'e Ladders,
        preferred: &'e Model,
        activity: &'e mut NameActivity,
    ) -> Self {
        Self {
            ladders,
            pending: Vec::new(),
            cursor: 0,
            seen: 0,
            preferred,
            activity,
        }
    }

    fn catch_up(&mut self, trail: &[Lit]) {
        for (i, &lit) in trail.iter().enumerate().skip(self.seen) {
            if let Some(name) = self.ladders.installs(lit) {
                self.pending.push(Pending {
                    name,
                    at: i as u32,
                    settled: 0,
                });
            }
        }
        self.seen = trail.len();
    }

    fn blocks(&self, view: &View<'_>, name: NameId) -> Range<usize> {
        self.ladders.possible_blocks(name, |l| view.value(l))
    }

    fn choose(&self, view: &View<'_>, name: NameId, blocks: Range<usize>) -> Decision {
        // Where the last model chose, a candidate is open and has a literal.
        let last = match self.preferred.position(name) {
            ABSENT => None,
            at if at < self.ladders.start(name, blocks.start) => None,
            at => self.ladders.chosen(name, at),
        };
        let preferred = last.filter(|&lit| view.value(lit) != Some(false));
        match preferred.or_else(|| self.ladders.choice(name, blocks.start)) {
            Some(lit) => Decision::Lit(lit),
            None => Decision::Fallback,
        }
    }
}

impl Decide for Brancher<'_> {
    fn decide(&mut self, view: &View<'_>) -> Decision {
        self.catch_up(view.trail());
        while let Some(&Pending { name, .. }) = self.pending.get(self.cursor) {
            if self.blocks(view, name).len() > 1 {
                break;
            }
            self.pending[self.cursor].settled = view.trail().len() as u32;
            self.cursor += 1;
        }
        let Some(&Pending { name: first, .. }) = self.pending.get(self.cursor) else {
            return Decision::Done;
        };
        let mut best = first;
        let mut score = self.activity.of(best);
        for &name in &self.activity.hot {
            let s = self.activity.of(name);
            if s > score
                && self.ladders.installed(name).and_then(|g| view.value(g)) == Some(true)
                && self.blocks(view, name).len() > 1
            {
                best = name;
                score = s;
            }
        }
        self.choose(view, best, self.blocks(view, best))
    }

    fn backtracked(&mut self, len: usize) {
        self.seen = self.seen.min(len);
        while self.pending.last().is_some_and(|p| p.at as usize >= len) {
            self.pending.pop();
        }
        // What was settled on a part of the trail that is gone may be open again.
        let settled = &self.pending[..self.cursor.min(self.pending.len())];
        self.cursor = settled.partition_point(|p| p.settled as usize <= len);
    }

    fn conflict(&mut self, vars: &[Var]) {
        for &var in vars {
            let name = self.ladders.name_of(var);
            if name != NO_NAME {
                self.activity.bump(name);
            }
        }
        self.activity.step *= 1.0 / 0.95;
    }
}
