"""Jars of a local Spark."""

import zipfile
from pathlib import Path

from lakestream_mcp.deploy.jar_files import unsigned_jars


def test_signed_jars_are_copied_once_without_their_signatures(tmp_path: Path) -> None:
    found = tmp_path / "venv" / "lib" / "python3.11" / "site-packages" / "pyspark" / "jars"
    found.mkdir(parents=True)
    for name in ("janino-3.1.9.jar", "spark-sql_2.13-4.2.0.jar"):
        with zipfile.ZipFile(found / name, "w") as jar:
            for entry in ("META-INF/MANIFEST.MF", "META-INF/KEY.SF", "META-INF/KEY.RSA", "A.class"):
                jar.writestr(entry, entry)
    python, cache = tmp_path / "venv" / "bin" / "python", tmp_path / "cache"
    (copy,) = unsigned_jars(python, cache)
    with zipfile.ZipFile(copy) as jar:
        assert {name: jar.read(name).decode() for name in jar.namelist()} == {
            "META-INF/MANIFEST.MF": "META-INF/MANIFEST.MF",
            "A.class": "A.class",
        }
    made = copy.stat()
    assert unsigned_jars(python, cache) == (copy,)
    assert (copy.stat().st_ino, list(copy.parent.iterdir())) == (made.st_ino, [copy])
