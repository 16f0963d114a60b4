"""A pipeline made ready to run in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..graph.model import PipelineDocument
    from ..graph.validate import Validation
    from ..workspace import Workspace


class Checked(NamedTuple):
    """A host, and the validation that its pipeline passed."""

    host: Host
    validation: Validation


def checked(ws: Workspace, document: PipelineDocument) -> Checked:
    """A host that tells nothing of its progress. Raises InvalidPipeline with the first error."""
    from ..cep.host import Host
    from ..cep.testing import refuse_errors

    validation = ws.validate(document)
    refuse_errors(validation)
    host = Host(document, validation, ws.catalog, ws.engine, ws.resolver, lambda *_: None)
    return Checked(host, validation)
