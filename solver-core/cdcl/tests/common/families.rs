//! Families of formulas whose verdict is known by construction, or that resemble real ones.

use super::Rng;
use cdcl::{Lit, Var};

/// A formula: its number of variables and its clauses.
pub(crate) struct Formula {
    pub(crate) vars: usize,
    pub(crate) clauses: Vec<Vec<Lit>>,
}

fn var(index: usize) -> Lit {
    Var(index as u32).positive()
}

/// `pigeons` pigeons, each in one of `holes` holes, no two in the same: satisfiable if they are not more.
pub(crate) fn pigeonhole(pigeons: usize, holes: usize) -> Formula {
    let at = |pigeon: usize, hole: usize| var(pigeon * holes + hole);
    let mut clauses: Vec<Vec<Lit>> = (0..pigeons)
        .map(|pigeon| (0..holes).map(|hole| at(pigeon, hole)).collect())
        .collect();
    for hole in 0..holes {
        for pigeon in 0..pigeons {
            clauses.extend((0..pigeon).map(|other| vec![!at(pigeon, hole), !at(other, hole)]));
        }
    }
    Formula {
        vars: pigeons * holes,
        clauses,
    }
}

/// The sum of `n` variables modulo 2 is computed by two chains of exclusive-ors in different orders, which must
/// have the results `first` and `second`: satisfiable if those are equal.
pub(crate) fn parity(n: usize, seed: u64, first: bool, second: bool) -> Formula {
    let mut rng = Rng(seed);
    let mut clauses = Vec::new();
    let mut vars = n;
    for result in [first, second] {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, rng.below(i + 1));
        }
        let mut sum = var(order[0]);
        for &next in &order[1..] {
            let (a, b, c) = (sum, var(next), var(vars));
            vars += 1;
            clauses.extend([
                vec![!a, !b, !c],
                vec![!a, b, c],
                vec![a, !b, c],
                vec![a, b, !c],
            ]);
            sum = c;
        }
        clauses.push(vec![if result { sum } else { !sum }]);
    }
    Formula { vars, clauses }
}

/// A wheel of `rim` vertices around a hub, to be coloured: three colours suffice if `rim` is even, four always do.
pub(crate) fn wheel(rim: usize, colours: usize) -> Formula {
    let at = |vertex: usize, colour: usize| var(vertex * colours + colour);
    let mut clauses: Vec<Vec<Lit>> = (0..=rim)
        .map(|vertex| (0..colours).map(|colour| at(vertex, colour)).collect())
        .collect();
    for vertex in 0..rim {
        for other in [(vertex + 1) % rim, rim] {
            clauses.extend((0..colours).map(|c| vec![!at(vertex, c), !at(other, c)]));
        }
    }
    Formula {
        vars: (rim + 1) * colours,
        clauses,
    }
}

/// Random clauses of `k` different variables.
pub(crate) fn random_ksat(vars: usize, clauses: usize, k: usize, rng: &mut Rng) -> Formula {
    let clause = |rng: &mut Rng| {
        let mut lits: Vec<Lit> = Vec::new();
        while lits.len() < k {
            let lit = rng.lit(vars);
            if lits.iter().all(|other| other.var() != lit.var()) {
                lits.push(lit);
            }
        }
        lits
    };
    Formula {
        vars,
        clauses: (0..clauses).map(|_| clause(rng)).collect(),
    }
}

/// Something like a channel of packages: `names` packages of up to `depth` versions each.
///
/// A package has a ladder: literal `g(i)` says "version `i` or an older one", `g(0)` "installed". A version is
/// chosen if `g(i)` and not `g(i + 1)`; it requires a range of versions of each of a few other packages. Some
/// packages are required at the root.
pub(crate) fn packages(names: usize, depth: usize, roots: usize, rng: &mut Rng) -> Formula {
    let mut clauses = Vec::new();
    let mut counts = Vec::new();
    let mut starts = Vec::new();
    let mut vars = 0;
    for _ in 0..names {
        let count = 1 + rng.below(depth);
        counts.push(count);
        starts.push(vars);
        // Ladder literals, then one literal a version.
        for i in 1..count {
            clauses.push(vec![!var(vars + i), var(vars + i - 1)]);
        }
        for i in 0..count {
            let (here, chosen) = (var(vars + i), var(vars + count + i));
            clauses.push(vec![!chosen, here]);
            if i + 1 < count {
                clauses.push(vec![!chosen, !var(vars + i + 1)]);
                clauses.push(vec![chosen, !here, var(vars + i + 1)]);
            } else {
                clauses.push(vec![chosen, !here]);
            }
        }
        vars += 2 * count;
    }
    for name in 0..names.saturating_sub(1) {
        let needs: Vec<usize> = (0..rng.below(5))
            .map(|_| name + 1 + rng.below((names - name - 1).min(names / 4 + 1)))
            .collect();
        for version in 0..counts[name] {
            let chosen = var(starts[name] + counts[name] + version);
            for &other in &needs {
                // Newer versions want newer ones, more or less.
                let about = version * counts[other] / counts[name];
                let middle = (about + rng.below(counts[other] / 3 + 1)).min(counts[other] - 1);
                let low = middle.saturating_sub(rng.below(3));
                let high = (middle + 1 + rng.below(3)).min(counts[other]);
                clauses.push(vec![!chosen, var(starts[other] + low)]);
                if high < counts[other] {
                    clauses.push(vec![!chosen, !var(starts[other] + high)]);
                }
            }
        }
    }
    for _ in 0..roots {
        clauses.push(vec![var(starts[rng.below(names / 4 + 1)])]);
    }
    Formula { vars, clauses }
}

/// A ladder for "at most one of `n`" (Sinz, CP 2005) over the first `n` variables, which need `n - 1` more.
pub(crate) fn at_most_one_ladder(n: usize) -> Formula {
    let step = |i: usize| var(n + i);
    let mut clauses = Vec::new();
    for i in 0..n {
        if i + 1 < n {
            clauses.push(vec![!var(i), step(i)]);
        }
        if i > 0 {
            clauses.push(vec![!var(i), !step(i - 1)]);
        }
        if i > 0 && i + 1 < n {
            clauses.push(vec![!step(i - 1), step(i)]);
        }
    }
    Formula {
        vars: 2 * n - 1,
        clauses,
    }
}
