"""Pipelines made ready to run in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..graph.model import PipelineDocument
    from ..graph.validate import Validation
    from ..workspace import Progress, Workspace


class Checked(NamedTuple):
    """A host, and the validation that its pipeline passed."""

    host: Host
    validation: Validation


def checked(ws: Workspace, document: PipelineDocument) -> Checked:
    """A host that tells nothing of its progress. Raises InvalidPipeline with the first error."""
    from ..graph.validate import refuse_errors

    validation = ws.validate(document)
    refuse_errors(validation)
    return Checked(host_of(ws, document, validation, lambda *_: None), validation)


def host_of(
    ws: Workspace,
    document: PipelineDocument,
    validation: Validation,
    progress: Progress | None = None,
) -> Host:
    """A host of a pipeline without errors; `progress` is told how far it is, else the caller is."""
    from ..cep.host import Host

    return Host(document, validation, ws.catalog, ws.engine, ws.resolver, progress or ws.progress)
