//! The encoded request as DIMACS, for other solvers.
//!
//! `export_cnf` writes the hard clauses; the file is satisfiable exactly when the request is. `export_wcnf` adds levels
//! 2 and 3 as soft clauses in the classic weighted format (`p wcnf VARIABLES CLAUSES TOP`): one soft clause a step of
//! version rank of a requested package, weighted so that one rank outweighs every `track_features`, and one soft
//! clause a requested record with `track_features`. With `m` requested names the optimum costs
//! `(m + 1) · level 2 + level 3`. Comment lines `c var V name version build` name the candidates.

use std::io::{self, Write};
use std::sync::Arc;

use cdcl::Lit;
use conda::index::Index;

use crate::encode::Instance;
use crate::optimize::ranks::Ranks;
use crate::policy::Policy;
use crate::request::Request;
use crate::solve::asked::Asked;
use crate::universe::NameId;

/// The whole request, with everything open.
struct Export {
    inst: Instance,
    asked: Asked,
}

fn encode(index: &Arc<Index>, request: &Request) -> Export {
    let mut inst = Instance::new(Arc::clone(index), Policy::of(request, index));
    let asked = Asked::of(&mut inst, request);
    for &lit in asked.base.iter().flatten() {
        inst.solver.add_clause(&[lit]);
    }
    inst.open_everything(&asked.requested_specs);
    // Also what is not open, because it is ruled out, has a variable.
    for name in inst.reached.clone() {
        for i in 0..inst.u.names[name].known() {
            inst.position(name, i);
        }
    }
    Export { inst, asked }
}

fn candidates(inst: &Instance) -> impl Iterator<Item = (NameId, u32, Lit)> + '_ {
    inst.reached.iter().flat_map(move |&name| {
        let known = inst.u.names[name].known();
        (0..known).filter_map(move |i| Some((name, i, inst.ladders.chosen(name, i)?)))
    })
}

fn write_names(out: &mut impl Write, inst: &Instance) -> io::Result<()> {
    for (name, position, lit) in candidates(inst) {
        let at = inst.u.record_ref(name, position);
        let segment = inst.u.segment(at.segment);
        writeln!(
            out,
            "c var {} {} {} {}",
            lit.to_dimacs(),
            inst.u.names[name].text,
            segment.version(at.record),
            segment.build(at.record)
        )?;
    }
    Ok(())
}

fn write_clause(out: &mut impl Write, lits: impl IntoIterator<Item = Lit>) -> io::Result<()> {
    for lit in lits {
        write!(out, "{} ", lit.to_dimacs())?;
    }
    writeln!(out, "0")
}

/// The hard clauses; an impossible request gets the empty clause.
fn hard_clauses(export: &Export) -> Vec<Vec<Lit>> {
    let mut clauses: Vec<Vec<Lit>> = export.inst.solver.clauses().collect();
    if export.asked.base.is_none() {
        clauses.push(Vec::new());
    }
    clauses
}

/// Writes the request as CNF in DIMACS format.
///
/// # Errors
/// Those of the writer.
pub fn export_cnf<W: Write>(index: &Arc<Index>, request: &Request, out: &mut W) -> io::Result<()> {
    let export = encode(index, request);
    write_names(out, &export.inst)?;
    let clauses = hard_clauses(&export);
    writeln!(
        out,
        "p cnf {} {}",
        export.inst.solver.num_vars(),
        clauses.len()
    )?;
    for clause in clauses {
        write_clause(out, clause)?;
    }
    Ok(())
}

/// Writes the request as weighted CNF with levels 2 and 3 as soft clauses.
///
/// # Errors
/// Those of the writer.
pub fn export_wcnf<W: Write>(index: &Arc<Index>, request: &Request, out: &mut W) -> io::Result<()> {
    let mut export = encode(index, request);
    let requested = export.asked.requested.clone();
    let scale = requested.len() as u64 + 1;
    // The first sum of level 2; what matches at all is decided by the specs without conditions.
    let mut ranks = Ranks::with(export.asked.sometimes.clone());
    let mut plain = Ranks::default();
    let mut soft: Vec<(u64, Lit)> = Vec::new();
    for &name in &requested {
        let inst = &mut export.inst;
        let mut paid = 0;
        let mut featured = Vec::new();
        for i in 0..inst.u.names[name].known() {
            let (_, rank, _) = ranks.of(&inst.u, &export.asked.requested_specs, name, i);
            let (matched, _, _) = plain.of(&inst.u, &export.asked.requested_specs, name, i);
            let rank = u64::from(rank);
            if let (true, Some(g)) = (rank > paid, inst.at_or_after(name, i)) {
                soft.push(((rank - paid) * scale, !g));
                paid = rank;
            }
            let at = inst.u.record_ref(name, i);
            if matched && inst.u.segment(at.segment).has_track_features(at.record) {
                featured.push(i);
            }
        }
        if !featured.is_empty() {
            soft.push((1, !inst.feature_lit(name, &featured)));
        }
    }
    write_names(out, &export.inst)?;
    let hard = hard_clauses(&export);
    let top = 1 + soft.iter().map(|(weight, _)| weight).sum::<u64>();
    writeln!(
        out,
        "p wcnf {} {} {top}",
        export.inst.solver.num_vars(),
        hard.len() + soft.len()
    )?;
    for clause in hard {
        write!(out, "{top} ")?;
        write_clause(out, clause)?;
    }
    for (weight, lit) in soft {
        write!(out, "{weight} ")?;
        write_clause(out, [lit])?;
    }
    Ok(())
}
