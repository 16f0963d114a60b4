"""Files of a deployment in the workspace, in a folder whose name follows from what is in them.

A folder is never changed: new code goes into a new one, and the job is pointed at it in one call.
So no run ever sees half of a deployment, and going back is pointing back.
"""

from __future__ import annotations

import base64
import posixpath
from typing import TYPE_CHECKING

from ..databricks_client import calling
from ..databricks_failures import whole
from .resources import remove

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

NOT_EMPTY = "DIRECTORY_NOT_EMPTY"
NOTEBOOK = "# Databricks notebook source"


class Files:
    """Folders, notebooks and plain files."""

    def __init__(self, client: WorkspaceClient) -> None:
        self.client = client

    def listed(self, folder: str) -> dict[str, int] | None:
        """When each thing in a folder was changed, by name; None where there is no folder."""
        from databricks.sdk.errors import NotFound

        with calling("reading the folder", folder=folder):
            try:
                return {
                    posixpath.basename(str(found.path)): found.modified_at or 0
                    for found in self.client.workspace.list(folder)
                }
            except NotFound:
                return None

    def make(self, folder: str) -> None:
        """Make a folder with those above it; one that is there is fine."""
        with calling("making the folder", folder=folder):
            self.client.workspace.mkdirs(folder)

    def write(self, path: str, text: str) -> int:
        """Write a file and tell when the workspace says it was written."""
        from databricks.sdk.service.workspace import ImportFormat, Language

        content = base64.b64encode(text.encode()).decode()
        notebook = text.startswith(NOTEBOOK)
        with calling("writing the file", file=path):
            self.client.workspace.import_(
                path,
                content=content,
                format=ImportFormat.SOURCE if notebook else ImportFormat.AUTO,
                language=Language.PYTHON if notebook else None,
                overwrite=True,
            )
            written = self.client.workspace.get_status(path)
            whole(written.path)
            return written.modified_at or 0

    def remove(self, folder: str, *, with_all: bool) -> None:
        """Delete a folder; one that is gone is fine, and so is one that others put files into."""
        from databricks.sdk.errors import BadRequest

        workspace = self.client.workspace
        with calling("deleting the folder", folder=folder):
            try:
                remove(
                    lambda: workspace.delete(folder, recursive=with_all),
                    lambda: workspace.get_status(folder),
                )
            except BadRequest as error:
                if with_all or error.error_code != NOT_EMPTY:
                    raise


def path_of(folder: str, file: str, text: str) -> str:
    """Where a file is: a notebook is called without the end of its name."""
    name = file.removesuffix(".py") if text.startswith(NOTEBOOK) else file
    return f"{folder}/{name}"
