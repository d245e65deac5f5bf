"""The cases that expect another answer than this project's contract asks for.

Each has its reason, in a line; `docs/conformance.md` carries the same table. A case listed here must fail: once it
passes, the entry is wrong and the run says so.
"""

from __future__ import annotations

#: Case id to reason.
EXCEPTIONS: dict[str, str] = {
    "B046": "an earlier request is a cost here, not a ban: the old numpy spec is dropped, and the answer says so",
    "I013": "an earlier request is a cost here, not a ban: the old python spec is dropped, and the answer says so",
    "B019": "without channel priority the newest build comes first here, and the channel only breaks ties",
    "B022": "openssl, xz and yaml can stay, and changes cost here; conda's classic solver exchanges them",
    "B179": "what the older python exchanges comes from the higher channel here; libmamba stays in the lower",
    "B031": "nose was only there for numpy 1.7.0; what nothing needs any more is unlinked here",
    "B032": "nose was only there for numpy 1.7.0; what nothing needs any more is unlinked here",
    "B024a": "a frozen package keeps its record; conda swaps it for the same version of a better channel",
}
