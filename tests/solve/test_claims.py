"""Everything that a conflict says is true of the raw records: seeded requests in every form that people write them."""

from __future__ import annotations

import datetime
from collections import Counter
from pathlib import Path

import pytest
from claimed_support import Shelf

from claimed import claimed
from unsatisfiable import Material

exceptions = pytest.importorskip("rattler.exceptions")


def walk(data: Path, seed: int, count: int, fixes_of_every: int = 0) -> Counter[str]:
    """Check the conflicts of so many requests; return how many there were of each form, and the number of claims."""
    material, shelf = Material(data), Shelf(data)
    found: Counter[str] = Counter()
    lies = []
    for number, (case, conflict) in enumerate(claimed(material, seed, count)):
        searches = fixes_of_every and number % fixes_of_every == 0
        found[case.family] += 1
        try:
            claims, wrong = shelf.check(case, conflict, timeout=5.0 if searches else 0.0)
        except (LookupError, ValueError, exceptions.InvalidVersionError):
            found["unread"] += 1  # a form of sentence that the checker cannot take apart
            continue
        found["claims"] += claims
        unread = [lie for lie in wrong if str(lie).endswith(("which specs?", "which versions?"))]
        found["unread"] += bool(unread)
        asked = f"{case.platform} {case.channels} {case.specs} {sorted(case.keywords)}"
        lies += [f"{asked}: {lie}" for lie in wrong if lie not in unread]
    # Sentences that are shortened, and odd forms: few, or the checker checks nothing.
    assert found["unread"] <= 0.02 * count + 1, found["unread"]
    assert not lies, f"seed {seed}: {len(lies)} of {found['claims']} claims\n" + "\n".join(lies[:20])
    return found


def test_nothing_false_is_said(shared: Path) -> None:
    found = walk(shared / "data" / "channels", 1, 150, fixes_of_every=10)
    assert found["claims"] > 2000
    assert len(found) > 20


@pytest.mark.long
@pytest.mark.parametrize("block", range(10))
def test_nothing_false_is_said_of_many(shared: Path, block: int) -> None:
    found = walk(shared / "data" / "channels", 1000 + block, 300, fixes_of_every=50)
    assert found["claims"] > 5000


@pytest.mark.long
def test_nothing_false_is_said_today(shared: Path) -> None:
    """The same with a seed that nobody has tried; it is printed, so that a failure can be had again."""
    seed = int(datetime.datetime.now(tz=datetime.timezone.utc).strftime("%Y%m%d"))
    print(f"seed {seed}")  # noqa: T201
    walk(shared / "data" / "channels", seed, 300)
