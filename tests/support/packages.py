"""Real packages for the tests, small and built on the spot: `.conda` and `.tar.bz2`, and channels of them.

Nothing here uses the code under test: the archives are put together from `tarfile`, `zipfile` and `zstandard`, so that
broken and hostile ones can be made as easily as good ones.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import zstandard

#: The prefix that builds are made in: 255 characters, as conda-build has it.
PLACEHOLDER = "/opt/" + "placehold_" * 25
assert len(PLACEHOLDER) == 255


@dataclass(frozen=True)
class File:
    """A file of a package.

    Attributes
    ----------
    content
        Its bytes; where a placeholder is used it stands in them.
    mode
        `text` or `binary` where the prefix is replaced, else None.
    executable, no_link
        As they say; `no_link` files are copied.
    placeholder
        What stands for the prefix.
    """

    content: bytes
    mode: str | None = None
    executable: bool = False
    no_link: bool = False
    placeholder: str = PLACEHOLDER


@dataclass(frozen=True)
class Link:
    """A symbolic link of a package."""

    target: str


def text_with_prefix(text: str = "home={}\n") -> File:
    """Return a text file that holds the prefix at `{}`."""
    return File(text.format(PLACEHOLDER).encode(), mode="text")


def binary_with_prefix(placeholder: str = PLACEHOLDER) -> File:
    """Return a binary file with the prefix in the middle of it, ended by a NUL."""
    content = b"\x7fELF\x00\x01" + f"{placeholder}/lib".encode() + b"\x00tail\x00\xff"
    return File(content, mode="binary", placeholder=placeholder)


Content = str | bytes | File | Link


@dataclass(frozen=True)
class Package:
    """What a test wants in an archive.

    Attributes
    ----------
    files
        Path to content; of noarch python packages below `site-packages/` or `python-scripts/`.
    entry_points
        `command = module:function`, of noarch python packages.
    index
        More keys of `index.json`.
    members
        Tar members that are put in as they are, in front of the files: (header, bytes). For hostile archives.
    paths
        Entries that replace those of `paths.json`; None: the right ones. `without_paths`: the files of old packages.
    extension
        `.conda` or `.tar.bz2`.
    """

    name: str
    version: str = "1.0"
    build: str = "0"
    depends: Sequence[str] = ()
    files: Mapping[str, Content] = field(default_factory=dict)
    noarch: str | None = None
    subdir: str = "linux-64"
    entry_points: Sequence[str] = ()
    index: Mapping[str, Any] = field(default_factory=dict)
    members: Sequence[tuple[tarfile.TarInfo, bytes]] = ()
    paths: Sequence[Mapping[str, Any]] | None = None
    without_paths: bool = False
    extension: str = ".conda"

    @property
    def stem(self) -> str:
        """`name-version-build`."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def fn(self) -> str:
        """The archive's name."""
        return self.stem + self.extension

    @property
    def folder(self) -> str:
        """The subdir it lies in."""
        return "noarch" if self.noarch else self.subdir

    def index_json(self) -> dict[str, Any]:
        """Return `info/index.json`, which is also the record without hashes."""
        number = self.build.rpartition("_")[2]
        data: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": int(number) if number.isdigit() else 0,
            "depends": list(self.depends),
            "subdir": self.folder,
            "license": "BSD-3-Clause",
            "timestamp": 1_700_000_000_000,
        }
        if self.noarch:
            data["noarch"] = self.noarch
        return {**data, **self.index}

    def but(self, **changes: Any) -> Package:
        """Return the package with something changed."""
        return replace(self, **changes)

    def build_into(self, channel: Path) -> Path:
        """Write the archive into its subdir of a channel folder and return its path."""
        path = channel / self.folder / self.fn
        path.parent.mkdir(parents=True, exist_ok=True)
        info, payload = _tar(self._info()), _tar(self._payload(), self.members)
        if self.extension == ".conda":
            pack = zstandard.ZstdCompressor(level=3).compress
            with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
                for name, content in (
                    ("metadata.json", b'{"conda_pkg_format_version": 2}'),
                    (f"pkg-{self.stem}.tar.zst", pack(payload)),
                    (f"info-{self.stem}.tar.zst", pack(info)),
                ):
                    # The time is fixed, so that the same package is the same archive each time.
                    archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
        else:
            path.write_bytes(_bzip(_tar({**self._info(), **self._payload()}, self.members)))
        return path

    def _payload(self) -> dict[str, Content]:
        return dict(self.files)

    def _info(self) -> dict[str, Content]:
        files = {path: _file(content) for path, content in self.files.items()}
        info: dict[str, Content] = {
            "info/index.json": json.dumps(self.index_json()),
            "info/about.json": "{}",
            "info/files": "".join(f"{path}\n" for path in files),
        }
        if self.without_paths:
            prefixed = [
                f'"{one.placeholder}" {one.mode} "{path}"\n'
                for path, one in files.items()
                if isinstance(one, File) and one.mode
            ]
            if prefixed:
                info["info/has_prefix"] = "".join(prefixed)
        else:
            entries = [_entry(path, one) for path, one in files.items()] if self.paths is None else list(self.paths)
            info["info/paths.json"] = json.dumps({"paths": entries, "paths_version": 1})
        if self.noarch == "python":
            noarch = {"type": "python", "entry_points": list(self.entry_points)}
            info["info/link.json"] = json.dumps({"noarch": noarch, "package_metadata_version": 1})
        return info


