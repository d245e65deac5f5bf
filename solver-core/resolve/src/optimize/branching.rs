//! How the SAT search decides: install the best remaining candidate of a package that is needed.
//!
//! A name is *pending* when it is known to be installed (`G_0` true) but its candidate is open. The search takes a
//! pending name and chooses its best candidate that is still possible, or the one of the last model if that is still
//! possible. When no name is pending, what is still open can be false: a clause of the encoding that asks for something
//! has a literal that is open or false itself as long as nothing is installed for it. Two kinds
//! of clauses ask for more. A loop formula that is not satisfied then is given the first record that can. Totalizers
//! that count what is *not* there (a package that is missing, an installed record that is not kept) have outputs that
//! follow from literals that are false: these are decided in the end, false if nothing speaks against it.
//!
//! Without conflicts names are taken in the order in which they became needed, the requested first. After
//! conflicts the name seen most in recent ones goes first (VSIDS, counted per name; only names seen in some are looked
//! at, so that a decision costs nothing where there are no conflicts).

use cdcl::{Decide, Decision, Lit, Var, View};

use crate::encode::Ladders;
use crate::ids::{Id, Table};
use crate::universe::NameId;

/// A loop formula: where the first literal is true, one of the others is.
#[derive(Debug)]
pub(crate) struct Loop {
    pub needed: Lit,
    pub leading: Vec<Lit>,
}

/// "Not installed", where a position is expected.
pub(crate) const ABSENT: u32 = u32::MAX;

/// Which candidate each name has. Cheap to clear: only installed names are touched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    at: Table<NameId, u32>,
    installed: Vec<NameId>,
}

impl Model {
    /// The position of a name's candidate, or [`ABSENT`].
    pub(crate) fn position(&self, name: NameId) -> u32 {
        self.at.get(name).copied().unwrap_or(ABSENT)
    }

    /// Installed names with their positions, in the order in which the search came to them.
    pub(crate) fn chosen(&self) -> impl Iterator<Item = (NameId, u32)> + '_ {
        self.installed.iter().map(|&name| (name, self.at[name]))
    }

    pub(crate) fn clear(&mut self) {
        for name in self.installed.drain(..) {
            self.at[name] = ABSENT;
        }
    }

    pub(crate) fn set(&mut self, name: NameId, position: u32) {
        *self.at.grown(name, || ABSENT) = position;
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
    /// Of the names seen in conflicts, the most active first: length of the trail when it was seen that there is
    /// nothing to decide of it. Those behind have not been looked at.
    passed: Vec<u32>,
    /// Literals to be decided in the end, false.
    counted_false: &'e [Lit],
    loops: &'e [Loop],
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
    score: Table<NameId, f64>,
    step: f64,
    /// Names with a score; the highest first once they are sorted.
    hot: Vec<NameId>,
    /// By name: its place in `hot` when that is sorted.
    place: Table<NameId, u32>,
    sorted: bool,
}

impl Default for NameActivity {
    fn default() -> Self {
        Self {
            score: Table::default(),
            step: 1.0,
            hot: Vec::new(),
            place: Table::default(),
            sorted: true,
        }
    }
}

impl NameActivity {
    fn of(&self, name: NameId) -> f64 {
        self.score.get(name).copied().unwrap_or(0.0)
    }

    fn bump(&mut self, name: NameId) {
        self.place.grown(name, || u32::MAX);
        let score = self.score.grown(name, || 0.0);
        if *score == 0.0 {
            self.hot.push(name);
        }
        *score += self.step;
        if *score > 1e100 {
            let scores = self.score.entries_mut().iter_mut();
            scores.for_each(|s| *s *= 1e-100);
            self.step *= 1e-100;
        }
        self.sorted = false;
    }

    fn sort(&mut self) {
        let score = &self.score;
        self.hot.sort_by(|&a, &b| score[b].total_cmp(&score[a]));
        for (place, &name) in self.hot.iter().enumerate() {
            self.place[name] = place as u32;
        }
        self.sorted = true;
    }

    /// The name's place among the active ones, if it is one.
    fn place(&self, name: NameId) -> usize {
        self.place
            .get(name)
            .map_or(usize::MAX, |&place| place.place())
    }
}

