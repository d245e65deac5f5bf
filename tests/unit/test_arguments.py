"""The Python API's arguments: names that are fixed, shapes that are taken, mistakes that are errors."""

from __future__ import annotations

import datetime
import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import resolvent
from conftest import LINUX, ChannelMaker, record
from resolvent import MatchSpec, PackageRecord, ResolventError
from resolvent.arguments import cutoff_milliseconds, spec_text

UTC = datetime.timezone.utc
DAY = 86_400_000


class TestNames:
    def test_public_names_exist(self) -> None:
        for name in resolvent.__all__:
            assert hasattr(resolvent, name)

    @pytest.mark.parametrize(
        ("function", "names"),
        [
            (resolvent.load_index, ["platform", "channel_priority", "skip_bad_records"]),
            (
                resolvent.solve,
                [
                    *("index", "channels", "platform", "channel_priority", "virtual_packages", "constraints", "pins"),
                    *("installed", "strategy", "exclude_newer", "timeout"),
                ],
            ),
            (resolvent.check, ["index", "virtual_packages"]),
            (resolvent.export_cnf, ["index", "path"]),
            (resolvent.export_wcnf, ["index", "path"]),
        ],
    )
    def test_keywords(self, function: Callable[..., Any], names: list[str]) -> None:
        assert set(names) <= set(inspect.signature(function).parameters)

    def test_unknown_keywords_are_errors(self, sample: resolvent.Index) -> None:
        calls: list[Callable[..., Any]] = [
            lambda: resolvent.load_index(["x"], platfrom="linux-64"),  # type: ignore[call-arg]
            lambda: resolvent.solve(["x"], index=sample, time_out=1),  # type: ignore[call-overload]
            lambda: resolvent.Session(sample, vp=[]),  # type: ignore[call-arg]
            lambda: resolvent.Session(sample).solve(["x"], colour=True),  # type: ignore[call-arg]
            lambda: resolvent.check([], [], index=sample, fix=True),  # type: ignore[call-arg]
        ]
        for call in calls:
            with pytest.raises(TypeError, match="unexpected keyword"):
                call()

    def test_errors_are_kinds_of_one(self) -> None:
        for name in (
            *("UnsatisfiableError", "PackagesNotFound", "InvalidMatchSpec", "InvalidVersion"),
            *("InvalidRepodata", "ChannelNotFound", "DeadlineExceeded"),
        ):
            assert issubclass(getattr(resolvent, name), resolvent.ResolventError)
        assert issubclass(resolvent.PackagesNotFound, resolvent.UnsatisfiableError)