def _file(content: Content) -> File | Link:
    if isinstance(content, str):
        content = content.encode()
    return File(content) if isinstance(content, bytes) else content


def _entry(path: str, one: File | Link) -> dict[str, Any]:
    if isinstance(one, Link):
        return {"_path": path, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}
    entry: dict[str, Any] = {
        "_path": path,
        "path_type": "hardlink",
        "sha256": hashlib.sha256(one.content).hexdigest(),
        "size_in_bytes": len(one.content),
    }
    if one.mode:
        entry |= {"prefix_placeholder": one.placeholder, "file_mode": one.mode}
    if one.no_link:
        entry["no_link"] = True
    return entry


def _tar(files: Mapping[str, Content], members: Iterable[tuple[tarfile.TarInfo, bytes]] = ()) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for header, content in members:
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
        for path, given in files.items():
            one, header = _file(given), tarfile.TarInfo(path)
            header.mtime = 1_700_000_000
            if isinstance(one, Link):
                header.type, header.linkname = tarfile.SYMTYPE, one.target
                archive.addfile(header)
            else:
                header.size, header.mode = len(one.content), 0o755 if one.executable else 0o644
                archive.addfile(header, io.BytesIO(one.content))
    return buffer.getvalue()


def _bzip(data: bytes) -> bytes:
    import bz2

    return bz2.compress(data)


def member(
    name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    """Return a tar member of any name and kind, for hostile archives."""
    header = tarfile.TarInfo(name)
    header.type, header.linkname, header.mode = kind, link, 0o644
    return header, content


def write_channel(folder: Path, packages: Iterable[Package], **records: Mapping[str, Any]) -> Path:
    """Build packages into a channel folder and write its repodata.

    Parameters
    ----------
    folder
        The channel; it is added to if it is there.
    packages
        What is built.
    records
        Keys of records that are to be other than they are (a wrong hash), by package name.
    """
    for subdir in ("linux-64", "noarch"):
        (folder / subdir).mkdir(parents=True, exist_ok=True)
    for package in packages:
        path = package.build_into(folder)
        repodata = folder / package.folder / "repodata.json"
        data = json.loads(repodata.read_text()) if repodata.exists() else _empty(package.folder)
        part = "packages.conda" if package.extension == ".conda" else "packages"
        content = path.read_bytes()
        data[part][package.fn] = {
            **package.index_json(),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "md5": hashlib.md5(content).hexdigest(),
            **records.get(package.name, {}),
        }
        repodata.write_text(json.dumps(data))
    for subdir in ("linux-64", "noarch"):
        repodata = folder / subdir / "repodata.json"
        if not repodata.exists():
            repodata.write_text(json.dumps(_empty(subdir)))
    return folder


def _empty(subdir: str) -> dict[str, Any]:
    return {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}


def python_package(version: str = "3.11.0") -> Package:
    """Return a tiny python that runs: the interpreter of the tests, seen through a `pyvenv.cfg`."""
    minor = ".".join(version.split(".")[:2])
    base = Path(sys.base_prefix) / "bin"
    home = f"home = {base}\ninclude-system-site-packages = false\nversion = {version}\n"
    return Package(
        "python",
        version,
        files={
            f"bin/python{minor}": _stub_python(base, minor),
            "bin/python": Link(f"python{minor}"),
            "pyvenv.cfg": home,
            f"lib/python{minor}/site-packages/README.txt": "packages go here\n",
            f"lib/python{minor}/os.py": "# the operating system\n",
        },
    )


def _stub_python(base: Path, minor: str) -> File:
    """Return a script in place of the binary: links that lead out of a package are not allowed."""
    real = base / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    where = f'"$(dirname "$0")/../lib/python{minor}/site-packages"'
    return File(f'#!/bin/sh\nPYTHONPATH={where} exec "{real}" "$@"\n'.encode(), executable=True)


def noarch_app(version: str = "1.0", name: str = "app") -> Package:
    """Return a noarch python package with two modules and an entry point."""
    return Package(
        name,
        version,
        "py_0",
        depends=["python"],
        noarch="python",
        files={
            f"site-packages/{name}/__init__.py": f"VERSION = {version!r}\n",
            f"site-packages/{name}/main.py": f"def run():\n    print('{name} {version}')\n",
            f"site-packages/{name}-{version}.dist-info/METADATA": f"Name: {name}\nVersion: {version}\n",
            f"site-packages/{name}-{version}.dist-info/RECORD": f"{name}/__init__.py,,\n",
        },
        entry_points=[f"{name} = {name}.main:run"],
    )


def library(version: str = "1.0", name: str = "libfoo", **changes: Any) -> Package:
    """Return a package with every kind of file: plain, links, prefixes in text and binary, copies, nested folders."""
    major = version.partition(".")[0]
    files: dict[str, Content] = {
        f"lib/{name}.so.{version}": binary_with_prefix(),
        f"lib/{name}.so": Link(f"{name}.so.{version}"),
        f"lib/pkgconfig/{name}.pc": text_with_prefix(f"prefix={{}}\nVersion: {version}\n"),
        f"include/{name}/{name}.h": f"#define VERSION {version}\n",
        f"share/{name}/data-{major}.bin": bytes(range(256)) * 40,
        f"share/{name}/empty": "",
        f"etc/{name}.conf": File(f"version = {version}\n".encode(), no_link=True),
        f"bin/{name}-tool": File(b"#!/bin/sh\necho tool " + version.encode() + b"\n", executable=True),
    }
    return Package(name, version, f"h0_{major}", files=files).but(**changes)
