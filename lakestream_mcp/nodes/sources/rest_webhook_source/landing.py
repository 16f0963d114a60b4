"""Where posted events are put: a file appears whole, or not at all, and stays."""

from __future__ import annotations

import errno
import hashlib
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ....errors import Forbidden, InvalidEvents, StoreFailed
from ....settings import need_databricks_sdk

VOLUMES = "/Volumes/"
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class Landed(NamedTuple):
    """The file that holds a request's events, and whether it was there before."""

    file: str
    repeated: bool


class Landing(Protocol):
    """A place for files that appear whole."""

    def put(self, name: str, data: bytes) -> bool:
        """Write a file; False where there is one of this name. Raises OSError, StoreFailed."""
        ...

    def get(self, name: str) -> bytes:
        """What a file holds."""
        ...


def land(landing: Landing, data: bytes, key: str | None) -> Landed:
    """Write the events of a request; those of a repeated key are not written again.

    Raises InvalidEvents where the key came with other events before; StoreFailed.
    """
    name = f"{time.time_ns():020d}-{uuid.uuid4().hex}.jsonl"
    if key is not None:
        name = f"key-{hashlib.sha256(key.encode()).hexdigest()}.jsonl"
    try:
        if landing.put(name, data):
            return Landed(name, repeated=False)
        same = landing.get(name) == data
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreFailed(f"The events were not written: {reason}.", code="NOT_LANDED") from None
    if not same:
        raise InvalidEvents(
            "This key came before with other events.",
            code="IDEMPOTENCY_KEY_REUSED",
            got=key,
            expected="a new key for other events",
        )
    return Landed(name, repeated=True)


def landing_of(path: str, roots: Sequence[Path], environ: Mapping[str, str]) -> Landing:
    """The place of this path: a folder below a data root, or a Unity Catalog volume.

    A volume that is not mounted is written by way of the workspace's Files API.
    Raises Forbidden.
    """
    if path.startswith(VOLUMES) and not Path(path).is_dir() and "DATABRICKS_HOST" in environ:
        return Volume(path)
    found = Path(path).resolve()
    if not any(found.is_relative_to(root.resolve()) for root in roots):
        raise Forbidden(
            "The landing folder lies outside the data roots.",
            code="FILE_REFUSED",
            where={"field": "landing_path"},
            got=path[:300],
            expected=[str(root) for root in roots],
            hint="name its folder in LAKESTREAM_DATA_ROOTS, or set DATABRICKS_HOST for a volume",
        )
    return Folder(found)


class Folder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, name: str, data: bytes) -> bool:
        """Write under a hidden name, which readers of streams skip, and make it durable first."""
        self.path.mkdir(parents=True, exist_ok=True)
        hidden, final = self.path / f".{uuid.uuid4().hex}", self.path / name
        try:
            with hidden.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if not _named(hidden, final):
                return False
        finally:
            hidden.unlink(missing_ok=True)
        _sync_folder(self.path)
        return True

    def get(self, name: str) -> bytes:
        """What the file holds."""
        return (self.path / name).read_bytes()


def _named(hidden: Path, final: Path) -> bool:
    """Give a file its name, unless there is one of that name."""
    try:
        os.link(hidden, final)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # Mounted volumes have no links. There a name is checked first.
        if final.exists():
            return False
        hidden.rename(final)
    return True


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Volume:
    """A folder of a Unity Catalog volume, by the Files API: a file is there once it is whole."""

    def __init__(self, path: str) -> None:
        self.path = path.rstrip("/")

    def put(self, name: str, data: bytes) -> bool:
        """Upload a file; False where there is one of this name."""
        import io

        need_databricks_sdk()
        from databricks.sdk.errors.base import DatabricksError

        files = _files()
        try:
            files.create_directory(self.path)
            files.upload(f"{self.path}/{name}", io.BytesIO(data), overwrite=False)
        except DatabricksError as error:
            if error.error_code in ("ALREADY_EXISTS", "RESOURCE_ALREADY_EXISTS"):
                return False
            raise StoreFailed(
                f"The workspace did not take the events: {error}"[:300], code="NOT_LANDED"
            ) from None
        return True

    def get(self, name: str) -> bytes:
        """Download a file."""
        with _files().download(f"{self.path}/{name}").contents as stream:
            return bytes(stream.read())


def _files() -> Any:
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient().files
