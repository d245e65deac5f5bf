//! Propagation, conflict analysis and whole solves.
//!
//! `cargo bench -p resolvent-cdcl`; one group alone: `cargo bench -p resolvent-cdcl -- propagation`.

#![allow(missing_docs, reason = "the macros of the harness make public items")]

#[path = "../tests/common/mod.rs"]
mod common;

use cdcl::{Limits, Solver, Var};
use common::families::{packages, pigeonhole, random_ksat, Formula};
use common::Rng;
use criterion::{criterion_group, criterion_main, BatchSize, Criterion};
use std::hint::black_box;

fn loaded(formula: &Formula) -> Solver {
    let mut solver = Solver::new();
    solver.new_vars(formula.vars);
    for clause in &formula.clauses {
        match clause[..] {
            [a, b] => solver.add_binary(a, b),
            _ => solver.add_clause(clause),
        };
    }
    solver
}

/// Consequences of one assumption, by propagation alone, with the trail undone each time.
fn propagation(c: &mut Criterion) {
    let mut group = c.benchmark_group("propagation");
    let mut chain = Solver::new();
    chain.new_vars(10_001);
    for i in 0..10_000u32 {
        chain.add_binary(Var(i).negative(), Var(i + 1).positive());
    }
    let ends = [Var(0).positive(), Var(10_000).negative()];
    group.bench_function("10,000 binary clauses", |b| {
        b.iter(|| {
            black_box(chain.holds_under(&ends[..1]));
            black_box(chain.holds_under(&ends[1..]));
        })
    });
    let mut long = Solver::new();
    long.new_vars(10_002);
    for i in 0..10_000u32 {
        let lit = |k: u32| Var(k).negative();
        long.add_clause(&[lit(i), lit(i + 1), Var(i + 2).positive()]);
    }
    let start = [Var(0).positive(), Var(1).positive()];
    group.bench_function("10,000 ternary clauses", |b| {
        b.iter(|| {
            black_box(long.holds_under(&start));
            black_box(long.holds_under(&ends[1..]));
        })
    });
    group.finish();
}

/// Searches that are nearly all conflicts, up to a fixed number of them.
fn conflicts(c: &mut Criterion) {
    let mut group = c.benchmark_group("conflicts");
    group.sample_size(20);
    let limits = Limits {
        conflicts: Some(2_000),
        ..Limits::default()
    };
    let formulas = [
        ("pigeonhole 10 in 9", pigeonhole(10, 9)),
        (
            "random 3-SAT, 250 variables",
            random_ksat(250, 1065, 3, &mut Rng(1)),
        ),
    ];
    for (name, formula) in &formulas {
        let solver = loaded(formula);
        group.bench_function(*name, |b| {
            b.iter_batched(
                || solver.clone(),
                |mut solver| solver.solve(&[], &limits),
                BatchSize::LargeInput,
            )
        });
    }
    group.finish();
}

/// Loading and solving formulas that resemble those of package universes.
fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("whole");
    group.sample_size(20);
    for (name, names, depth) in [("shallow", 400, 8), ("deep", 200, 150)] {
        let formula = packages(names, depth, 12, &mut Rng(3));
        group.bench_function(format!("packages, {name}: load"), |b| {
            b.iter(|| loaded(black_box(&formula)))
        });
        let solver = loaded(&formula);
        group.bench_function(format!("packages, {name}: solve"), |b| {
            b.iter_batched(
                || solver.clone(),
                |mut solver| solver.solve(&[], &Limits::default()),
                BatchSize::LargeInput,
            )
        });
    }
    group.finish();
}

criterion_group!(benches, propagation, conflicts, whole);
criterion_main!(benches);
