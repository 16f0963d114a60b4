"""A client's JSON file with one server put in or taken out; all else in it stays as it is.

A file that cannot be written again without loss (comments, a key that is there twice, broken JSON)
is refused, with what to paste.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import InvalidArgument

INDENT = re.compile(r"^\{\s*?\n([ \t]+)\"", re.MULTILINE)
BOM = "\ufeff"


class Change(NamedTuple):
    """A file as it is (None if there is none) and as it will be; what they say, in one style."""

    file: Path
    before: str | None
    after: str
    said: tuple[str, str] = ("", "")

    @property
    def is_needed(self) -> bool:
        """Whether anything would change."""
        return self.before != self.after

    def diff(self) -> str:
        """What would change, and no line of what would not: neighbours may hold secrets."""
        lines = difflib.unified_diff(
            self.said[0].splitlines(),
            self.said[1].splitlines(),
            "/dev/null" if self.before is None else str(self.file),
            str(self.file),
            n=0,
            lineterm="",
        )
        return "\n".join(lines)

    def write(self) -> None:
        """Replace the file in one step, with the rights it had."""
        target = self.file.resolve()  # a link to a file kept elsewhere stays a link
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(self.after)
                file.flush()
                os.fsync(file.fileno())
            if self.before is not None:
                Path(part).chmod(target.stat().st_mode & 0o777)
            Path(part).replace(target)
        finally:
            Path(part).unlink(missing_ok=True)


def with_server(file: Path, key: str, name: str, entry: dict[str, Any] | None) -> Change:
    """The change that puts a server in, or with None takes it out. Raises InvalidArgument."""
    before = _read(file)
    paste = None if entry is None else {key: {name: entry}}
    content = {} if before is None or not before.strip(f"{BOM} \t\r\n") else _parsed(before, paste)
    old = _dumped(content, "  ", paste) if before is not None else ""
    servers = content.get(key, {})
    if not isinstance(servers, dict):
        raise _refused(f"`{key}` is not an object", paste)
    if entry is None:
        if name not in servers:
            return Change(file, before, before or "")
        content[key] = {other: value for other, value in servers.items() if other != name}
    elif servers.get(name) == entry:
        return Change(file, before, before or "")
    else:
        content[key] = {**servers, name: entry}
    said = (old, _dumped(content, "  ", paste))
    return Change(file, before, _written(content, before or "", paste), said)


def _read(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(f"it cannot be read ({type(error).__name__})", None) from None


def _parsed(text: str, paste: dict[str, Any] | None) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise _refused("a key is there twice", paste)
        return found

    try:
        content = json.loads(text.removeprefix(BOM), object_pairs_hook=once)
    except (json.JSONDecodeError, RecursionError) as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its depth"
        raise _refused(f"it is not plain JSON, or has comments ({place})", paste) from None
    if not isinstance(content, dict):
        raise _refused("it holds no object", paste)
    return content


def _written(content: dict[str, Any], like: str, paste: dict[str, Any] | None) -> str:
    """The content in the style of the text it comes from."""
    body, found = like.removeprefix(BOM).rstrip(), INDENT.search(like)
    one_line = body and "\n" not in body and body != "{}"
    text = _dumped(content, None if one_line else found.group(1) if found else "  ", paste)
    ends = "\n" if not like or like.endswith("\n") else ""
    mark = BOM if like.startswith(BOM) else ""
    text = f"{mark}{text}{ends}"
    return text.replace("\n", "\r\n") if "\r\n" in like else text


def _dumped(content: dict[str, Any], indent: str | None, paste: dict[str, Any] | None) -> str:
    try:
        return json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise _refused("it holds a number that would be lost", paste) from None


def _refused(why: str, paste: dict[str, Any] | None) -> InvalidArgument:
    return InvalidArgument(
        f"The client's file was left alone: {why}.",
        code="CLIENT_CONFIG_REFUSED",
        hint=f"Add this by hand: {json.dumps(paste, ensure_ascii=False)}" if paste else None,
    )