impl<'e> Brancher<'e> {
    pub(crate) fn new(
        ladders: &'e Ladders,
        preferred: &'e Model,
        activity: &'e mut NameActivity,
        counted_false: &'e [Lit],
        loops: &'e [Loop],
    ) -> Self {
        Self {
            ladders,
            pending: Vec::new(),
            cursor: 0,
            seen: 0,
            preferred,
            activity,
            passed: Vec::new(),
            counted_false,
            loops,
        }
    }

    fn catch_up(&mut self, trail: &[Lit]) {
        for (i, &lit) in trail.iter().enumerate().skip(self.seen) {
            if let Some(name) = self.ladders.installs(lit) {
                self.passed.truncate(self.activity.place(name));
                self.pending.push(Pending {
                    name,
                    at: i as u32,
                    settled: 0,
                });
            }
        }
        self.seen = trail.len();
    }

    /// The best block of an installed name, if there is something to decide.
    fn undecided(&self, view: &View<'_>, name: NameId) -> Option<usize> {
        self.ladders.undecided(name, |lit| view.value(lit))
    }

    fn choose(&self, view: &View<'_>, name: NameId, block: usize) -> Decision {
        // Where the last model chose, a candidate is open and has a literal.
        let last = match self.preferred.position(name) {
            ABSENT => None,
            at if at < self.ladders.start(name, block) => None,
            at => self.ladders.chosen(name, at),
        };
        let preferred = last.filter(|&lit| view.value(lit) != Some(false));
        match preferred.or_else(|| self.ladders.choice(name, block)) {
            Some(lit) => Decision::Lit(lit),
            None => Decision::Fallback,
        }
    }

    /// What is left to decide when nothing is pending.
    fn last_decision(&self, view: &View<'_>) -> Decision {
        let holds = |lit: &Lit| view.value(*lit) == Some(true);
        let open = |lit: &&Lit| view.value(**lit).is_none();
        let unmet = |l: &&Loop| holds(&l.needed) && !l.leading.iter().any(holds);
        let leading = self
            .loops
            .iter()
            .filter(unmet)
            .find_map(|l| l.leading.iter().find(open));
        if let Some(&lit) = leading {
            return Decision::Lit(lit);
        }
        let last = self.counted_false.iter().find(open);
        last.map_or(Decision::Done, |&lit| Decision::Lit(!lit))
    }

    /// The most active name of which there is something to decide.
    fn most_active(&mut self, view: &View<'_>) -> Option<(NameId, usize)> {
        if !self.activity.sorted {
            self.activity.sort();
            self.passed.clear();
        }
        while let Some(&name) = self.activity.hot.get(self.passed.len()) {
            let installed = self.ladders.installed(name).and_then(|g| view.value(g));
            let undecided = match installed {
                Some(true) => self.undecided(view, name),
                _ => None,
            };
            if let Some(block) = undecided {
                return Some((name, block));
            }
            self.passed.push(view.trail().len() as u32);
        }
        None
    }
}

impl Decide for Brancher<'_> {
    fn decide(&mut self, view: &View<'_>) -> Decision {
        self.catch_up(view.trail());
        let mut first = None;
        while let Some(&Pending { name, .. }) = self.pending.get(self.cursor) {
            first = self.undecided(view, name).map(|block| (name, block));
            if first.is_some() {
                break;
            }
            self.pending[self.cursor].settled = view.trail().len() as u32;
            self.cursor += 1;
        }
        let Some((mut name, mut block)) = first else {
            return self.last_decision(view);
        };
        if let Some((active, its)) = self.most_active(view) {
            if self.activity.of(active) > self.activity.of(name) {
                (name, block) = (active, its);
            }
        }
        self.choose(view, name, block)
    }

    fn backtracked(&mut self, len: usize) {
        self.seen = self.seen.min(len);
        while self.pending.last().is_some_and(|p| p.at as usize >= len) {
            self.pending.pop();
        }
        // What was settled on a part of the trail that is gone may be open again.
        let settled = &self.pending[..self.cursor.min(self.pending.len())];
        self.cursor = settled.partition_point(|p| p.settled as usize <= len);
        let passed = self.passed.partition_point(|&seen| seen as usize <= len);
        self.passed.truncate(passed);
    }

    fn conflict(&mut self, vars: &[Var]) {
        for &var in vars {
            let name = self.ladders.name_of(var);
            if name != NameId::NONE {
                self.activity.bump(name);
            }
        }
        self.activity.step *= 1.0 / 0.95;
    }
}
