"""Folders, files and notebooks of the workspace, and who may read and write them."""

from __future__ import annotations

import base64
import binascii
import posixpath
from dataclasses import dataclass
from typing import Any

from databricks.sdk.service.workspace import WorkspaceAPI

from .principals import User
from .refusals import Refused, exists, invalid, missing
from .service import Asked, Service, serves

MARKS = {"PYTHON": "# Databricks notebook source", "SQL": "-- Databricks notebook source"}
SUFFIXES = {".py": "PYTHON", ".sql": "SQL"}
LARGEST = 10 * 1024 * 1024


@dataclass
class Item:
    """A folder (`content` is None), a file or a notebook (with a language)."""

    path: str
    id: int
    content: bytes | None = None
    language: str | None = None
    modified_ms: int = 0

    @property
    def kind(self) -> str:
        """DIRECTORY, NOTEBOOK or FILE."""
        return "DIRECTORY" if self.content is None else "NOTEBOOK" if self.language else "FILE"

    def to_json(self) -> dict[str, Any]:
        """As ObjectInfo."""
        info = {
            "path": self.path,
            "object_id": self.id,
            "object_type": self.kind,
            "language": self.language,
            "modified_at": self.modified_ms,
            "size": None if self.content is None else len(self.content),
        }
        return {name: value for name, value in info.items() if value is not None}


class Workspace(Service):
    """The tree below `/`. `items` is by path, without the `/Workspace` in front."""

    name = "workspace"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.items: dict[str, Item] = {}
        for path in ("/", "/Users", "/Shared"):
            self._put(path)
        world.permit("users", "directories", "/Shared", "CAN_MANAGE")

    def add_home(self, user: User) -> None:
        """The folder of a user."""
        self._put(f"/Users/{user.name}")

    def text(self, path: str) -> str:
        """The text of a file or notebook."""
        content = self.items[plain(path)].content
        assert content is not None, f"{path} is a folder"
        return content.decode()

    @serves(WorkspaceAPI.mkdirs)
    def mkdirs(self, asked: Asked) -> None:
        """Make a folder and those above it."""
        path = plain(asked["path"])
        self._need(asked.user, path, "CAN_EDIT")
        grown = ""
        for part in path.strip("/").split("/"):
            grown += f"/{part}"
            known = self.items.get(grown)
            if known and known.content is not None:
                raise exists(f"Path ({grown}) already exists and is not a folder.")
            if not known:
                self._put(grown)

    @serves(WorkspaceAPI.import_)
    def import_(self, asked: Asked) -> None:
        """Write a file or a notebook."""
        path, content = plain(asked["path"]), _decoded(asked["content"])
        content = content[: len(content) // 2] if asked.half else content
        name, language = _as_imported(path, content, asked)
        self._need(asked.user, name, "CAN_EDIT")
        parent = self.items.get(posixpath.dirname(name))
        if parent is None or parent.content is not None:
            raise missing(f"The parent folder ({posixpath.dirname(name)}) does not exist.")
        if name in self.items:
            if self.items[name].content is None:
                raise invalid(f"Path ({name}) is a folder.")
            if not asked.get("overwrite"):
                raise exists(f"Path ({name}) already exists.")
        self._put(name, content, language)

    @serves(WorkspaceAPI.export)
    def export(self, asked: Asked) -> dict[str, Any]:
        """The content of a file or notebook."""
        item = self._item(asked)
        if item.content is None:
            raise invalid(f"Path ({item.path}) is a folder; only its content can be exported.")
        kind = {"PYTHON": "py", "SQL": "sql"}.get(item.language or "", "")
        return {"content": base64.b64encode(item.content).decode(), "file_type": kind}

    @serves(WorkspaceAPI.get_status)
    def get_status(self, asked: Asked) -> dict[str, Any]:
        """What is at a path."""
        return self._item(asked).to_json()

    @serves(WorkspaceAPI.list)
    def list(self, asked: Asked) -> dict[str, Any]:
        """What is in a folder."""
        item = self._item(asked)
        below = [
            other.to_json()
            for path, other in sorted(self.items.items())
            if posixpath.dirname(path) == item.path and path != "/"
        ]
        return {"objects": below if item.content is None else [item.to_json()]}

    @serves(WorkspaceAPI.delete)
    def delete(self, asked: Asked) -> None:
        """Remove something; a folder that holds something only when told so."""
        item = self._item(asked, "CAN_MANAGE")
        below = [path for path in self.items if path.startswith(f"{item.path.rstrip('/')}/")]
        if below and not asked.get("recursive"):
            raise Refused(400, "DIRECTORY_NOT_EMPTY", f"Folder ({item.path}) is not empty")
        gone = sorted([*below, item.path], reverse=True)
        for path in gone[: len(gone) // 2] if asked.half else gone:
            del self.items[path]

    def readable(self, user: User, path: str) -> Item | None:
        """What is at a path, or, of a notebook, at a path with a suffix; None if not to be read."""
        found = self.items.get(plain(path))
        return found if found and self._may(user, found.path, "CAN_READ") else None

    def _item(self, asked: Asked, level: str = "CAN_READ") -> Item:
        path = plain(asked["path"])
        item = self.items.get(path)
        if item is None or not self._may(asked.user, path, "CAN_READ"):
            raise missing(f"Path ({path}) doesn't exist.")
        self._need(asked.user, path, level)
        return item

    def _need(self, user: User, path: str, level: str) -> None:
        if not self._may(user, path, level):
            raise Refused(403, "PERMISSION_DENIED", f"{user.name} does not have {level} on {path}.")

    def _may(self, user: User, path: str, level: str) -> bool:
        home = f"/Users/{user.name}"
        if user.admin or path == home or path.startswith(f"{home}/"):
            return True
        if level == "CAN_READ" and path in ("/", "/Users"):
            return True
        above = [path]
        while above[-1] != "/":
            above.append(posixpath.dirname(above[-1]))
        has = self.world.principals.has
        return any(has(user, "directories", place, level) for place in above)

    def _put(self, path: str, content: bytes | None = None, language: str | None = None) -> None:
        known = self.items.get(path)
        number = known.id if known else self.world.number()
        self.items[path] = Item(path, number, content, language, self.world.now_ms())


def plain(path: str) -> str:
    """A path from the workspace's root, however it was written."""
    if not path.startswith("/"):
        raise invalid(f"Path ({path}) must start with '/'")
    return posixpath.normpath("/" + path.removeprefix("/Workspace").lstrip("/"))


def _decoded(content: str) -> bytes:
    try:
        raw = base64.b64decode(content, validate=True)
    except binascii.Error:
        raise invalid("The content is not base64.") from None
    if len(raw) > LARGEST:
        raise Refused(400, "MAX_NOTEBOOK_SIZE_EXCEEDED", "The content is over 10 MB.")
    return raw


def _as_imported(path: str, content: bytes, asked: Asked) -> tuple[str, str | None]:
    """The path, and the language where it becomes a notebook, whose suffix then goes."""
    kind = asked.get("format", "SOURCE")
    stem, suffix = posixpath.splitext(path)
    if kind == "SOURCE":
        language = asked.get("language") or SUFFIXES.get(suffix)
        if language is None:
            raise invalid("The language is needed to import source.")
        return path, language
    if kind not in ("AUTO", "RAW"):
        raise invalid(f"The format {kind} is not supported here.")
    language = SUFFIXES.get(suffix) if kind == "AUTO" else None
    if language and content.startswith(MARKS[language].encode()):
        return stem, language
    return path, None
