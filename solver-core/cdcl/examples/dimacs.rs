//! Solves DIMACS files as in the SAT competitions.
//!
//! ```text
//! dimacs FILE... [--list FILE] [--proof FILE] [--binary] [--conflicts N] [--max-vars N] [--stats] [--without
//! TECHNIQUE] dimacs --techniques
//! ```
//!
//! Prints `s SATISFIABLE` and the model in `v` lines, `s UNSATISFIABLE`, or `s UNKNOWN` when the
//! conflict budget did not suffice. The exit code is 10, 20 or 0, and 1 after an error.
//! With several files each block is preceded by `c FILE`, and the exit code is 0
//! unless there was an error. `-` reads the standard input. `--list` names a file with one name of a
//! formula on each line, for many formulas in one run. `--binary` writes the proof in binary DRAT. `--stats` adds the
//! counters and `c seconds READING SOLVING`. `--without` may be given several times; `--techniques` prints what it
//! takes, one a line.

use cdcl::dimacs::{load, ReadOptions};
use cdcl::{Config, DratFormat, DratWriter, Limits, NoProof, Outcome, ProofSink, Solver, Var};
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: dimacs FILE... [--list FILE] [--proof FILE] [--binary] [--conflicts N] [--max-vars N] [--stats] [--without TECHNIQUE]";

#[derive(Default)]
struct Options {
    files: Vec<String>,
    /// There was a list, so the output is of the form for many files.
    list: bool,
    binary: bool,
    proof: Option<String>,
    conflicts: Option<u64>,
    read: ReadOptions,
    stats: bool,
    config: Config,
}

fn parse_options(mut arguments: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or(format!("{argument} needs a value\n{USAGE}"))
        };
        match argument.as_str() {
            "--list" => {
                let names = std::fs::read_to_string(value()?)?;
                options.files.extend(names.lines().map(String::from));
                options.list = true;
            }
            "--binary" => options.binary = true,
            "--proof" => options.proof = Some(value()?),
            "--conflicts" => options.conflicts = Some(value()?.parse()?),
            "--max-vars" => options.read.max_vars = value()?.parse()?,
            "--stats" => options.stats = true,
            "--without" => {
                let technique = value()?;
                options.config = options.config.without(&technique).ok_or_else(|| {
                    format!(
                        "unknown technique {technique}; there are {}",
                        Config::TECHNIQUES.join(", ")
                    )
                })?;
            }
            flag if flag.starts_with("--") => return Err(format!("unknown {flag}\n{USAGE}").into()),
            _ => options.files.push(argument),
        }
    }
    if options.files.is_empty() || (options.proof.is_some() && options.files.len() > 1) {
        return Err(USAGE.into());
    }
    Ok(options)
}

fn solve<P: ProofSink>(
    file: &str,
    options: &Options,
    proof: P,
    out: &mut impl Write,
) -> Result<(Outcome, P), Box<dyn Error>> {
    let reader: Box<dyn BufRead> = match file {
        "-" => Box::new(BufReader::new(io::stdin())),
        _ => Box::new(BufReader::new(File::open(file)?)),
    };
    let clock = Instant::now();
    let mut solver = Solver::with_proof(options.config, proof);
    load(reader, &options.read, &mut solver)?;
    let reading = clock.elapsed().as_secs_f64();
    let limits = Limits {
        conflicts: options.conflicts,
        ..Limits::default()
    };
    let outcome = solver.solve(&[], &limits);
    if options.stats {
        let solving = clock.elapsed().as_secs_f64() - reading;
        writeln!(out, "c {:?}", solver.stats())?;
        writeln!(out, "c seconds {reading:.6} {solving:.6}")?;
    }
    match outcome {
        Outcome::Satisfiable => {
            writeln!(out, "s SATISFIABLE")?;
            write_model(out, &solver)?;
        }
        Outcome::Unsatisfiable => writeln!(out, "s UNSATISFIABLE")?,
        Outcome::Unknown => writeln!(out, "s UNKNOWN")?,
    }
    Ok((outcome, solver.into_proof()))
}

/// The model in lines of at most 78 characters.
fn write_model<P: ProofSink>(out: &mut impl Write, solver: &Solver<P>) -> io::Result<()> {
    let mut line = String::from("v");
    let lits = (0..solver.num_vars() as u32).map(|index| {
        let var = Var(index);
        var.lit(solver.value(var.positive()).unwrap_or(false))
            .to_string()
    });
    for word in lits.chain(["0".to_string()]) {
        if line.len() + 1 + word.len() > 78 {
            writeln!(out, "{line}")?;
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(&word);
    }
    writeln!(out, "{line}")
}

fn run() -> Result<u8, Box<dyn Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    if std::env::args().skip(1).eq(["--techniques"]) {
        writeln!(out, "{}", Config::TECHNIQUES.join("\n"))?;
        out.flush()?;
        return Ok(0);
    }
    let options = parse_options(std::env::args().skip(1))?;
    let mut code = 0;
    for file in &options.files {
        let several = options.list || options.files.len() > 1;
        if several {
            writeln!(out, "c {file}")?;
        }
        let result = match &options.proof {
            None => solve(file, &options, NoProof, &mut out).map(|(outcome, _)| outcome),
            Some(path) => {
                let format = match options.binary {
                    true => DratFormat::Binary,
                    false => DratFormat::Text,
                };
                let proof = DratWriter::with_format(BufWriter::new(File::create(path)?), format);
                let (outcome, proof) = solve(file, &options, proof, &mut out)?;
                proof.finish()?;
                Ok(outcome)
            }
        };
        match result {
            Ok(Outcome::Satisfiable) if !several => code = 10,
            Ok(Outcome::Unsatisfiable) if !several => code = 20,
            Ok(_) => {}
            Err(error) => {
                out.flush()?;
                writeln!(io::stderr(), "{file}: {error}")?;
                code = 1;
            }
        }
    }
    out.flush()?;
    Ok(code)
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
