"""A folder as a target: the bundle's files, and nothing else in it is touched."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..codegen.bundle import bundle_files
from ..errors import Forbidden, InvalidArgument
from .changes import Change, Known, Observation, Runs
from .desired import Desired


class BundleTarget:
    """One pipeline's bundle in one folder. `known.sent` holds the digest of each file written."""

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
            if old is not None and _digest(old) != self.known.sent[name]:
                warnings.append(f"{name} was changed since it was written: it is left")
            elif old is not None:
                changes.append(Change(do="delete", kind="file", key=name, name=name, before=old))
        digests = {name: text and _digest(text) for name, text in there.items()}
        world = {"files": digests, "known": self.known.model_dump(mode="json")}
        return Observation(changes=changes, world=world, warnings=warnings)

    def _wanted(self, name: str, text: str, old: str | None) -> Change:
        do = "create" if old is None else "leave" if old == text else "update"
        diff = {}
        if do == "update" and _digest(old or "") != self.known.sent.get(name):
            diff = {"written by": ["somebody else", "LakeStream"]}
        return Change(do=do, kind="file", key=name, name=name, diff=diff, before=old)

    def expect(self, change: Change) -> None:
        """Note the file before it is written."""
        if change.do != "delete":
            self.known.sent[change.key] = _digest(self.wanted[change.key])

    def do(self, change: Change) -> None:
        """Write a file whole, or remove it."""
        if change.do == "delete":
            self._path(change.key).unlink(missing_ok=True)
            self.known.sent.pop(change.key, None)
        else:
            self._write(change.key, self.wanted[change.key])

    def undo(self, change: Change) -> None:
        """Put back what was there."""
        if change.before is None:
            self._path(change.key).unlink(missing_ok=True)
            self.known.sent.pop(change.key, None)
        else:
            self._write(change.key, change.before)
            self.known.sent[change.key] = _digest(change.before)

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
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text, "utf-8")
            part.replace(path)
        except OSError as error:
            raise _unusable(path, error) from None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _unusable(path: Path, error: Exception) -> InvalidArgument:
    reason = getattr(error, "strerror", None) or "it is not text"
    return InvalidArgument(
        f"The file cannot be used: {reason}.",
        code="BUNDLE_FOLDER_UNUSABLE",
        where={"file": str(path)},
        hint='Name another folder below a data root in options={"folder": …}.',
    )
