"""Repodata that is odd or made to harm: it costs a record at most, and never time or memory beyond its size."""

from __future__ import annotations

import bz2
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from limits import limited

import resolvent
from conftest import record, write_subdir
from resolvent import Index, InvalidRepodata, ResolventError
from resolvent.lockfiles import explicit, explicit_line

#: Values of every wrong kind.
WRONG: list[Any] = [None, True, -1, 1.5, 10**30, "", "odd", [], ["a"], [1], [None], {}, {"a": 1}]
#: Fields that no choice of records needs: a wrong value counts as absent.
NOT_NEEDED = [
    *("timestamp", "indexed_timestamp", "size", "noarch", "license", "license_family", "md5", "sha256"),
    *("subdir", "python_site_packages_path", "features", "record_version", "purls", "anything"),
]
#: Fields that decide what is chosen: a record with a wrong value cannot be used.
NEEDED = [
    *("name", "version", "build", "build_number", "depends", "constrains", "track_features", "flags"),
    "extra_depends",
]
INVISIBLE = ["\n", "\r", "\t", "\x00", "\x1b[31m", "\x7f", "\x85", "\x9b2J", "\u200b", "\u202e", "\u2028", "\ufeff"]


def load(folder: Path, **options: Any) -> Index:
    return resolvent.load_index([f"conda-forge={folder}"], platform="linux-64", **options)


def channel(folder: Path, records: dict[str, Any], **keys: Any) -> Path:
    """Write records as they are given, by file name, into linux-64."""
    path = folder / "linux-64" / "repodata.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"info": {"subdir": "linux-64"}, "packages.conda": records, **keys}))
    return folder


def solved(index: Index, *specs: str) -> list[resolvent.PackageRecord]:
    return list(resolvent.solve(list(specs), index=index).records)


GOOD = record("good", md5="0" * 32, sha256="0" * 64)


@pytest.mark.parametrize("field", NOT_NEEDED)
def test_an_odd_value_that_nothing_needs_costs_nothing(tmp_path: Path, field: str) -> None:
    records = {f"odd{n}-1.0-0.conda": {**record(f"odd{n}"), field: value} for n, value in enumerate(WRONG)}
    index = load(channel(tmp_path, {**records, "good-1.0-0.conda": GOOD}))
    newer = field == "record_version"
    assert len(index) == len(records) + 1 - (newer and 0)
    for n in range(len(WRONG)):
        (chosen,) = solved(index, f"odd{n}")
        assert chosen.url == f"https://conda.anaconda.org/conda-forge/linux-64/odd{n}-1.0-0.conda"
    for warning in index.warnings:
        assert re.search(r"odd\d+-1.0-0.conda: " + field, warning), warning


@pytest.mark.parametrize("field", NEEDED)
def test_a_record_that_cannot_be_used_is_left_out_where_asked(tmp_path: Path, field: str) -> None:
    refused = 0
    for value in WRONG:
        folder = channel(tmp_path, {"odd-1.0-0.conda": {**record("odd"), field: value}, "good-1.0-0.conda": GOOD})
        index = load(folder, skip_bad_records=True)
        assert [r.name for r in solved(index, "good")] == ["good"]
        try:
            load(folder)
        except InvalidRepodata as error:
            refused += 1
            assert "odd-1.0-0.conda" in str(error) and field in str(error) and "--skip-bad-records" in str(error)
            assert any("odd-1.0-0.conda" in warning for warning in index.warnings)
    assert refused >= 4, field


@pytest.mark.parametrize("whole", [None, [], "text", 7, {}])
def test_a_record_that_is_none(tmp_path: Path, whole: Any) -> None:
    folder = channel(tmp_path, {"odd-1.0-0.conda": whole, "good-1.0-0.conda": GOOD})
    with pytest.raises(InvalidRepodata, match=r"odd-1.0-0.conda.*--skip-bad-records"):
        load(folder)
    index = load(folder, skip_bad_records=True)
    assert [r.name for r in solved(index, "good")] == ["good"]


