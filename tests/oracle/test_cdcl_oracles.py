"""The SAT solver's DIMACS program against PicoSAT and CaDiCaL.

The formulas of one test go through one run of the program (`--list`). Every verdict is compared with
both oracles, and every model is checked against its formula here.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pycosat = pytest.importorskip("pycosat", reason="the oracle PicoSAT (extra `oracle`) is not installed")
pysat = pytest.importorskip("pysat.solvers", reason="the oracle CaDiCaL (extra `oracle`) is not installed")

ROOT = Path(__file__).parents[2]

#: Clauses as in DIMACS, without the final zero.
Formula = list[list[int]]


@pytest.fixture(scope="session")
def program() -> Path:
    """Build the example program `dimacs`; return its path."""
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("cargo is not installed, so the example program cannot be built")
    command = [cargo, "build", "--release", "--locked", "--quiet", "-p", "resolvent-cdcl", "--example", "dimacs"]
    built = subprocess.run(
        [*command, "--message-format=json"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1200
    )
    assert built.returncode == 0, built.stderr
    messages = (json.loads(line) for line in built.stdout.splitlines())
    paths = [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "dimacs"]
    return Path(paths[-1])


def variables(formula: Formula) -> int:
    return max((abs(lit) for clause in formula for lit in clause), default=0)


def answers(program: Path, folder: Path, formulas: list[Formula]) -> Iterator[list[int] | None]:
    """Solve all formulas in one run; yield each one's model, or `None` if it has none."""
    names = []
    for number, formula in enumerate(formulas):
        path = folder / f"{number}.cnf"
        lines = [f"p cnf {variables(formula)} {len(formula)}"]
        lines += [" ".join(map(str, [*clause, 0])) for clause in formula]
        path.write_text("\n".join(lines) + "\n")
        names.append(str(path))
    (folder / "list").write_text("\n".join(names) + "\n")
    run = subprocess.run([program, "--list", folder / "list"], capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stderr
    blocks = [block.splitlines() for block in ("\n" + run.stdout).split("\nc ")[1:]]
    assert [block[0] for block in blocks] == names
    for _, verdict, *model in blocks:
        assert verdict in {"s SATISFIABLE", "s UNSATISFIABLE"}
        lits = [int(word) for line in model for word in line.removeprefix("v").split()]
        yield lits[:-1] if verdict == "s SATISFIABLE" else None


def compare(program: Path, folder: Path, formulas: list[Formula]) -> tuple[int, int]:
    """Compare with the oracles; return how many formulas have a model and how many have none."""
    counts = [0, 0]
    for formula, model in zip(formulas, answers(program, folder, formulas), strict=True):
        with pysat.Solver(name="cadical153", bootstrap_with=formula) as cadical:
            expected = cadical.solve()
        # PicoSAT's binding takes no empty formula and no empty clause.
        if formula and all(formula):
            assert (pycosat.solve(formula) != "UNSAT") == expected
        assert (model is not None) == expected, formula
        if model is not None:
            assert sorted(map(abs, model)) == list(range(1, variables(formula) + 1))
            chosen = set(model)
            assert all(not chosen.isdisjoint(clause) for clause in formula)
        counts[model is None] += 1
    return counts[0], counts[1]


def random_ksat(rng: random.Random, names: int, clauses: int, k: int = 3) -> Formula:
    return [[rng.choice((-1, 1)) * v for v in rng.sample(range(1, names + 1), k)] for _ in range(clauses)]


def mixed(rng: random.Random) -> Formula:
    """Clauses of lengths 1 to 6, repetitions and tautologies included."""
    names = rng.randint(1, 40)
    lengths = rng.choices((1, 2, 3, 4, 6), (1, 12, 20, 4, 2), k=rng.randint(1, 4 * names))
    return [[rng.choice((-1, 1)) * rng.randint(1, names) for _ in range(length)] for length in lengths]


def pigeonhole(pigeons: int, holes: int) -> Formula:
    def at(pigeon: int, hole: int) -> int:
        return pigeon * holes + hole + 1

    return [[at(p, h) for h in range(holes)] for p in range(pigeons)] + [
        [-at(p, h), -at(q, h)] for h in range(holes) for p, q in itertools.combinations(range(pigeons), 2)
    ]


def colouring(rng: random.Random, vertices: int, edges: int, colours: int) -> Formula:
    pairs = rng.sample(list(itertools.combinations(range(vertices), 2)), edges)
    return [[v * colours + c + 1 for c in range(colours)] for v in range(vertices)] + [
        [-(a * colours + c + 1), -(b * colours + c + 1)] for a, b in pairs for c in range(colours)
    ]


def packages(rng: random.Random, names: int, depth: int) -> Formula:
    """One of each package's versions if it is needed (at most one, pairwise), ranges of others for each version."""
    counts = [rng.randint(1, depth) for _ in range(names)]
    starts = [0, *itertools.accumulate(counts)]
    lits = [list(range(starts[n] + 1, starts[n + 1] + 1)) for n in range(names)]
    formula = [[-a, -b] for group in lits for a, b in itertools.combinations(group, 2)]
    for name in range(names - 1):
        needs = [rng.randint(name + 1, names - 1) for _ in range(rng.randint(0, 3))]
        for lit in lits[name]:
            for need in needs:
                low = rng.randrange(counts[need])
                formula.append([-lit, *lits[need][low : low + rng.randint(1, depth)]])
    formula += [lits[n] for n in range(max(1, names // 5))]
    return formula


def test_small_formulas(program: Path, tmp_path: Path) -> None:
    rng = random.Random(1)
    formulas: list[Formula] = [[], [[]], [[1]], [[1], [-1]], [[1, -1]]]
    formulas += [mixed(rng) for _ in range(1500)]
    formulas += [random_ksat(rng, 20, round(20 * rng.uniform(3.5, 5.5))) for _ in range(500)]
    satisfiable, not_so = compare(program, tmp_path, formulas)
    assert min(satisfiable, not_so) > 300


def test_structured_formulas(program: Path, tmp_path: Path) -> None:
    rng = random.Random(2)
    formulas = [pigeonhole(n + extra, n) for n in range(1, 8) for extra in (0, 1)]
    formulas += [colouring(rng, 30, rng.randint(60, 80), 3) for _ in range(60)]
    formulas += [packages(rng, 40, 12) for _ in range(100)]
    formulas += [random_ksat(rng, 120, 511) for _ in range(30)]
    satisfiable, not_so = compare(program, tmp_path, formulas)
    assert min(satisfiable, not_so) > 30


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_many_formulas(program: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(1000 + seed)
    formulas = [mixed(rng) for _ in range(2000)]
    formulas += [random_ksat(rng, 50, round(50 * rng.uniform(3.8, 4.8))) for _ in range(1000)]
    formulas += [random_ksat(rng, 150, 640) for _ in range(40)]
    formulas += [packages(rng, 60, 20) for _ in range(100)]
    formulas += [colouring(rng, 60, rng.randint(120, 150), 3) for _ in range(50)]
    satisfiable, not_so = compare(program, tmp_path, formulas)
    assert min(satisfiable, not_so) > 500