class TestShapes:
    def test_specs(self, sample: resolvent.Index) -> None:
        session = resolvent.Session(sample, virtual_packages=LINUX)
        forms: list[Any] = [
            "python 3.12.*",
            ["python 3.12.*"],
            ("python 3.12.*",),
            iter(["python 3.12.*"]),
            MatchSpec("python 3.12.*"),
            [MatchSpec("python 3.12.*")],
        ]
        answers = [[entry.fn for entry in session.solve(form).records] for form in forms]
        assert answers[0]
        assert all(answer == answers[0] for answer in answers)

    @pytest.mark.parametrize(
        ("spec", "text"),
        [
            ("python=3.12", "python 3.12.*"),
            ("numpy[version='>=2,<3']", "numpy >=2,<3"),
            ("numpy=1.2=py*", "numpy 1.2 py*"),
            ("numpy", "numpy"),
            ("conda-forge::numpy", "conda-forge::numpy"),
            ("numpy[build=py*]", "numpy[build=py*]"),
        ],
    )
    def test_specs_are_told_as_people_write_them(self, spec: str, text: str) -> None:
        parsed = MatchSpec(spec)
        assert spec_text(parsed) == text
        assert MatchSpec(text) == parsed

    def test_the_ways_to_solve_agree(self, sample: resolvent.Index) -> None:
        specs = ["numpy", "python 3.12.*"]
        by_index = resolvent.solve(specs, index=sample, virtual_packages=LINUX)
        by_channels = resolvent.solve(
            specs, channels=[resolvent.sample_channel()], platform="linux-64", virtual_packages=LINUX
        )
        by_session = resolvent.Session(sample, virtual_packages=LINUX).solve(specs)
        assert by_index.records == by_channels.records == by_session.records

    def test_a_sessions_past_changes_nothing(self, sample: resolvent.Index) -> None:
        session = resolvent.Session(sample, virtual_packages=LINUX)
        requests = [["numpy"], ["python 3.11.*", "numpy"], ["nosuchpackage"], ["flask"], ["numpy"]]
        for specs in requests:
            if specs == ["nosuchpackage"]:
                with pytest.raises(resolvent.PackagesNotFound):
                    session.solve(specs)
                continue
            fresh = resolvent.solve(specs, index=sample, virtual_packages=LINUX)
            assert session.solve(specs).records == fresh.records

    def test_installed_may_be_records_or_mappings(self, make_channel: ChannelMaker) -> None:
        index = resolvent.load_index([make_channel([record("x", "1.0"), record("x", "2.0")])], platform="linux-64")
        (old,) = resolvent.solve("x 1.0", index=index, virtual_packages=[]).records
        forms: list[Any] = [[old], [old.to_dict()], (old,)]
        for installed in forms:
            solution = resolvent.solve("x >=2", index=index, virtual_packages=[], installed=installed)
            assert [entry.version for entry in solution.transaction.link] == ["2.0"]
            assert [entry.version for entry in solution.transaction.unlink] == ["1.0"]

    def test_constraints_and_pins_do_not_ask(self, make_channel: ChannelMaker) -> None:
        index = resolvent.load_index(
            [make_channel([record("x", "1.0"), record("x", "2.0"), record("y"), record("z", depends=["x"])])],
            platform="linux-64",
        )
        forms: list[dict[str, Any]] = [{"constraints": ["x <2"]}, {"pins": ["x <2"]}]
        for keywords in forms:
            alone = resolvent.solve("y", index=index, virtual_packages=[], **keywords)
            assert [entry.name for entry in alone.records] == ["y"]
            needed = resolvent.solve("z", index=index, virtual_packages=[], **keywords)
            assert [(entry.name, entry.version) for entry in needed.records] == [("x", "1.0"), ("z", "1.0")]

    def test_check(self, sample: resolvent.Index) -> None:
        records = resolvent.solve(["numpy"], index=sample, virtual_packages=LINUX).records
        assert resolvent.check(records, ["numpy"], index=sample, virtual_packages=LINUX) == []
        without_python = [entry for entry in records if entry.name != "python"]
        assert resolvent.check(without_python, ["numpy"], index=sample, virtual_packages=LINUX)
        assert resolvent.check(records, ["numpy"], index=sample, virtual_packages=[])
        assert resolvent.check(records, ["flask"], index=sample, virtual_packages=LINUX)
        assert resolvent.check(records, [], index=sample, virtual_packages=LINUX)

    def test_exports(self, sample: resolvent.Index, tmp_path: Path) -> None:
        for export, name in ((resolvent.export_cnf, "p cnf "), (resolvent.export_wcnf, "p wcnf ")):
            path = tmp_path / name.split()[1]
            export(["numpy"], index=sample, path=path, virtual_packages=LINUX)
            text = path.read_text()
            assert name in text or (name == "p wcnf " and "\nh " in text)

    def test_stats_and_levels_are_there(self, sample: resolvent.Index) -> None:
        solution = resolvent.solve(["numpy"], index=sample, virtual_packages=LINUX)
        assert solution.optimality == "proved"
        assert solution.levels
        assert solution.stats
        assert all(isinstance(key, str) for key in solution.stats)


class TestMistakes:
    def test_no_index_and_no_channels(self) -> None:
        with pytest.raises(TypeError):
            resolvent.solve(["x"])  # type: ignore[call-overload]

    def test_index_and_channels(self, sample: resolvent.Index) -> None:
        with pytest.raises(TypeError):
            resolvent.solve(["x"], index=sample, channels=[resolvent.sample_channel()])  # type: ignore[call-overload]
        with pytest.raises(TypeError):
            resolvent.solve(["x"], index=sample, platform="linux-64")  # type: ignore[call-overload]

    @pytest.mark.parametrize(
        "keywords",
        [
            {"strategy": "newest"},
            {"channel_priority": "none"},
            {"timeout": -1},
            {"timeout": float("nan")},
            {"timeout": float("inf")},
            {"exclude_newer": "soon"},
            {"exclude_newer": -1},
        ],
    )
    def test_values(self, sample: resolvent.Index, keywords: dict[str, Any]) -> None:
        with pytest.raises(ResolventError):
            resolvent.solve(["python"], index=sample, virtual_packages=[], **keywords)

    @pytest.mark.parametrize(
        "keywords",
        [
            {"timeout": "1"},
            {"timeout": True},
            {"exclude_newer": 1.5},
            {"exclude_newer": True},
            {"installed": ["python"]},
            {"pins": [1]},
            {"constraints": 1},
            {"virtual_packages": "__glibc 2.28"},
        ],
    )
    def test_types(self, sample: resolvent.Index, keywords: dict[str, Any]) -> None:
        with pytest.raises(TypeError):
            resolvent.solve(["python"], index=sample, **{"virtual_packages": [], **keywords})

    @pytest.mark.parametrize("specs", [None, 1, [1], [None], b"python"])
    def test_specs(self, sample: resolvent.Index, specs: Any) -> None:
        with pytest.raises(TypeError):
            resolvent.solve(specs, index=sample, virtual_packages=[])

    def test_not_an_index(self) -> None:
        with pytest.raises(TypeError):
            resolvent.Session("conda-forge")  # type: ignore[arg-type]

    def test_installed_that_is_no_record(self, sample: resolvent.Index) -> None:
        with pytest.raises(ResolventError):
            resolvent.solve("python", index=sample, virtual_packages=[], installed=[{"name": "x"}])

    def test_an_export_to_nowhere(self, sample: resolvent.Index, tmp_path: Path) -> None:
        with pytest.raises((ResolventError, OSError)):
            resolvent.export_cnf(["python"], index=sample, path=tmp_path / "no" / "such", virtual_packages=LINUX)