@pytest.mark.parametrize("key", ["info", "packages", "removed", "repodata_version", "v3", "signatures", "anything"])
def test_null_is_no_key(tmp_path: Path, key: str) -> None:
    index = load(channel(tmp_path, {"good-1.0-0.conda": GOOD}, **{key: None}))
    assert [r.name for r in solved(index, "good")] == ["good"]
    assert index.warnings == []


@pytest.mark.parametrize("inner", ["subdir", "base_url", "repodata_version", "arch"])
def test_null_in_info_is_no_key(tmp_path: Path, inner: str) -> None:
    index = load(channel(tmp_path, {"good-1.0-0.conda": GOOD}, info={inner: None}, v3={"conda": None}))
    assert [r.name for r in solved(index, "good")] == ["good"]


def test_times_as_conda_reads_them(tmp_path: Path) -> None:
    index = load(channel(tmp_path, {"a-1.0-0.conda": record("a", timestamp=1719972900.25)}))
    assert solved(index, "a")[0].timestamp == 1719972900000
    assert index.warnings == []


@pytest.mark.parametrize("value", ["tmpBhIdpS", "../x", "linux-64/", "noarch", "osx-64", "a\nb", "/etc"])
@pytest.mark.parametrize("form", ["repodata.json", "repodata.json.zst", "repodata.json.bz2"])
def test_the_folder_decides_subdir_and_url(tmp_path: Path, value: str, form: str) -> None:
    text = json.dumps({"info": {"subdir": value}, "packages.conda": {"good-1.0-0.conda": GOOD}}).encode()
    packed = {"json": text, "zst": zstandard.compress(text), "bz2": bz2.compress(text)}[form.rpartition(".")[2]]
    (tmp_path / "linux-64").mkdir()
    (tmp_path / "linux-64" / form).write_bytes(packed)
    index = load(tmp_path)
    (chosen,) = solved(index, "good")
    assert (chosen.subdir, chosen.url) == (
        "linux-64",
        "https://conda.anaconda.org/conda-forge/linux-64/good-1.0-0.conda",
    )
    (warning,) = index.warnings
    assert "conda-forge/linux-64: info.subdir" in warning
    assert json.dumps(value) in warning and "\n" not in warning


@pytest.mark.parametrize("value", ["noarch", "osx-64", "../..", "x\ny"])
def test_what_is_printed_of_a_record_finds_it(tmp_path: Path, value: str) -> None:
    odd = record("odd", noarch="python", subdir=value)
    index = load(write_subdir(tmp_path, [odd]).parent.parent)
    (chosen,) = solved(index, "odd")
    assert f"{chosen.channel}/{chosen.subdir}" == "conda-forge/linux-64"
    for spec in (chosen.url, f"{chosen.channel}/{chosen.subdir}::odd", "odd[subdir=linux-64]"):
        assert solved(index, spec) == [chosen]
    (warning,) = index.warnings
    assert "odd-1.0-0.conda: subdir" in warning


@pytest.mark.parametrize("name", ["Odd", "ODD", "oDD.x"])
def test_names_ignore_case(tmp_path: Path, name: str) -> None:
    records = [record(name), record("user", depends=[f"{name} >=1"]), record(name.lower(), "0.5")]
    index = load(write_subdir(tmp_path, records).parent.parent)
    for spec in (name, name.lower(), name.upper()):
        (chosen,) = solved(index, spec)
        assert (chosen.name, chosen.version, chosen.fn) == (name.lower(), "1.0", f"{name}-1.0-0.conda")
        assert chosen.url.endswith(f"/{name}-1.0-0.conda")
    assert [r.name for r in solved(index, "user")] == [name.lower(), "user"]


@pytest.mark.parametrize("name", ["a b", "é", "x..y", "", "-", "x+y", "a=1", "::a", *(f"a{c}b" for c in INVISIBLE)])
def test_records_that_no_spec_can_name_are_left_out_with_a_warning(tmp_path: Path, name: str) -> None:
    index = load(channel(tmp_path, {"odd-1.0-0.conda": {**record("odd"), "name": name}, "good-1.0-0.conda": GOOD}))
    assert [r.name for r in solved(index, "good")] == ["good"]
    assert len(index) == 1
    (warning,) = index.warnings
    assert "odd-1.0-0.conda: name" in warning
    assert warning.isprintable()


