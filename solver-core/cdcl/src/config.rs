//! Switches and counters.

use crate::restart::Restarts;

/// Which techniques a solver uses. The default has all of them on.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Config {
    /// Remove redundant literals of learnt clauses.
    pub minimize: bool,
    /// Shorten learnt clauses of small LBD with binary clauses.
    pub binary_minimize: bool,
    /// Forget learnt clauses of little use.
    pub reduce: bool,
    /// Conflicts before the first reduction, and what the distance of later ones grows by; at least 1.
    pub reduce_interval: u64,
    /// Drop clauses that are satisfied for good.
    pub simplify: bool,
    /// The restart policy.
    pub restarts: Restarts,
    /// Remember the last value of a variable as the phase of its next decision.
    pub phase_saving: bool,
    /// Keep the trail of the common first assumptions between calls.
    pub reuse_trail: bool,
    /// The factor by which activities fade per conflict, in (0, 1).
    pub decay: f64,
    /// Keep the solver's own decision order (VSIDS). Without it a decision that the caller leaves to the solver
    /// takes the first unassigned variable: for callers that decide everything themselves.
    pub vsids: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            minimize: true,
            binary_minimize: true,
            reduce: true,
            reduce_interval: 300,
            simplify: true,
            restarts: Restarts::Alternating,
            phase_saving: true,
            reuse_trail: true,
            decay: 0.95,
            vsids: true,
        }
    }
}

impl Config {
    /// The techniques that [`Config::without`] knows.
    pub const TECHNIQUES: [&'static str; 9] = [
        "minimize",
        "binary-minimize",
        "reduce",
        "simplify",
        "restarts",
        "alternating",
        "phase-saving",
        "reuse-trail",
        "vsids",
    ];

    /// The same without one technique, for benches; `None` if there is none of that name. Without `alternating`
    /// there are Glucose's restarts alone, without `restarts` there are none.
    pub fn without(self, technique: &str) -> Option<Config> {
        let mut config = self;
        match technique {
            "minimize" => config.minimize = false,
            "binary-minimize" => config.binary_minimize = false,
            "reduce" => config.reduce = false,
            "simplify" => config.simplify = false,
            "restarts" => config.restarts = Restarts::Never,
            "alternating" => config.restarts = Restarts::Glucose,
            "phase-saving" => config.phase_saving = false,
            "reuse-trail" => config.reuse_trail = false,
            "vsids" => config.vsids = false,
            _ => return None,
        }
        Some(config)
    }
}

/// Counters since a solver was made.
#[derive(Copy, Clone, Default, PartialEq, Eq, Debug)]
pub struct Stats {
    /// Calls of `solve` and `solve_with`, those of core minimisation included.
    pub solves: u64,
    /// Calls made by core minimisation.
    pub core_calls: u64,
    /// Conflicts.
    pub conflicts: u64,
    /// Decisions, assumptions not counted.
    pub decisions: u64,
    /// Literals assigned by propagation.
    pub propagations: u64,
    /// Restarts.
    pub restarts: u64,
    /// Learnt clauses, units and binaries included.
    pub learnt: u64,
    /// Literals in them.
    pub learnt_literals: u64,
    /// Literals that minimisation removed from them.
    pub minimized_literals: u64,
    /// Reductions of the learnt clauses.
    pub reductions: u64,
    /// Learnt clauses dropped by reductions.
    pub deleted: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_technique_can_be_left_out() {
        for technique in Config::TECHNIQUES {
            let less = Config::default().without(technique);
            assert!(
                less.is_some_and(|less| less != Config::default()),
                "{technique}"
            );
        }
        assert_eq!(Config::default().without("luck"), None);
    }
}
