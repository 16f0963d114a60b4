"""A folder as a target: the bundle's files, and nothing else in it is touched.

A file is written beside its place and then put there, so nobody ever sees half of one. Which texts
of ours it may have is on record before: after a crash it is known for ours, whichever it has.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..codegen.bundle import bundle_files
from ..errors import Forbidden, InvalidArgument
from .changes import Change, Known, Observation, Runs
from .desired import Desired


class BundleTarget:
    """One pipeline's bundle in one folder. `known.sent` holds the digest of each file written, or
    those of the texts before and after where it is not known which one the file has."""

    def __init__(self, folder: Path, known: Known) -> None:
        self.root = folder
        self.known = known
        self.known.root = str(folder)
        self.run_mark = ""
        self.wanted: dict[str, str] = {}

    @property
    def folder(self) -> str:
        """Where the files are to be."""
        return str(self.root)

    def observe(self, desired: Desired | None, keep: list[str], runs: Runs) -> Observation:
        """Files to write, and files of ours that are no longer part of it."""
        self.wanted = bundle_files(desired.declared(), desired.files) if desired else {}
        there = {name: self._read(name) for name in sorted({*self.wanted, *self.known.sent})}
        changes = [self._wanted(name, text, there[name]) for name, text in self.wanted.items()]
        warnings = []
        for name in sorted(set(self.known.sent) - set(self.wanted)):
            old = there[name]
            if old is not None and not self._is_ours(name, old):
                warnings.append(f"{name} was changed since it was written: it is left")
            elif old is not None or self._leaves(name):
                changes.append(Change(do="delete", kind="file", key=name, name=name, before=old))
        digests = {name: text and _digest(text) for name, text in there.items()}
        world = {"files": digests, "known": self.known.model_dump(mode="json")}
        return Observation(changes=changes, world=world, warnings=warnings)

    def _wanted(self, name: str, text: str, old: str | None) -> Change:
        do = "create" if old is None else "leave" if old == text else "update"
        diff = {}
        if do == "update" and not self._is_ours(name, old or ""):
            diff = {"written by": ["somebody else", "LakeStream"]}
        return Change(do=do, kind="file", key=name, name=name, diff=diff, before=old)

    def _is_ours(self, name: str, text: str) -> bool:
        sent = self.known.sent.get(name)
        return _digest(text) in (sent if isinstance(sent, list) else [sent])

    def expect(self, change: Change) -> None:
        """Note what the file may hold, before it is written."""
        change.sent = self.known.sent.get(change.key)
        if change.do != "delete":
            before = [_digest(change.before)] if change.before is not None and change.sent else []
            self.known.sent[change.key] = [*before, _digest(self.wanted[change.key])]

    def do(self, change: Change) -> None:
        """Write a file whole, or remove it."""
        if change.do == "delete":
            self._remove(change.key)
            self.known.sent.pop(change.key, None)
        else:
            self._write(change.key, self.wanted[change.key])
            self.known.sent[change.key] = _digest(self.wanted[change.key])

    def undo(self, change: Change) -> None:
        """Put back what was there."""
        if change.before is None:
            self._remove(change.key)
        else:
            self._write(change.key, change.before)
        if change.sent is None:
            self.known.sent.pop(change.key, None)
        else:
            self.known.sent[change.key] = change.sent

    def _path(self, name: str) -> Path:
        """A file's place; a link must not lead out of the folder."""
        path = self.root / name
        if not path.parent.resolve().is_relative_to(self.root):
            raise Forbidden(
                "A link leads out of the bundle's folder.",
                code="FILE_REFUSED",
                where={"file": str(path)},
                hint="Remove the link, or name another folder.",
            )
        return path

    def _read(self, name: str) -> str | None:
        path = self._path(name)
        try:
            return path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(path, error) from None

    def _write(self, name: str, text: str) -> None:
        path = self._path(name)
        part = _part(path)
        with _usable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)

    def _remove(self, name: str) -> None:
        """Remove a file, what was begun of it, and the folders that are empty then."""
        path = self._path(name)
        with _usable(path):
            path.unlink(missing_ok=True)
            _part(path).unlink(missing_ok=True)
            for folder in self._folders(path):
                if any(folder.iterdir()):
                    break
                folder.rmdir()

    def _leaves(self, name: str) -> bool:
        """Whether something is left of a file that is gone: what was begun, or an empty folder."""
        path = self._path(name)
        return _part(path).exists() or any(
            not any(folder.iterdir()) for folder in self._folders(path)
        )

    def _folders(self, path: Path) -> Iterator[Path]:
        """The folders below the bundle's that a file is in and that are there, inmost first."""
        for folder in path.parents:
            if folder == self.root:
                break
            if folder.is_dir():
                yield folder


def _part(path: Path) -> Path:
    """Where a file is written before it has its name."""
    return path.with_name(f".{path.name}.part")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    """What the system refuses is said of the file."""
    try:
        yield
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: Exception) -> InvalidArgument:
    reason = getattr(error, "strerror", None) or "it is not text"
    return InvalidArgument(
        f"The file cannot be used: {reason}.",
        code="BUNDLE_FOLDER_UNUSABLE",
        where={"file": str(path)},
        hint='Name another folder below a data root in options={"folder": …}.',
    )