@pytest.mark.parametrize("char", INVISIBLE)
@pytest.mark.parametrize("field", ["version", "build", "depends", "fn", "md5", "sha256", "subdir", "license"])
def test_nothing_of_a_channel_forges_a_line(tmp_path: Path, field: str, char: str) -> None:
    """H3, H4: no line end, escape, C1 or bidirectional mark gets into a warning, a lock file or an address."""
    forged = f"1{char}https://evil.example/x-1-0.conda"
    name, odd = "odd-1.0-0.conda", record("odd")
    if field == "fn":
        name = f"odd{char}-1.0-0.conda"
    else:
        odd[field] = [f"x {forged}"] if field == "depends" else forged
    folder = channel(tmp_path, {name: odd, "good-1.0-0.conda": GOOD})
    index = load(folder, skip_bad_records=True)
    told = [*index.warnings]
    try:
        load(folder)
    except InvalidRepodata as error:
        told.append(str(error))
    assert all(text.isprintable() for text in told), told
    chosen = solved(index, "good")
    try:
        chosen += solved(index, "odd")
    except resolvent.UnsatisfiableError as error:
        report = str(error)
        assert "evil" not in report or report.replace("\n", "").isprintable()
    lines = explicit(chosen, "linux-64").splitlines()
    assert len(lines) == 4 + len(chosen)
    assert all(line.startswith("https://conda.anaconda.org/") for line in lines[4:])


@pytest.mark.parametrize(
    "url",
    ["https://a/b\nhttps://evil/c", "https://a/#x", "https://a/?x=", "a b", "javascript://x", "\x1b[2J", "\u202e"],
)
def test_a_base_url_is_a_url(tmp_path: Path, url: str) -> None:
    folder = channel(tmp_path, {"good-1.0-0.conda": GOOD}, info={"subdir": "linux-64", "base_url": url})
    with pytest.raises(InvalidRepodata, match=r"info\.base_url") as caught:
        load(folder)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("url", ["https://cdn.example/x", "../all", "/pkgs", "file:///srv/x", "http://h:8080/y/"])
def test_honest_base_urls_stay(tmp_path: Path, url: str) -> None:
    index = load(channel(tmp_path, {"good-1.0-0.conda": GOOD}, info={"base_url": url}))
    assert solved(index, "good")[0].url.endswith("/good-1.0-0.conda")


def test_lines_of_records_from_elsewhere_stay_lines() -> None:
    """A record need not come from a channel: a prefix, a lock file or a program may have made it."""
    made = {**record("a"), "channel": "c", "fn": "a-1.0-0.conda", "md5": "0" * 32 + "\nhttps://evil/x#"}
    for char in [*INVISIBLE, " ", "#"]:
        one = resolvent.PackageRecord.from_dict({**made, "url": f"https://h/{char}a-1.0-0.conda"})
        line = explicit_line(one)
        assert line.isprintable() and " " not in line and "#" not in line and "evil" not in line


LOAD = """
import sys, resolvent
try:
    resolvent.load_index([sys.argv[1]], platform="linux-64")
except resolvent.ResolventError as error:
    print(type(error).__name__, str(error)[:300])
"""


