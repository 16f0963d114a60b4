"""Folders and files of history on this machine: only what lies below a data root is read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from ...errors import Forbidden, LimitExceeded, NotFound
from ...relational.files import expanded, is_there

FILES_MAX = 100_000


def place_below(path: str, roots: Sequence[Path], source: str) -> Path:
    """The folder or file meant. Raises NotFound, Forbidden, LimitExceeded.

    Links that lead out of the root are refused, wherever they are: Spark would follow them.
    """
    where = {"argument": "history", "source": source}
    given = expanded(path)
    outside = given.is_absolute()
    for root in (root.resolve() for root in roots):
        found = (root / given).resolve()
        if found.is_relative_to(root) and is_there(found):
            _check_inside(found, root, where)
            return found
        outside |= not found.is_relative_to(root)
    if outside:
        raise _outside(path, roots, where)
    raise NotFound(
        f"The history of `{source}` is not there.",
        code="FILE_NOT_FOUND",
        where=where,
        got=path[:300],
        expected=[str(root) for root in roots],
        hint="give the path from a data root",
    )


def _check_inside(found: Path, root: Path, where: dict[str, str]) -> None:
    files = [found] if found.is_file() else list(islice(found.rglob("*"), FILES_MAX + 1))
    if len(files) > FILES_MAX:
        raise LimitExceeded(
            f"The history has more than {FILES_MAX:,} files.",
            where=where,
            got=str(found),
            hint="compact them, or give a part of the folders",
        )
    for file in files:
        if file.is_symlink() and not file.resolve().is_relative_to(root):
            raise _outside(str(file), [root], where)


def _outside(path: str, roots: Sequence[Path], where: dict[str, str]) -> Forbidden:
    return Forbidden(
        "The history lies outside the data roots.",
        code="FILE_REFUSED",
        where=where,
        got=path[:300],
        expected=[str(root) for root in roots],
        hint="put it below a data root, or name its folder in LAKESTREAM_DATA_ROOTS",
    )
