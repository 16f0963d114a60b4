"""Back-ends as the product uses them: opened for each sentence, and repaired by the validator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.language.proposal import Draft
from lakestream_mcp.language.propose import propose
from lakestream_mcp.tools.language_backends import Offer, offers
from lakestream_mcp.tools.language_record import UserLedger

if TYPE_CHECKING:
    from lakestream_mcp.language.proposal import Backend, Request
    from lakestream_mcp.workspace import Workspace

NAMES = ("rules", "anthropic", "databricks")


class Proposing:
    """A back-end whose first draft is the one that the product would propose."""

    def __init__(self, ws: Workspace, offer: Offer[Backend]) -> None:
        self.name = offer.name
        self._ws = ws
        self._offer = offer

    def draft(self, request: Request) -> Draft:
        """The draft after repairs; an error of the back-end is told as a refusal."""
        try:
            backend = self._offer.open()
            return propose(request, backend, self._ws.validate, lambda d: ([], d)).draft
        except LakestreamError as error:
            return Draft(refusal=f"{error.code}: {error.message}")

    def repair(
        self, request: Request, draft: Draft, findings: Sequence[Mapping[str, Any]]
    ) -> Draft:
        """Nothing more: the draft was repaired."""
        del request, findings
        return draft


def proposing(ws: Workspace, name: str) -> Proposing | str:
    """The back-end of a name; why it cannot answer here, where it cannot."""
    offer = next(o for o in offers(ws, UserLedger(ws, "")) if o.name == name)
    return offer.why_not or Proposing(ws, offer)