@pytest.mark.parametrize("filling", [b" ", b"\x00", b"a", b"[", b'{"a":'])
@pytest.mark.parametrize("form", ["zst", "bz2"])
def test_bombs_cost_what_their_size_allows(tmp_path: Path, filling: bytes, form: str) -> None:
    piece = filling * ((1 << 20) // len(filling))
    path = tmp_path / "linux-64" / f"repodata.json.{form}"
    path.parent.mkdir()
    if form == "zst":
        packer = zstandard.ZstdCompressor().compressobj()
        packed = packer.compress(b'{"info":"') + b"".join(packer.compress(piece) for _ in range(1500)) + packer.flush()
    else:
        squeezed = bz2.BZ2Compressor(1)
        packed = squeezed.compress(b'{"info":"') + b"".join(squeezed.compress(piece) for _ in range(200))
        packed += squeezed.flush()
    path.write_bytes(packed)
    assert len(packed) < 200_000
    found = limited(LOAD, str(tmp_path))
    assert found.returncode == 0, found.stderr[-500:]
    assert found.stdout.startswith("InvalidRepodata"), found.stdout
    assert "larger than the limit" in found.stdout or "not repodata" in found.stdout or "not valid" in found.stdout


def test_real_compression_is_far_from_the_bound(tmp_path: Path) -> None:
    many = [record(f"p{n}", "1.0", f"h0000000_{n}", depends=["python >=3.12,<3.13.0a0"]) for n in range(40_000)]
    text = write_subdir(tmp_path, many).read_bytes()
    assert len(text) < 100 * len(zstandard.compress(text))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in this file system")
class TestOnlyRegularFiles:
    @pytest.mark.parametrize("name", ["repodata.json", "repodata.json.zst", "repodata.json.bz2"])
    def test_pipes_and_devices_are_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "linux-64").mkdir()
        path = tmp_path / "linux-64" / name
        for make in (lambda p: os.mkfifo(p), lambda p: p.symlink_to("/dev/zero"), lambda p: p.mkdir()):
            make(path)
            with pytest.raises(ResolventError, match="not a regular file"):
                load(tmp_path)
            path.rmdir() if path.is_dir() else path.unlink()

    def test_a_file_with_holes(self, tmp_path: Path) -> None:
        path = tmp_path / "linux-64" / "repodata.json"
        path.parent.mkdir()
        for start in (b"", b'{"a": "'):
            path.write_bytes(start)
            os.truncate(path, 3 << 30)
            found = limited(LOAD, str(tmp_path))
            assert found.returncode == 0, found.stderr[-500:]
            assert found.stdout.startswith("InvalidRepodata"), found.stdout

    def test_pipes_among_index_files(self, tmp_path: Path) -> None:
        """Index, stamp and temporary file: each a pipe that nobody writes to."""
        folder = channel(tmp_path / "channel", {"good-1.0-0.conda": GOOD})
        code = LOAD + 'print(len(resolvent.load_index([sys.argv[1]], platform="linux-64")))'
        cache = tmp_path / "cache"
        run = {"RESOLVENT_CACHE_DIR": str(cache), "RESOLVENT_NO_INDEX_FILES": "", "PATH": os.environ["PATH"]}
        words = [sys.executable, "-c", code, str(folder)]
        options: dict[str, Any] = {"env": run, "capture_output": True, "text": True, "timeout": 120, "check": False}
        assert subprocess.run(words, **options).stdout == "1\n"
        files = [path for path in cache.rglob("*") if path.is_file()]
        assert len(files) >= 2
        for path in files:
            path.unlink()
            os.mkfifo(path)
        pipe = next(iter(files)).parent / ".resolvent-1-0-0.tmp"
        os.mkfifo(pipe)
        os.utime(pipe, (0, 0))
        assert subprocess.run(words, **options).stdout == "1\n"


HISTORY = """
import sys
from resolvent.prefix.history import requested_specs
told = []
found = requested_specs(open(sys.argv[1]).read(), lambda spec: spec.split()[0], told.append)
print(sorted(found), told)
"""


@pytest.mark.parametrize(
    "line", ["[" + "'a'," * 5_000_000 + "]", "a," * 10_000_000, ">=1," * 5_000_000, "[" * 20_000_000]
)
def test_a_history_of_one_long_line(tmp_path: Path, line: str) -> None:
    """H11: 20 MB took 2 GB."""
    path = tmp_path / "history"
    honest = "==> 2026-01-01 00:00:00 <==\n# cmd: conda install\n# update specs: ['b >=1']\n"
    path.write_text(f"{honest}==> 2026-01-02 00:00:00 <==\n# cmd: conda install\n# update specs: {line}\n")
    found = limited(HISTORY, str(path), memory=1 << 28)
    assert found.returncode == 0, found.stderr[-400:]
    assert found.stdout.startswith("['b'] ['line 6 has"), found.stdout[:200]
