"""The cases that expect another answer than this project's contract asks for.

Each has its reason, in a line; `docs/conformance.md` carries the same table. A case listed here must fail: once it
passes, the entry is wrong and the run says so.
"""

from __future__ import annotations

#: Case id to reason.
EXCEPTIONS: dict[str, str] = {
    "B022": "level 5 (changes) comes before level 6: openssl, xz and yaml stay, conda's classic solver exchanges them",
    "B179": "the same input as B022, so at most one can hold: what must change comes from the higher channel",
    "B024b": "the same input as B024a, so at most one can hold: a requested package moves to the higher channel",
}