class TestCutoff:
    MOMENT = 1_769_860_800_000  # 2026-01-31T12:00:00Z

    @pytest.mark.parametrize(
        ("cutoff", "expected"),
        [
            (None, None),
            ("2026-01-31T12:00:00Z", MOMENT),
            ("2026-01-31T12:00:00z", MOMENT),
            ("2026-01-31 12:00:00", MOMENT),
            ("2026-01-31T14:00:00+02:00", MOMENT),
            (" 2026-01-31T12:00:00 ", MOMENT),
            (datetime.datetime(2026, 1, 31, 12, tzinfo=UTC), MOMENT),
            (datetime.datetime(2026, 1, 31, 12), MOMENT),
            ("2026-01-31", MOMENT + DAY // 2 - 1),
            (datetime.date(2026, 1, 31), MOMENT + DAY // 2 - 1),
            (MOMENT, MOMENT),
            (MOMENT // 1000, MOMENT),
            (str(MOMENT), MOMENT),
            (str(MOMENT // 1000), MOMENT),
            (0, 0),
        ],
    )
    def test_forms(self, cutoff: Any, expected: int | None) -> None:
        assert cutoff_milliseconds(cutoff) == expected

    @pytest.mark.parametrize(
        ("age", "seconds"),
        [
            ("0", 0),
            ("30s", 30),
            ("90m", 5_400),
            ("36h", 129_600),
            ("7d", 604_800),
            ("2w", 1_209_600),
            ("3d12h", 302_400),
            ("1w2d", 777_600),
            ("2 weeks 1 day", 1_296_000),
            ("1D 1H 1M", 90_060),
            ("P7D", 604_800),
            ("P1DT12H", 129_600),
            ("PT90M", 5_400),
            ("P1W", 604_800),
            ("p1dt1s", 86_401),
            ("604800s", 604_800),
        ],
    )
    def test_ages_count_back_from_now(self, monkeypatch: pytest.MonkeyPatch, age: str, seconds: int) -> None:
        monkeypatch.setattr(time, "time", lambda: self.MOMENT / 1000)
        assert cutoff_milliseconds(age) == self.MOMENT - seconds * 1000

    @pytest.mark.parametrize(
        "text",
        ["", "yesterday", "2026", "20260131", "2026-1-31", "2026-02-30", "2026-01-31T25:00", "7", "-7d", "7y", "1e9"],
    )
    def test_nonsense(self, text: str) -> None:
        with pytest.raises(ResolventError, match="not a cut-off"):
            cutoff_milliseconds(text)

    @pytest.mark.parametrize("text", ["P", "PT", "12h3d", "1d1d", "1.5d", "3x", "d", "00", "3d12"])
    def test_what_is_nearly_an_age(self, text: str) -> None:
        with pytest.raises(ResolventError, match="not a cut-off"):
            cutoff_milliseconds(text)

    @pytest.mark.parametrize(
        ("text", "advice"),
        [
            ("604800", "could be an age in seconds, or a time; give 604800s"),
            ("20260131", "2026-01-31 for a date"),
            ("P1M", "months and years differ in length"),
            ("P1Y2D", "months and years differ in length"),
        ],
    )
    def test_what_could_mean_two_things(self, text: str, advice: str) -> None:
        with pytest.raises(ResolventError, match=advice):
            cutoff_milliseconds(text)

    def test_a_record_without_timestamp_stays(self, make_channel: ChannelMaker) -> None:
        folder = make_channel([record("x", "1.0"), record("x", "2.0", timestamp=self.MOMENT)])
        index = resolvent.load_index([folder], platform="linux-64")
        for cutoff, version in ((self.MOMENT, "2.0"), (self.MOMENT - 1, "1.0")):
            solution = resolvent.solve("x", index=index, virtual_packages=[], exclude_newer=cutoff)
            assert [entry.version for entry in solution.records] == [version]


def test_records_are_plain_values(sample: resolvent.Index) -> None:
    for entry in resolvent.solve(["numpy"], index=sample, virtual_packages=LINUX).records:
        assert isinstance(entry, PackageRecord)
        assert entry.fn in entry.url
        assert entry.channel == "conda-forge"
        assert PackageRecord.from_dict(entry.to_dict()) == entry
