"""The jars of a local Spark and of tests: pinned, and fetched once by pyspark's own Ivy."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

from ..errors import EngineFailed

PINS = Path(__file__).with_name("jars.json")
SIGNED = ("commons-compiler-*.jar", "janino-*.jar")
SIGNATURES = (".SF", ".RSA", ".DSA", ".EC")


def jars(group: str, python: Path, java_home: Path, cache: Path) -> tuple[Path, ...]:
    """The pinned jars of a group (`spark`, `broker`); pyspark's own Ivy fetches what is missing."""
    pins = json.loads(PINS.read_text(encoding="utf-8"))[group]
    folder = cache / "jars" / group
    wanted = {folder / f"{p['name']}-{p['revision']}{_suffix(p)}.jar": p for p in pins}
    missing = [path for path, pin in wanted.items() if not _is(path, pin["sha256"])]
    if missing:
        _fetch([wanted[path] for path in missing], folder, python, java_home, cache)
        broken = [p.name for p in missing if _digest(p) != wanted[p]["sha256"]]
        if broken:
            raise EngineFailed(
                "Jars are missing or are not the ones that were pinned.",
                code="JARS_NOT_FOUND",
                got=broken,
                expected="the sha256 sums in lakestream_mcp/deploy/jars.json",
                hint=f"Check the network, delete {folder} and try again.",
            )
    return tuple(wanted)


def unsigned_jars(python: Path, cache: Path) -> tuple[Path, ...]:
    """Copies of pyspark's signed jars without the signatures, made once.

    They have the compiler that every query needs. The JVM keeps no class of a signed jar in its
    archive, and checks each one that it loads.
    """
    folder = cache / "jars" / "unsigned"
    folder.mkdir(parents=True, exist_ok=True)
    places = [f"python*/site-packages/pyspark/jars/{name}" for name in SIGNED]
    found = [jar for place in places for jar in sorted((python.parents[1] / "lib").glob(place))]
    for jar in found:
        if not (folder / jar.name).exists():
            _copy_unsigned(jar, folder / jar.name)
    return tuple(folder / jar.name for jar in found)


def _copy_unsigned(jar: Path, copy: Path) -> None:
    number, name = tempfile.mkstemp(dir=copy.parent)
    os.close(number)
    with zipfile.ZipFile(jar) as signed, zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in signed.infolist():
            if not entry.filename.endswith(SIGNATURES):
                made.writestr(entry, signed.read(entry))
    Path(name).replace(copy)  # another process may be at it, too


def _is(path: Path, sha256: str) -> bool:
    """Whether a jar is there and was checked when it was fetched."""
    mark = path.with_suffix(".sha256")
    return path.exists() and mark.exists() and mark.read_text(encoding="utf-8") == sha256


def _digest(path: Path) -> str | None:
    if not path.exists():
        return None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".sha256").write_text(digest, encoding="utf-8")
    return digest


def _suffix(pin: dict[str, str]) -> str:
    """`-tests` for a jar that stands beside the main one of its project."""
    return f"-{pin['classifier']}" if "classifier" in pin else ""


def _artifact(pin: dict[str, str]) -> str:
    if "classifier" not in pin:
        return ""
    return (
        f'<artifact name="{pin["name"]}" type="jar" ext="jar" m:classifier="{pin["classifier"]}"/>'
    )


def _fetch(
    pins: list[dict[str, str]], folder: Path, python: Path, java_home: Path, cache: Path
) -> None:
    ivy = next((python.parents[1] / "lib").glob("python*/site-packages/pyspark/jars/ivy-*.jar"))
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f'<dependency org="{p["organisation"]}" name="{p["name"]}" rev="{p["revision"]}" '
        f'conf="default->{"*" if _suffix(p) else "master"}" transitive="false">{_artifact(p)}'
        "</dependency>"
        for p in pins
    ]
    module = folder / "ivy.xml"
    module.write_text(
        '<ivy-module version="2.0" xmlns:m="http://ant.apache.org/ivy/maven">'
        '<info organisation="lakestream" module="jars"/>'
        '<configurations><conf name="default"/></configurations><dependencies>'
        + "".join(lines)
        + "</dependencies></ivy-module>",
        encoding="utf-8",
    )
    command: list[str | Path] = [
        java_home / "bin" / "java",
        f"-Duser.home={cache / 'ivy'}",
        "-jar",
        ivy,
    ]
    command += ["-ivy", module, "-cache", cache / "ivy", "-types", "jar", "bundle"]
    command += ["-retrieve", f"{folder}/[artifact]-[revision](-[classifier]).[ext]"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    module.unlink()
    if done.returncode:
        raise EngineFailed(
            "Jars could not be fetched.",
            code="JARS_NOT_FOUND",
            got=(done.stdout + done.stderr)[-2000:],
            hint="Maven Central must be reachable once; the jars are kept afterwards.",
        )
