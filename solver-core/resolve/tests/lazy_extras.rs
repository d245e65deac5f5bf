//! Conditions, extras and flags over long histories: the lazy way, the eager one and a warm session give the same
//! answers.
//!
//! Histories are longer than the first window of candidates, and seldom do the newest versions go together, so that
//! extras and conditions are met on candidates that become known late.

use std::fmt::Write as _;
use std::sync::Arc;

use conda::index::Index;
use resolve::{solve, solve_eagerly, Budget, Request, RequestSpec, Session, Solution, SolveError};

const GROUPS: [&str; 3] = ["x", "y", "z"];
const FLAGS: [&str; 2] = ["cuda", "blas:mkl"];

/// A small generator of random numbers (xorshift64*), the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn range(&mut self, at: u64) -> String {
        let low = at.saturating_sub(self.below(5));
        let high = at + 1 + self.below(4);
        match self.below(4) {
            0 => format!(">={low}"),
            1 => format!("<{high}"),
            _ => format!(">={low},<{high}"),
        }
    }

    fn condition(&mut self, names: u64, at: u64) -> String {
        let leaf = |random: &mut Random| {
            let name = random.below(names);
            match random.below(3) {
                0 => format!("p{name}"),
                1 => format!("p{name}<{}", at + 1),
                _ => format!("p{name}>={at}"),
            }
        };
        match self.below(4) {
            0 => format!("{} and {}", leaf(self), leaf(self)),
            1 => format!("{} or {}", leaf(self), leaf(self)),
            _ => leaf(self),
        }
    }

    /// A spec on a name of about this age.
    fn spec(&mut self, names: u64, at: u64) -> String {
        let mut brackets = Vec::new();
        if self.chance(70) {
            brackets.push(format!("version='{}'", self.range(at)));
        }
        if self.chance(35) {
            brackets.push(format!("extras=[{}]", GROUPS[self.below(3) as usize]));
        }
        if self.chance(25) {
            brackets.push(format!("when='{}'", self.condition(names, at)));
        }
        if self.chance(6) {
            brackets.push(format!("flags=['{}']", FLAGS[self.below(2) as usize]));
        }
        let name = self.below(names);
        if brackets.is_empty() {
            format!("p{name}")
        } else {
            format!("p{name}[{}]", brackets.join(","))
        }
    }

    fn specs(&mut self, most: u64, names: u64, at: u64) -> String {
        let count = self.below(most + 1);
        let list: Vec<String> = (0..count)
            .map(|_| format!("\"{}\"", self.spec(names, at)))
            .collect();
        format!("[{}]", list.join(","))
    }
}

fn universe(random: &mut Random) -> (Arc<Index>, u64) {
    let names = 3 + random.below(5);
    let slip = random.below(3);
    let mut records = Vec::new();
    for name in 0..names {
        for version in 0..(10 + random.below(30)) {
            let at = version.saturating_sub(slip);
            let mut text = format!(
                r#""p{name}-{version}-h_0": {{"name": "p{name}", "version": "{version}", "build": "h_0",
                "build_number": 0, "subdir": "linux-64", "depends": {}, "constrains": {}"#,
                random.specs(2, names, at),
                random.specs(1, names, at)
            );
            let mut groups = Vec::new();
            for group in &GROUPS[..2] {
                if random.chance(40) {
                    groups.push(format!(r#""{group}": {}"#, random.specs(2, names, at)));
                }
            }
            let flag = FLAGS[random.below(2) as usize];
            let _ = write!(
                text,
                r#", "extra_depends": {{{}}}, "flags": ["{flag}"]}}"#,
                groups.join(",")
            );
            records.push(text);
        }
    }
    let text = format!(r#"{{"v3": {{"conda": {{{}}}}}}}"#, records.join(","));
    let index = Index::from_json(&[("channel", "linux-64", text.as_bytes())], "linux-64");
    (Arc::new(index.expect("valid repodata")), names)
}

fn request(random: &mut Random, names: u64) -> Request {
    let mut some = |most: u64| -> Vec<RequestSpec> {
        let count = random.below(most + 1);
        (0..count)
            .map(|_| {
                let age = random.below(30);
                RequestSpec::parse(&random.spec(names, age)).expect("a spec")
            })
            .collect()
    };
    let (mut specs, constraints) = (some(3), some(1));
    if specs.is_empty() {
        specs.push(RequestSpec::parse("p0[extras=[x]]").expect("a spec"));
    }
    Request {
        specs,
        constraints,
        ..Request::default()
    }
}

fn told(result: Result<Solution, SolveError>) -> Option<Vec<String>> {
    match result {
        Ok(solution) => {
            let records = solution.records();
            let names = records.iter().map(|r| format!("{} {}", r.name, r.version));
            Some(names.collect())
        }
        Err(SolveError::Unsatisfiable(_)) => None,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn lazy_eager_and_warm_agree() {
    let mut verdicts = [0, 0];
    for seed in 1..=250 {
        let mut random = Random(seed * 7_919);
        let (index, names) = universe(&mut random);
        let session = Session::new(Arc::clone(&index));
        for _ in 0..4 {
            let request = request(&mut random, names);
            let texts: Vec<&str> = request.specs.iter().map(|s| s.text.as_str()).collect();
            let lazy = told(solve(&index, &request, Budget::default()));
            let eager = told(solve_eagerly(&index, &request, Budget::default()));
            assert_eq!(lazy, eager, "seed {seed}: {texts:?}");
            let warm = told(session.solve(&request, Budget::default()));
            assert_eq!(lazy, warm, "seed {seed}, warm: {texts:?}");
            verdicts[usize::from(lazy.is_none())] += 1;
        }
    }
    assert!(verdicts.iter().all(|&count| count > 150), "{verdicts:?}");
}
