"""Files in volumes."""

from __future__ import annotations

import posixpath
from typing import Any

from databricks.sdk.service.files import FilesAPI

from .refusals import Refused, exists, invalid, missing
from .service import Asked, Service, page, serves


class Files(Service):
    """Files by path below `/Volumes/catalog/schema/volume`; folders come with their files."""

    name = "files"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.known: dict[str, bytes] = {}
        self.folders: set[str] = set()

    @serves(FilesAPI.upload)
    def upload(self, asked: Asked) -> None:
        """Write a file whole."""
        path = self._path(asked, "file_path", "WRITE_VOLUME")
        if path in self.known and not asked.get("overwrite"):
            raise exists(f"The file {path} exists.", "RESOURCE_CONFLICT")
        self.known[path] = asked.body
        self._grow(posixpath.dirname(path))

    @serves(FilesAPI.download)
    def download(self, asked: Asked) -> bytes:
        """Read a file."""
        return self._content(asked)

    @serves(FilesAPI.get_metadata)
    def get_metadata(self, asked: Asked) -> None:
        """Whether there is a file."""
        self._content(asked)

    @serves(FilesAPI.delete)
    def delete(self, asked: Asked) -> None:
        """Remove a file."""
        path = self._path(asked, "file_path", "WRITE_VOLUME")
        if self.known.pop(path, None) is None:
            raise missing(f"The file {path} does not exist.", "NOT_FOUND")

    @serves(FilesAPI.create_directory)
    def create_directory(self, asked: Asked) -> None:
        """Make a folder and those above it."""
        self._grow(self._path(asked, "directory_path", "WRITE_VOLUME"))

    @serves(FilesAPI.list_directory_contents)
    def list(self, asked: Asked) -> dict[str, Any]:
        """What is in a folder."""
        path = self._path(asked, "directory_path", "READ_VOLUME")
        if path not in self.folders and len(path.split("/")) > 5:
            raise missing(f"The directory {path} does not exist.", "NOT_FOUND")
        inside = [p for p in sorted({*self.known, *self.folders}) if posixpath.dirname(p) == path]
        rows = [
            {
                "path": p,
                "name": posixpath.basename(p),
                "is_directory": p not in self.known,
                **({"file_size": len(self.known[p])} if p in self.known else {}),
            }
            for p in inside
        ]
        part, more = page(rows, asked, 1000, 1000, limit="page_size")
        return {"contents": part, **more}

    def _content(self, asked: Asked) -> bytes:
        path = self._path(asked, "file_path", "READ_VOLUME")
        if path not in self.known:
            raise missing(f"The file {path} does not exist.", "NOT_FOUND")
        return self.known[path]

    def _path(self, asked: Asked, name: str, privilege: str) -> str:
        path = posixpath.normpath(asked[name])
        parts = path.split("/")
        if len(parts) < 5 or parts[1] != "Volumes":
            raise invalid("Paths start with /Volumes/<catalog>/<schema>/<volume>.")
        volume = ".".join(parts[2:5])
        try:
            self.world.unity.use(asked.user, "VOLUME", volume, privilege)
        except Refused as refused:
            raise Refused(refused.status, refused.error_code, refused.message) from None
        return path

    def _grow(self, path: str) -> None:
        while len(path.split("/")) > 5:
            self.folders.add(path)
            path = posixpath.dirname(path)
