"""Proofs of answers as files, and the check of them.

`write_proof` solves a request and writes one file: the problem with its raw records (as `save_problem` does), the
answer, and the certificate of it. `check_proof` accepts or refuses such a file; it needs nothing else, and shares no
code with the solver: it encodes the records itself, naively, and holds the proof against that encoding.

What is proved: that there is no answer; or that the answer breaks no rule and that, level by level of the contract,
none is better.

>>> import pathlib, tempfile
>>> import resolvent
>>> index = resolvent.load_index([resolvent.sample_channel()], platform="linux-64")
>>> path = pathlib.Path(tempfile.mkdtemp()) / "proof.json"
>>> linux = {"__glibc": "2.28", "__unix": "0", "__linux": "5.10"}
>>> solution = resolvent.write_proof(path, ["zlib"], index=index, virtual_packages=linux)
>>> resolvent.check_proof(path).claim
'best'
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .. import _core
from .._core import Index, ResolventError, Solution, UnsatisfiableError
from ..arguments import Specs, timeout_seconds
from ..errors import ProofRefused
from ..request import Request, RequestOptions, facts_of, request_of
from ..signatures import shows_options
from ..virtual_packages import VirtualPackages
from .problem import problem_text, write_whole

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: How long a proof is sought if nothing else is said.
PROOF_SECONDS = 60.0
#: Most bytes of proofs in one file.
MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Proved:
    """What a proof shows.

    Attributes
    ----------
    claim
        `unsatisfiable`: the request has no answer. `best`: the answer breaks no rule and none is better. `removed`: of
        a removal, the answer is what is left.
    answer
        The answer's packages as `name version build`, sorted by name.
    levels
        Each step of the contract's levels with its least value, in order.
    clauses, claims, steps
        How many clauses the checker made of the records, how many claims were made about them, and how many steps of
        proof lead to these.
    compared
        Whether the file's records, platform and channels were compared with an index. If not, the claim is about the
        records as the file has them: anyone who can edit the file can claim anything about other ones.
    """

    claim: Literal["unsatisfiable", "best", "removed"]
    answer: list[str]
    levels: list[tuple[str, int]]
    clauses: int
    claims: int
    steps: int
    compared: bool = False


@shows_options
def write_proof(
    path: str | os.PathLike[str],
    specs: Request | Specs,
    *,
    index: Index,
    virtual_packages: VirtualPackages = None,
    timeout: float | None = PROOF_SECONDS,
    **options: Unpack[RequestOptions],
) -> Solution | None:
    """Solve a request and write the proof of the answer, or that there is none.

    Parameters
    ----------
    path
        The file; it is replaced in one step.
    specs, index, virtual_packages
        As `resolvent.solve` takes them.
    timeout
        Seconds, for the answer and again for its proof; None for no limit.
    **options
        Without a `Request`: see `RequestOptions`.

    Returns
    -------
    Solution | None
        The answer; None if there is none, which then is what the file proves.

    Raises
    ------
    DeadlineExceeded
        If the proof takes too long or becomes too large; it says at which level.
    ResolventError
        If the request is of a kind whose answers cannot be proved (`docs/proofs.md` lists them).
    OSError
        If the file cannot be written.
    """
    from ..session import Session

    request = request_of(specs, options, virtual_packages=virtual_packages)
    session = Session(index, virtual_packages=request.target.virtual_packages)
    solution: Solution | None = None
    with suppress(UnsatisfiableError):
        solution = session.solve(request, timeout=timeout)
    write_proof_of(path, solution, request, index=index, timeout=timeout)
    return solution


def write_proof_of(
    path: str | os.PathLike[str],
    answer: Solution | None,
    specs: Request | Specs,
    *,
    index: Index,
    virtual_packages: VirtualPackages = None,
    timeout: float | None = PROOF_SECONDS,
    **options: Unpack[RequestOptions],
) -> None:
    """Write the proof of an answer that is known already; as `write_proof`, with None for "there is no answer".

    Raises
    ------
    InternalError
        If the answer is not the best: a defect of the solver.
    ResolventError
        If the answer itself is not known to be the best, because the time limit was reached.
    """
    if answer is not None and answer.optimality != "proved":
        raise ResolventError("no proof: the time limit was reached before the answer was proved optimal")
    request = request_of(specs, options, virtual_packages=virtual_packages)
    text = problem_text(index, request, facts_of(request, index.platform))
    records = None if answer is None else answer.records
    certificate = _core.prove(text, records, timeout_seconds(timeout), MOST_BYTES)
    body = text.rstrip().removesuffix("}").rstrip()
    write_whole(Path(path), f'{body},\n "certificate": {certificate}\n}}\n')


def check_proof(path: str | os.PathLike[str], *, index: Index | None = None) -> Proved:
    """Check a proof; it needs nothing but the file.

    Parameters
    ----------
    path
        What `write_proof` wrote.
    index
        The channels that the file's records came from, in the same order. If given, it is checked too that the file
        is about this platform and these channels, and holds all of their records that the request can reach, as they
        are there. Without it, what is shown holds of the file's records, wherever these came from.

    Raises
    ------
    ProofRefused
        If the proof is refused; it says at which step, or what is wrong with the file.
    OSError
        If the file cannot be read.
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        found = _core.check_proof(text, index)
    except ResolventError as error:
        raise ProofRefused(str(error)) from None
    return Proved(
        claim=found["claim"],
        answer=found["answer"],
        levels=found["levels"],
        clauses=found["clauses"],
        claims=found["claims"],
        steps=found["steps"],
        compared=index is not None,
    )
