//! What a solve returns when there is an answer.

use std::sync::Arc;

use conda::index::{Index, RecordRef};
use conda::record::PackageRecord;
use rustc_hash::FxHashMap;

use crate::check::active_extras;
use crate::request::Request;
use crate::transaction::Transaction;

/// How much of the contract was shown unbeatable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimality {
    /// Every level's bound was shown unbeatable.
    Proved,
    /// Time ran out; the answer is valid, and proved up to the level that the report names.
    Feasible,
}

impl Optimality {
    /// The word the Python layer and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            Optimality::Proved => "proved",
            Optimality::Feasible => "feasible",
        }
    }
}

/// One layer of level 6 and its proved values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layer {
    /// How many names the layer has, present or not.
    pub names: usize,
    /// Sum of version ranks.
    pub version_ranks: u64,
    /// Number of records with `track_features`.
    pub features: u64,
    /// Sum of build ranks.
    pub build_ranks: u64,
}

/// Where a requested package could be better at the price of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tradeoff {
    /// The package.
    pub name: String,
    /// Its version in the solution.
    pub chosen: String,
    /// The best version it could have.
    pub possible: String,
    /// What that would change: name, version in the solution, version then.
    pub price: Vec<(String, String, String)>,
}

/// The value of each level that was reached; `None` (or `false`) where time ran out before it was proved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LevelReport {
    /// Level 1 of a change: roots removed, earlier specs dropped, roots downgraded, python's minor version changed.
    pub roots: Option<[u64; 4]>,
    /// Level 1 of a change, behind the roots removed: what was broken before, was to be mended and could not be. `None`
    /// where nothing was.
    pub broken: Option<u64>,
    /// Level 5 of a change: installed packages removed or exchanged.
    pub changes: Option<u64>,
    /// Level 2: sum of version ranks of the requested.
    pub requested_versions: Option<u64>,
    /// Level 3: requested records with `track_features`.
    pub requested_features: Option<u64>,
    /// Level 4: sum of build ranks of the requested.
    pub requested_builds: Option<u64>,
    /// Level 6, layer by layer; layers behind the last one cost nothing.
    pub layers: Vec<Layer>,
    /// Whether every layer is proved.
    pub layers_done: bool,
    /// Level 7: number of packages.
    pub packages: Option<u64>,
    /// Whether the choice among equal candidates was completed too.
    pub candidates_done: bool,
    /// What level 2 decided against.
    pub tradeoffs: Vec<Tradeoff>,
    /// Every level was completed.
    pub complete: bool,
}

impl LevelReport {
    /// For answers that leave nothing to choose.
    pub(crate) fn proved() -> Self {
        LevelReport {
            layers_done: true,
            candidates_done: true,
            complete: true,
            ..LevelReport::default()
        }
    }
}

/// Figures about one solve; times in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stats {
    /// Package names that the search came to.
    pub names: u64,
    /// Records whose dependencies were read.
    pub candidates: u64,
    /// Distinct specs among them.
    pub specs: u64,
    /// Variables of the SAT instance.
    pub variables: u64,
    /// Calls of the SAT solver.
    pub sat_calls: u64,
    /// Conflicts over all calls.
    pub conflicts: u64,
    /// Decisions over all calls.
    pub decisions: u64,
    /// Propagated literals over all calls.
    pub propagations: u64,
    /// Reading the request and opening what it leads to first.
    pub encode_seconds: f64,
    /// Searching and proving.
    pub search_seconds: f64,
    /// Checking the answer against the raw records.
    pub check_seconds: f64,
}

/// A checked answer.
#[derive(Debug, Clone)]
pub struct Solution {
    /// What was asked.
    pub request: Request,
    /// The index that was solved over; it holds installed records that no channel has, too.
    pub index: Arc<Index>,
    /// Where the records are in the index, in link order.
    pub places: Vec<RecordRef>,
    /// Installed records that stay, as the caller gave them.
    pub kept: FxHashMap<RecordRef, PackageRecord>,
    /// What changes in an existing environment; `None`: everything is linked.
    pub change: Option<Transaction>,
    /// Rules that the request itself breaks (no-deps, force-remove) or that did not hold before: one sentence each.
    pub exempt: Vec<String>,
    /// How good the answer is known to be.
    pub optimality: Optimality,
    /// The value of each level.
    pub levels: LevelReport,
    /// Figures about the solve.
    pub stats: Stats,
}

impl Solution {
    /// The records, in link order: dependencies first.
    pub fn records(&self) -> Vec<PackageRecord> {
        let record = |at: &RecordRef| {
            self.kept
                .get(at)
                .cloned()
                .unwrap_or_else(|| self.index.record(*at))
        };
        self.places.iter().map(record).collect()
    }

    /// The extras (CEP 44) that the request, its history or a record asks for and that the package's record has: name
    /// and groups, both sorted. Records do not say this themselves.
    pub fn extras(&self) -> Vec<(String, Vec<String>)> {
        active_extras(&self.index, &self.places, &self.request)
    }

    /// What must be unlinked and linked.
    pub fn transaction(&self) -> Transaction {
        self.change.clone().unwrap_or_else(|| Transaction {
            unlink: Vec::new(),
            link: self.records(),
        })
    }
}
