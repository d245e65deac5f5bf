"""Whether what a conflict says is true: every sentence read again as a claim about the raw records.

`docs/conflicts.md` gives each kind of sentence its meaning. Here those meanings are tested against records as repodata
has them, matched by py-rattler, so nothing is shared with the solver that wrote the sentences. A sentence that has no
known form is reported, too: nothing may be said that cannot be tested.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import zstandard
from rattler import BuildString, GenericVirtualPackage, MatchSpec, PackageName, PackageRecord, Version

Raw = Mapping[str, Any]

_PRE = re.compile(r"(\.0)?\.?a0$")
_VERB = re.compile(r"^(?P<subject>.+?) (?P<verb>requires|require|allows only|allow only) (?P<demand>.+)$")
_LIMITED = (
    r"an? (pin|constraint) allows only [^()]*"
    r"|[^()]* (is|are) (on the deny list|newer than the cut-off of [^()]*|hidden by strict channel priority)"
    r"|the licence of [^()]* is not allowed"
)
_ASIDE = re.compile(
    r" \((needed by [^()]*|(and|plus) (one|\d+) more (demand|requirement)s? on [^()]*|" + _LIMITED + r")\)"
)
_QUANTIFIERS = {"some builds of ": "some", "the requested builds of ": "requested", "the installed ": "installed"}


@lru_cache(maxsize=200_000)
def version_of(text: str) -> Version:
    return Version(text)


@lru_cache(maxsize=200_000)
def _split(spec: str) -> tuple[str | None, MatchSpec]:
    """Return the channel that a spec names, and the rest of it."""
    channel, separator, rest = spec.partition("::")
    if separator and "[" not in channel:
        return channel, MatchSpec(rest)
    return None, MatchSpec(re.sub(r",?\s*when=\"[^\"]*\"|,?\s*extras=\[[^\]]*\]", "", spec).replace("[]", ""))


def name_of(spec: str) -> str:
    """Return the name in a spec."""
    return re.split(r"[\s=<>!~\[]", spec.rpartition("::")[2].strip(), maxsplit=1)[0]


def plain(spec: str) -> str:
    """Return a spec with upper bounds as people write them and single blanks."""
    terms = []
    for term in re.sub(r"\s+", " ", spec).split(","):
        head, sign, bound = term.rpartition("<")
        if sign and not bound.startswith("="):
            short = (
                re.sub(r"(?<=\d)[a-z]$", "", _PRE.sub("", bound)) if _PRE.search(bound) or bound[-1:] == "a" else bound
            )
            term = f"{head}<{short or bound}"
        terms.append(term)
    return ",".join(terms)


class Records:
    """The records of one index: channels in order, the platform's subdir and noarch."""

    def __init__(self, channels: Mapping[str, Sequence[Raw]], platform: str) -> None:
        self.channels = list(channels)
        self.platform = platform
        self._by_name: dict[str, list[Raw]] = {}
        for channel, entries in channels.items():
            for entry in entries:
                self._by_name.setdefault(entry["name"], []).append({**entry, "channel": channel})
        self._objects: dict[int, PackageRecord] = {}
        self._versions: dict[str, list[str]] = {}

    @classmethod
    def read(cls, folder: Path, channels: Iterable[str], platform: str) -> Records:
        """Read channel folders as they lie on disk."""
        found: dict[str, list[Raw]] = {}
        for channel in channels:
            found[channel] = []
            for subdir in (platform, "noarch"):
                path = folder / channel.replace("/", "_") / subdir / "repodata.json.zst"
                if path.is_file():
                    data = json.loads(zstandard.ZstdDecompressor().stream_reader(path.open("rb")).read())
                    for group in ("packages", "packages.conda"):
                        found[channel] += [
                            {**entry, "fn": fn, "subdir": subdir} for fn, entry in data.get(group, {}).items()
                        ]
        return cls(found, platform)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    @property
    def names(self) -> Iterable[str]:
        return self._by_name

    def of(self, name: str) -> list[Raw]:
        """Return the records of a name."""
        return self._by_name.get(name, [])

    def matches(self, spec: str, entry: Raw) -> bool:
        """Return whether a record matches a spec."""
        channel, parsed = _split(spec)
        if channel is not None and channel.rpartition("/")[2] != str(entry.get("channel", "")).rpartition("/")[2]:
            return False
        return bool(parsed.matches(self._object(entry)))

    def matching(self, spec: str) -> list[Raw]:
        """Return the records that match a spec."""
        return [entry for entry in self.of(name_of(spec)) if self.matches(spec, entry)]

    def _object(self, entry: Raw) -> PackageRecord:
        if id(entry) not in self._objects:
            self._objects[id(entry)] = PackageRecord(
                name=entry["name"],
                version=entry["version"],
                build=BuildString(entry.get("build", "")),
                build_number=entry.get("build_number", 0),
                subdir=entry.get("subdir", self.platform),
                arch=None,
                platform=None,
            )
        return self._objects[id(entry)]

    def versions(self, name: str) -> list[str]:
        """Return the distinct versions of a name, oldest first."""
        if name not in self._versions:
            distinct: dict[Version, str] = {}
            for entry in self.of(name):
                distinct.setdefault(version_of(entry["version"]), entry["version"])
            self._versions[name] = [distinct[v] for v in sorted(distinct)]
        return self._versions[name]


