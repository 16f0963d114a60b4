"""What is installed, and what the wheel holds."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from .sources import PACKAGE, ROOT, files

LOCKS = tuple(sorted(p for p in (ROOT / "requirements").glob("*.txt")))
TEXTS = ("prompts", "docs")
"""Folders of texts beside the package that are part of it: linked, so that the wheel has them."""
SHIPPED = {
    ".py",
    ".sql",
    ".md",
    ".j2",
    ".json",
    ".html",
    ".js",
    ".css",
    ".svg",
    ".mako",
    ".txt",
    ".yaml",
}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_a_lock_pins_and_hashes_and_names_no_registry(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "an option such as --index-url"
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    for entry in entries:
        name = entry.splitlines()[0]
        assert "==" in name, name
        assert "--hash=sha256:" in entry, name


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_a_lock_has_what_its_source_asks_for(lock: Path) -> None:
    wanted = _names(lock.with_suffix(".in").read_text(encoding="utf-8"))
    assert wanted <= _pins(lock).keys(), "run `make lock`"


def test_the_test_environment_contains_the_servers() -> None:
    server, test = (_pins(ROOT / "requirements" / f"{n}.txt") for n in ("server", "test"))
    assert server.items() <= test.items(), "run `make lock`"


def test_the_package_and_the_lock_ask_for_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = itertools.chain(*project["optional-dependencies"].values())
    declared = _names("\n".join([*project["dependencies"], *extras]))
    # Set-up installs the project itself with it.
    locked = _names((ROOT / "requirements" / "server.in").read_text(encoding="utf-8"))
    assert declared == locked - {"setuptools"}


def test_npm_packages_are_locked_without_a_registry() -> None:
    text = (ROOT / "viewer" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert '"integrity"' in text


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The project's wheel, built from a copy, so that nothing is left in the work tree."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    for folder in ("lakestream_mcp", "prompts"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    result = subprocess.run(
        [sys.executable, "-c", build], cwd=copy, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in files()
        if path.is_relative_to(PACKAGE) and path.suffix in SHIPPED
    }
    texts = [p.relative_to(ROOT) for p in files() if p.relative_to(ROOT).parts[0] in TEXTS]
    ours |= {f"lakestream_mcp/{text.as_posix()}" for text in texts}
    assert not ours - inside, "add them to package-data in pyproject.toml"
    left_out = {p.suffix for p in files() if p.is_relative_to(PACKAGE)} - SHIPPED
    assert not left_out, "files of a kind that no wheel has held yet"


def test_the_wheel_holds_licence_and_command(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert any(n.endswith("licenses/LICENSE") for n in names)
    assert any(n.endswith("licenses/NOTICE") for n in names)
    entry = next(n for n in names if n.endswith("entry_points.txt"))
    assert "lakestream = lakestream_mcp.surfaces.cli:main" in wheel.read(entry).decode()


def _names(text: str) -> set[str]:
    """Names of the requirements in a text, one a line."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {
        re.split(r"[\[<>=!~; ]", line)[0].lower()
        for line in lines
        if line and not line.startswith("-")
    }


def _pins(lock: Path) -> dict[str, str]:
    """name → version and marker, as the lock says."""
    found = re.findall(r"^(\S+?)==(.*?)\s*\\?$", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def test_what_the_page_contains_is_named_with_its_licence() -> None:
    lock = json.loads((ROOT / "viewer" / "package-lock.json").read_text(encoding="utf-8"))
    bundled = [
        path.removeprefix("node_modules/")
        for path, package in lock["packages"].items()
        # Types leave nothing in the page.
        if path and not package.get("dev") and "@types/" not in path and path[-7:] != "csstype"
    ]
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert not [name for name in bundled if name not in notice]