@dataclasses.dataclass(frozen=True)
class Asked:
    """What was asked of which records."""

    records: Records
    specs: Sequence[str] = ()
    constraints: Sequence[str] = ()
    pins: Sequence[str] = ()
    virtual: Sequence[str] = ()
    installed: Sequence[Raw] = ()
    strict: bool = True
    cutoff: Callable[[Raw], int | None] = lambda _: None
    deny: Sequence[str] = ()
    licence_allowed: Callable[[str | None], bool] = lambda _: True
    #: Records of other platforms, noarch left out.
    elsewhere: Mapping[str, Callable[[], Records]] = dataclasses.field(default_factory=dict)

    def own(self, name: str) -> list[str]:
        """Return what the request says of a name."""
        return [s for s in (*self.specs, *self.constraints, *self.pins) if name_of(s) == name]


@dataclasses.dataclass(frozen=True)
class Lie:
    """A sentence that is not true, or not known."""

    where: str
    text: str
    why: str

    def __str__(self) -> str:
        return f"[{self.where}] {self.text}: {self.why}"


class Checker:
    """Tests what one conflict says."""

    def __init__(self, conflict: Mapping[str, Any], asked: Asked) -> None:
        self.conflict = conflict
        self.asked = asked
        self.records = asked.records
        self.lies: list[Lie] = []
        #: Number of claims that were tested.
        self.claims = 0
        self.where = ""
        self.text = ""

    # What every claim passes through.

    def claim(self, holds: bool, why: str) -> bool:
        self.claims += 1
        if not holds:
            self.lies.append(Lie(self.where, self.text, why))
        return holds

    def unknown(self, text: str) -> None:
        self.claim(False, f"no known form: {text!r}")

    # Versions and subjects.

    def same_versions(self, some: Iterable[str], others: Iterable[str]) -> bool:
        return {version_of(v) for v in some} == {version_of(v) for v in others}

    def expand(self, name: str, ranges: str) -> list[str] | None:
        """Return the versions that ranges stand for, as the index has them; None where the text alone cannot say."""
        known = self.records.versions(name) + [e["version"] for e in self.asked.installed if e["name"] == name]
        if not ranges:
            return known
        found = re.fullmatch(r"\(all (\d+) versions, (\S+) to (\S+)\)", ranges)
        if found:
            if len(set(map(version_of, known))) != int(found[1]):
                return []
            return known if (found[2], found[3]) == (known[0], known[-1]) else []
        if re.fullmatch(r"\(\d+ versions from \S+ to \S+\)", ranges):
            return None
        out = []
        for part in re.split(r", | and ", ranges):
            low, separator, high = part.partition(" to ")
            if not separator:
                out += [v for v in known if version_of(v) == version_of(low)] or [low]
            else:
                out += [v for v in known if version_of(low) <= version_of(v) <= version_of(high)]
        return out

    def subject(self, text: str) -> tuple[str, str, str | None, str]:
        """Return quantifier, name, extra and ranges of the subject of a sentence."""
        quantifier = "all"
        for prefix, word in _QUANTIFIERS.items():
            if text.startswith(prefix):
                quantifier, text = word, text.removeprefix(prefix)
        name, _, ranges = text.partition(" ")
        found = re.fullmatch(r"(.+)\[(.+)\]", name)
        return (quantifier, found[1], found[2], ranges) if found else (quantifier, name, None, ranges)

    def scope(self, quantifier: str, name: str, versions: Iterable[str]) -> list[Raw]:
        """Return the records that a quantified sentence about some versions speaks of."""
        wanted = {version_of(v) for v in versions}
        if quantifier == "installed":
            return [e for e in self.asked.installed if e["name"] == name and version_of(e["version"]) in wanted]
        entries = [e for e in self.records.of(name) if version_of(e["version"]) in wanted]
        if quantifier == "requested":
            own = [s for s in self.asked.specs if name_of(s) == name]
            entries = [e for e in entries if all(self.records.matches(s, e) for s in own)]
        return entries

    def holds_of(self, quantifier: str, name: str, versions: Sequence[str], test: Callable[[Raw], bool]) -> bool:
        """Return whether a test holds of the records that a sentence speaks of, and there are some for each version."""
        scope = self.scope(quantifier, name, versions)
        by_version: dict[Version, list[bool]] = {version_of(v): [] for v in versions}
        for entry in scope:
            by_version[version_of(entry["version"])].append(test(entry))
        enough = any if quantifier == "some" else all
        if quantifier == "requested":
            by_version = {v: found for v, found in by_version.items() if found}
        return bool(by_version) and all(found and enough(found) for found in by_version.values())

    # Demands.

    def alternatives(self, demand: str) -> tuple[str, list[str], bool]:
        """Return target, specs, and whether some alternatives of `x 1.* or … or 8.* (9 in all)` were left out."""
        demand = re.sub(r" \(\d+ in all\)$", "", demand)
        target, _, rest = demand.partition(" ")
        parts = rest.split(" or ") if rest else [""]
        left_out = "…" in parts or any(p.endswith("…") for p in parts)
        return target, [f"{target} {p}".strip() for p in parts if p != "…"], left_out

    def within(self, dependency: str, alternatives: Sequence[str]) -> bool:
        """Return whether what a dependency lets in is let in by one of some specs, too."""
        if dependency in alternatives or plain(dependency) in alternatives:
            return True
        target = name_of(dependency)
        if name_of(alternatives[0]) != target:
            return False
        entries: list[Raw] = list(self.records.of(target)) or list(_samples(dependency, *alternatives))
        return all(
            any(self.records.matches(spec, e) for spec in alternatives)
            for e in entries
            if self.records.matches(dependency, e)
        )

    def requires(self, entry: Raw, kind: str, extra: str | None, alternatives: Sequence[str]) -> bool:
        lists: Any = entry.get("extra_depends", {}).get(extra, []) if extra else entry.get(kind, [])
        target = name_of(alternatives[0])
        return any(name_of(d) == target and self.within(d, alternatives) for d in lists)

    # Sentences.

    def sentence(self, text: str, versions: Sequence[str] | None = None) -> None:
        """Test a sentence about packages, or about the request."""
        text = _ASIDE.sub(self._aside, text)
        if found := re.fullmatch(r"(.+) is requested", text):
            self.claim(any(plain(s) == found[1] for s in self.asked.specs), "nobody asked for it")
        elif found := re.fullmatch(r"an? (constraint|pin) allows only (.+)", text):
            given = self.asked.constraints if found[1] == "constraint" else self.asked.pins
            self.claim(any(plain(s) == found[2] for s in given), "there is no such limit")
        elif found := re.fullmatch(r"two (pin|constraint)s conflict: (.+) and (.+)", text):
            given = self.asked.constraints if found[1] == "constraint" else self.asked.pins
            self.claim({found[2], found[3]} <= {plain(s) for s in given}, "there are no such limits")
        elif found := re.fullmatch(r"(.+) is installed and frozen", text):
            name, version, build = [*found[1].split(" "), "", ""][:3]
            mine = [e for e in self.asked.installed if (e["name"], e["version"], e["build"]) == (name, version, build)]
            self.claim(bool(mine), "it is not installed")
        elif found := re.fullmatch(r"no channel has packages? named (.+?)(?: \(searched: (.+)\))?", text):
            for name in re.split(r", | and ", found[1]):
                self.claim(name not in self.records, f"{name} is there")
            if found[2]:
                self.claim(set(found[2].split(", ")) <= {*self.records.channels, "…"}, "other channels were searched")
        elif found := re.fullmatch(r"no channel has a package named (\S+?)(?: \(searched: (.+)\))?", text):
            self.claim(found[1] not in self.records, "it is there")
            if found[2]:
                self.claim(set(found[2].split(", ")) <= {*self.records.channels, "…"}, "other channels were searched")
        elif found := re.fullmatch(r"no record matches (.+?); (.+)", text):
            for spec in self.alternatives(found[1])[1] if " or " in found[1] else [found[1]]:
                self.no_record(spec)
            self.exist(name_of(found[1]), found[2])
        elif found := re.fullmatch(r"no records? match(?:es)? (.+)", text):
            for spec in re.split(r", (?=[A-Za-z_])| and ", found[1]):
                self.no_record(spec)
        elif found := re.fullmatch(r"the target has no (\S+)", text):
            self.claim(all(v.split()[0] != found[1] for v in self.asked.virtual), "it has")
        elif found := re.fullmatch(r"the target has (.+)", text):
            has = {v.removesuffix(" 0") for v in self.asked.virtual}
            self.claim(found[1].removesuffix(" 0") in has, "it has not")
        elif found := re.fullmatch(
            r"(.+?) (?:is|are) hidden by strict channel priority"
            r"(?: \(in channel (.+), while channel (.+) has the name\))?",
            text,
        ):
            self.hidden(found[1], found[2], found[3], versions)
        elif found := re.fullmatch(r"(.+?) (?:is|are) newer than the cut-off(?: of (.+))?", text):
            self.excluded(found[1], versions, self._is_cut)
        elif found := re.fullmatch(r"(.+?) (?:is|are) on the deny list(?: \(as (.+)\))?(?: \(.+\))?", text):
            self.excluded(found[1], versions, self._is_denied)
        elif found := re.fullmatch(r"the licences? of (.+?) (?:is|are) not allowed(?:: (.+))?", text):
            self.excluded(found[1], versions, lambda e: not self.asked.licence_allowed(e.get("license")))
        elif found := re.fullmatch(r"the metadata of (.+) cannot be read(?:: .+)?", text):
            pass
        elif found := _VERB.fullmatch(text):
            self.demand(found["subject"], found["verb"], found["demand"], versions)
        else:
            self.unknown(text)

    def _aside(self, found: re.Match[str]) -> str:
        words = found[1]
        if not words.startswith(("needed by", "and ", "plus ")):
            self.sentence(words)
        return ""

    def demand(self, subject: str, verb: str, demand: str, versions: Sequence[str] | None) -> None:
        quantifier, name, extra, ranges = self.subject(subject)
        expanded = self.expand(name, ranges)
        if versions is None:
            versions = expanded
            if versions is None:
                versions = self._versions_of_group(subject, demand)
        elif expanded is not None:
            self.claim(self.same_versions(versions, expanded), f"{ranges} are other versions than {list(versions)[:6]}")
        if not self.claim(bool(versions), "which versions?"):
            return
        kind = "constrains" if "allow" in verb else "depends"
        _, specs, left_out = self.alternatives(demand)
        if left_out:
            specs = list(self._specs_of_group(subject, demand) or specs)
            if not self.claim(not any("…" in s for s in specs), "which specs?"):
                return
        test = lambda e: self.requires(e, kind, extra, specs)  # noqa: E731
        self.claim(self.holds_of(quantifier, name, versions or [], test), f"not of {quantifier} builds of {versions}")

    def _group(self, subject: str, demand: str) -> Mapping[str, Any] | None:
        """Return the group of the conflict that a sentence tells."""
        groups: Sequence[Mapping[str, Any]] = self.conflict.get("groups", ())
        return next((g for g in groups if g["text"].startswith(subject) and g["text"].endswith(demand)), None)

    def _versions_of_group(self, subject: str, demand: str) -> Sequence[str] | None:
        group = self._group(subject, demand)
        return list(group["versions"]) if group else None

    def _specs_of_group(self, subject: str, demand: str) -> Sequence[str] | None:
        group = self._group(subject, demand)
        return list(group["specs"]) if group else None

    def no_record(self, spec: str) -> None:
        whole = next((s for s in self._all_specs() if plain(s) == spec), spec)
        if whole.endswith("…"):
            whole = next((s for s in self._all_specs() if plain(s).startswith(whole[:-1])), whole[:-1])
        self.claim(not self.records.matching(whole), "a record matches")

    def _all_specs(self) -> Iterator[str]:
        yield from (*self.asked.specs, *self.asked.constraints, *self.asked.pins)
        yield from (fact["spec"] for fact in self.conflict["facts"] if fact["spec"])

    def exist(self, name: str, words: str) -> None:
        versions = self.records.versions(name)
        if found := re.fullmatch(r"the only version is (\S+)", words):
            self.claim(len(versions) == 1 and versions[0] == found[1], "there are others")
        elif found := re.fullmatch(r"versions run from (\S+) to (\S+)", words):
            self.claim(
                bool(versions) and self.same_versions((versions[0], versions[-1]), found.groups()),
                f"they run from {versions[:1]} to {versions[-1:]}",
            )
        elif found := re.fullmatch(r"(?:there is version|version) (\S+)(?: exists)?, but no such build", words):
            self.claim(any(version_of(v) == version_of(found[1]) for v in versions), "that version is not there")
        elif found := re.fullmatch(r"(.+) is not among your channels \((.+)\)", words):
            self.claim(found[1] not in self.records.channels, "it is")
            self.claim(found[2].split(", ") == self.records.channels, "the channels are others")
        elif found := re.fullmatch(r"it is in (.+)", words):
            have = {e["channel"] for e in self.records.of(name)}
            self.claim(set(re.split(r", | and ", found[1])) == have, f"it is in {have}")
        elif words == "other builds of these versions exist":
            spec = next((s for s in self._all_specs() if name_of(s) == name and not self.records.matching(s)), name)
            there = [v for v in self.records.versions(name) if self.records.matching(f"{name} =={v}")]
            self.claim(len(there) > 1 and bool(spec), "there are none")
        elif found := re.fullmatch(r"the only build of (\S+) is (\S+)", words):
            have = {e["build"] for e in self.records.of(name) if version_of(e["version"]) == version_of(found[1])}
            self.claim(have == {found[2]}, f"there are {have}")
        elif found := re.fullmatch(r"builds of (\S+) are (.+)", words):
            have = {e["build"] for e in self.records.of(name) if version_of(e["version"]) == version_of(found[1])}
            listed = re.split(r", | and (?!\d+ more)", re.sub(r" and \d+ more$", "", found[2]))
            self.claim(bool(have) and set(listed) <= have, "it has other builds")
            if more := re.search(r" and (\d+) more$", found[2]):
                self.claim(len(have) - len(listed) == int(more[1]), f"{len(have)} builds")
            else:
                self.claim(set(listed) == have, "not all builds")
        else:
            self.unknown(words)

    def excluded(self, subject: str, versions: Sequence[str] | None, test: Callable[[Raw], bool]) -> None:
        quantifier, name, _, ranges = self.subject(subject)
        versions = versions if versions is not None else self.expand(name, ranges)
        if self.claim(bool(versions), "which versions?"):
            self.claim(self.holds_of(quantifier, name, versions or [], test), f"not of {quantifier} builds")

    def hidden(self, subject: str, lower: str | None, higher: str | None, versions: Sequence[str] | None) -> None:
        _, name, _, _ = self.subject(subject)
        having = [c for c in self.records.channels if any(e["channel"] == c for e in self.records.of(name))]
        self.excluded(subject, versions, lambda e: e["channel"] != having[0])
        if lower:
            for one in re.split(r", | and ", lower):
                self.claim(one in having[1:], f"{one} is not a lower channel that has {name}")
            self.claim(higher == having[0], f"the first channel with {name} is {having[:1]}")

    def _is_cut(self, entry: Raw) -> bool:
        limit = self.asked.cutoff(entry)
        return limit is not None and moment(entry) > limit

    def _is_denied(self, entry: Raw) -> bool:
        return any(
            self.records.matches(s, entry) for s in self.asked.deny if name_of(s) == entry["name"] or "*" in name_of(s)
        )

    # Pythons.

    @cached_property
    def _pythons(self) -> list[Raw]:
        return self.records.of("python")

    def admits(self, entry: Raw, minor: str) -> bool:
        """Return whether a record gets along with some release of a minor version of python."""
        demands = [d for d in entry.get("depends", []) if name_of(d) == "python"]
        pythons = [e for e in self._pythons if e["version"].startswith(f"{minor}.") or e["version"] == minor]
        sample = pythons or [
            {"name": "python", "version": f"{minor}.{p}", "build": "0", "build_number": 0} for p in (0, 5, 99)
        ]
        return any(all(self.records.matches(d, e) for d in demands) for e in sample)

    # Hints.

    def hint(self, hint: Mapping[str, Any]) -> None:
        text, name = hint["text"], hint["name"]
        if found := re.fullmatch(
            r"(.+) ha(?:s|ve) no build for python (\S+?)(?: here)?(?:, (?:its|their) (newest|oldest) is for (\S+))?",
            text,
        ):
            subject = found[1]
            if name_of(subject) == name and (subject == name or any(plain(s) == subject for s in self.asked.own(name))):
                spec = next((s for s in self.asked.own(name) if plain(s) == subject), name)
                entries = self.records.matching(spec)
            else:
                _, _, _, ranges = self.subject(subject)
                entries = self.scope("all", name, self.expand(name, ranges) or [])
            self.claim(name != "python_abi", "python_abi is no package that is built for a python")
            self.claim(bool(entries) and not any(self.admits(e, found[2]) for e in entries), "it has one")
            if found[3]:
                minors = [m for m in self._minors() if any(self.admits(e, m) for e in entries)]
                end = minors[-1] if found[3] == "newest" else minors[0]
                self.claim(bool(minors) and end == found[4], f"the {found[3]} is {end}")
        elif found := re.fullmatch(r"the (newest|oldest|only) version of (\S+) is (\S+)", text):
            versions = self.records.versions(found[2])
            end = versions[-1] if found[1] == "newest" else versions[0]
            self.claim(version_of(end) == version_of(found[3]), f"it is {end}")
            self.claim(found[1] != "only" or len(versions) == 1, "there are others")
        elif found := re.fullmatch(r"the versions of (\S+) nearest to (\S+) are (\S+) and (\S+)", text):
            all_versions = [version_of(v) for v in self.records.versions(found[1])]
            wanted = version_of(found[2])
            below, above = [v for v in all_versions if v <= wanted], [v for v in all_versions if v > wanted]
            self.claim(
                below[-1:] == [version_of(found[3])] and above[:1] == [version_of(found[4])], "others are nearer"
            )
        elif found := re.fullmatch(r"(\S+) (\S+) exists, but no build of it matches", text):
            self.claim(
                any(version_of(v) == version_of(found[2]) for v in self.records.versions(found[1])), "it does not"
            )
        elif found := re.fullmatch(r"(.+) exists on (.+), not on (\S+)", text):
            spec = next((s for s in self._all_specs() if plain(s) == found[1]), found[1])
            self.claim(not self.records.matching(spec), "it is here")
            for platform, version in re.findall(r"(\S+) \((\S+?)\)", found[2]):
                other = self.asked.elsewhere[platform]()
                there = [
                    version_of(e["version"])
                    for e in other.of(name_of(spec))
                    if other.matches(spec, e) and e["subdir"] != "noarch"
                ]
                self.claim(bool(there) and max(there) == version_of(version), f"on {platform} the newest is another")
        elif found := re.fullmatch(r"there is no (\S+); did you mean (.+)\?", text):
            self.claim(found[1] not in self.records, "there is")
            for offered in re.split(r", | or ", found[2]):
                self.claim(offered in self.records, f"there is no {offered}")
        elif found := re.fullmatch(r"there is no (\S+); the package is named (\S+)", text):
            self.claim(found[1] not in self.records and found[2] in self.records, "it is otherwise")
        elif found := re.fullmatch(r"also, (.+)", text):
            self.sentence(found[1])
        elif found := re.fullmatch(r"channel (\S+) has (\S+) (.+), hidden by strict priority.*", text):
            having = [e for e in self.records.of(found[2]) if e["channel"] == found[1]]
            told = self.expand(found[2], found[3])
            if told is not None:
                mine = {version_of(e["version"]) for e in having}
                self.claim(bool(told) and all(version_of(v) in mine for v in told), "it has not all of these")
            first = next(c for c in self.records.channels if any(e["channel"] == c for e in self.records.of(found[2])))
            self.claim(first != found[1], "it is the first channel")
        elif found := re.fullmatch(r"(.+?) came after the cut-off of (\S+), the first on (\S+)", text):
            self.excluded(
                found[1],
                None if not re.search(r"\(\d+ versions from", found[1]) else self._fact_versions(name, "policy"),
                self._is_cut,
            )
        elif found := re.fullmatch(r"(.+) (?:is|are) for (Windows|macOS|Linux) only", text):
            virtual = {"Windows": "__win", "macOS": "__osx", "Linux": "__linux"}[found[2]]
            self.excluded(found[1], None, lambda e: any(name_of(d) == virtual for d in e.get("depends", [])))
        elif found := re.fullmatch(r"(.+) (needs?|allows? only) (.+?), the target has (none|.+)", text):
            self.sentence(f"{found[1]} {'requires' if 'need' in found[2] else 'allows only'} {found[3]}")
            word = f"the target has no {name}" if found[4] == "none" else f"the target has {name} {found[4]}"
            given = [v.partition(" ")[2].removesuffix(" 0") for v in self.asked.virtual if v.split()[0] == name]
            self.claim((not given) if found[4] == "none" else found[4] in given, word)
        elif re.fullmatch(r"(\S+) is (asked for|missing).*the target has.*", text):
            given = [v for v in self.asked.virtual if v.split()[0] == name]
            self.claim(not given if text.endswith("none") else bool(given), "the target is another")
        elif found := re.fullmatch(
            r"of (.+) there is (\S+) at (most|least) here, while (\S+) takes (\S+) at (least|most)", text
        ):
            self.between(found[1], found[2], found[3], found[4], found[5])
        elif found := re.fullmatch(r"the (newest|oldest) (.+) is (\S+), but (.+) needs? at (least|most) (\S+)", text):
            self.between(found[2], found[3], "most" if found[1] == "newest" else "least", found[4], found[6])
        elif found := re.fullmatch(r"to search (\S+), add -c (\S+)", text):
            self.claim(found[1] not in self.records.channels and found[1] == found[2], "it is searched")
        elif found := re.fullmatch(r"packages of (\S+) need those of (\S+): add -c (\S+)", text):
            self.claim(found[2] not in self.records.channels and found[2] == found[3], "it is searched")
        elif found := re.fullmatch(r"a channel that has (\S+) may be missing: add it with -c", text):
            self.claim(found[1] not in self.records, "it is there")
        else:
            self.unknown(text)

    def _fact_versions(self, name: str, kind: str) -> list[str]:
        return [v for f in self.conflict["facts"] if f["name"] == name and f["kind"] == kind for v in f["versions"]]

    def between(self, mine: str, end: str, which: str, who: str, bound: str) -> None:
        spec = next((s for s in self.asked.own(name_of(mine)) if plain(s) == mine), mine)
        versions = sorted(version_of(e["version"]) for e in self.records.matching(spec))
        if not self.claim(bool(versions), "no record matches"):
            return
        self.claim((versions[-1] if which == "most" else versions[0]) == version_of(end), "there is another")
        quantifier, name, _, ranges = self.subject(who)
        target = name_of(mine)
        facts = [
            f
            for f in self.conflict["facts"]
            if f["kind"] == "dependency" and f["name"] == name and f["target"] == target
        ]
        groups = [g for g in self.conflict.get("groups", ()) if g["name"] == name and g["target"] == target]
        told = self.expand(name, ranges) if ranges else None
        versions_told = told if told is not None else [v for f in (groups or facts) for v in f["versions"]]
        best = version_of(bound)

        def beyond(entry: Raw) -> bool:
            demands = [d for d in entry.get("depends", []) if name_of(d) == target]
            taken = [
                version_of(e["version"])
                for e in self.records.of(target)
                if all(self.records.matches(d, e) for d in demands)
            ]
            return bool(demands) and all(v >= best if which == "most" else v <= best for v in taken)

        self.claim(
            self.holds_of(quantifier, name, versions_told, beyond), f"a build of {name} {versions_told} takes others"
        )

    def _minors(self) -> list[str]:
        found = set()
        for entry in self._pythons:
            major, minor = (*entry["version"].split("."), "0")[:2]
            found.add((int(major), int(re.match(r"\d+", minor)[0])))  # type: ignore[index]
        return [f"{a}.{b}" for a, b in sorted(found)]

    # The whole.

    def run(self) -> list[Lie]:
        facts = self.conflict["facts"]
        for fact in facts:
            self.where, self.text = f"fact {fact['kind']}", fact["text"]
            about = fact["kind"] in {"dependency", "constrains", "policy", "channel_priority", "unparsable"}
            self.sentence(fact["text"], fact["versions"] if about else None)
            if "quantifier" in fact and about:
                self.claim(
                    self.subject(re.sub(r"^the licences? of ", "", fact["text"]))[0] == fact["quantifier"],
                    "text and data differ",
                )
        for group in self.conflict.get("groups", ()):
            self.where, self.text = "group", group["text"]
            self.sentence(group["text"], group["versions"])
        self.headline(self.conflict["headline"])
        for other in self.conflict.get("further", ()):
            rest = Checker(other, self.asked)
            rest.run_bare()
            self.lies += rest.lies
            self.claims += rest.claims
        for hint in self.conflict["hints"]:
            self.where, self.text = f"hint {hint['kind']}", hint["text"]
            self.hint(hint)
        self.tree()
        self.fixes()
        return self.lies

    def run_bare(self) -> None:
        """Test the facts and the headline of a further conflict."""
        for fact in self.conflict["facts"]:
            self.where, self.text = f"further fact {fact['kind']}", fact["text"]
            about = fact["kind"] in {"dependency", "constrains", "policy", "channel_priority", "unparsable"}
            self.sentence(fact["text"], fact["versions"] if about else None)
        self.headline(self.conflict["headline"])

    def headline(self, text: str) -> None:
        self.where, self.text = "headline", text
        text = _ASIDE.sub(self._aside, text)
        if found := re.fullmatch(r"(.+) is requested, but so is (.+)", text):
            self.sentence(f"{found[1]} is requested")
            self.sentence(f"{found[2]} is requested")
        elif found := re.fullmatch(r"(.+), but no record matches; (.+)", text):
            self.sentence(found[1])
            spec = self._demanded(found[1])
            self.exist(name_of(spec), found[2])
            missing = [
                f for f in self.conflict["facts"] if f["kind"] == "missing_version" and f["name"] == name_of(spec)
            ]
            for fact in missing:
                self.no_record(fact["spec"])
            self.claim(bool(missing), "no such fact")
        elif found := re.fullmatch(r"(.+), but (.+ is not among your channels.*)", text):
            self.sentence(found[1])
            self.exist("", found[2])
        elif found := re.fullmatch(r"(.+?), but (.+)", text):
            self.sentence(found[1])
            self.sentence(found[2])
        elif text == "no set of packages satisfies the request":
            pass
        else:
            self.sentence(text)

    def _demanded(self, sentence: str) -> str:
        if found := re.fullmatch(r"(.+) is requested", sentence):
            return found[1]
        if found := _VERB.fullmatch(sentence):
            return found["demand"]
        return sentence

    def tree(self) -> None:
        """Every line of the text is told by a fact, a group, the headline or a hint."""
        known = {fact["text"] for fact in self.conflict["facts"]}
        known |= {group["text"] for group in self.conflict.get("groups", ())}
        known |= {f"hint: {hint['text']}" for hint in self.conflict["hints"]}
        lines = self.conflict["text"].splitlines()
        self.where = "text"
        hints = [line for line in lines if line.startswith("hint: ")]
        self.text = "hints"
        self.claim(len(hints) == len(set(hints)), "a hint comes twice")
        for number, line in enumerate(lines):
            self.text = line
            bare = re.sub(r"^[│├└─ ]+", "", line)
            if number == 0:
                self.claim(line == f"no answer: {self.conflict['headline']}", "another headline")
            elif bare.startswith("no record matches ") and bare not in known:
                self.sentence(bare)
            elif bare in known or re.fullmatch(r"… \d+ more lines|\S+: see above", bare):
                self.claims += 1
            elif "groups" in self.conflict:
                self.claim(False, "no fact says so")
            else:
                self.sentence(bare)

    def fixes(self) -> None:
        for fix in self.conflict["fixes"]:
            given = {entry["name"]: entry for entry in fix["gives"]}
            for change in fix["changes"]:
                self.where, self.text = f"fix {change['kind']}", change["text"]
                self.claim(change["from"] != change["to"] or change["kind"] == "lift_freeze", "it changes nothing")
                if change["kind"] == "relax_spec":
                    found = re.search(r"\(that gives (\S+)\)$", change["text"])
                    mine = given.get(change["name"])
                    self.claim(
                        found is not None and mine is not None and mine["version"] == found[1], "it gives another"
                    )
                    self.claim(change["to"] in fix["specs"], "that is not asked for then")
                elif change["kind"] == "drop_spec":
                    self.claim(change["from"] not in fix["specs"], "it is asked for still")
                elif change["kind"] == "rename_spec":
                    self.claim(name_of(change["to"]) in self.records, "there is no such package")


def moment(entry: Raw) -> int:
    """Return when a record came to be, in milliseconds."""
    found = int(entry.get("indexed_timestamp") or entry.get("timestamp") or 0)
    return found if found > 253_402_300_799 else found * 1000


@lru_cache(maxsize=10_000)
def _samples(*specs: str) -> tuple[Raw, ...]:
    """Return records that nobody has, at and around every version that some specs speak of, with every build."""
    versions = {"0", "99999"}
    builds = {"0"}
    for spec in specs:
        for literal in re.findall(r"\d+(?:\.\d+)*", spec.partition(" ")[2]):
            versions |= {literal, f"{literal}.1", f"{literal}.99"}
        words = spec.split()
        if len(words) > 2:
            builds.add(words[2].replace("*", "x"))
    name = name_of(specs[0])
    return tuple(
        {"name": name, "version": v, "build": b, "build_number": 0} for v in sorted(versions) for b in sorted(builds)
    )


def check(conflict: Mapping[str, Any], asked: Asked) -> tuple[int, list[Lie]]:
    """Test everything that a conflict says; return the number of claims, and those that are not true."""
    checker = Checker(conflict, asked)
    checker.run()
    return checker.claims, checker.lies


__all__ = ["Asked", "Checker", "GenericVirtualPackage", "Lie", "PackageName", "Records", "check", "moment", "name_of"]
