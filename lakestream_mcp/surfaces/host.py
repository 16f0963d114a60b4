"""What all surfaces of one process share: the workspace, and who may call it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import Unauthenticated
from ..identity import IN_PROCESS, IdentitySource, LocalUser, Origin, Surface

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..settings import Settings
    from ..workspace import Progress, Workspace

CHECKOUT = Path(__file__).parents[2]
PACKAGE = Path(__file__).parents[1]
CLIENT_MAX = 120


class Host(NamedTuple):
    """One process: its workspace, and the source of the identities of those who call over HTTP.

    With `http`, a call without a request is refused: nobody is the local user by accident.
    """

    workspace: Workspace
    identities: IdentitySource
    http: bool = False

    @classmethod
    def local(cls, settings: Settings) -> Host:
        """A process that serves the person who started it."""
        from ..workspace import Workspace

        user = LocalUser(settings.role)
        return cls(Workspace.open(settings, user.identity), user)

    @classmethod
    def serving(cls, settings: Settings) -> Host:
        """A process that serves whom its settings let in. Raises InvalidArgument."""
        from .identity.sources import source_of

        return cls.local(settings)._replace(identities=source_of(settings))

    def caller(
        self,
        headers: Mapping[str, str],
        progress: Progress | None = None,
        origin: Origin = IN_PROCESS,
    ) -> Workspace:
        """The workspace as this caller sees it. Raises Unauthenticated."""
        return self.workspace.with_caller(self.identities.identify(headers), progress, origin)

    def guest(
        self,
        request: Request,
        surface: Surface,
        progress: Progress | None = None,
        client: str = "",
    ) -> Workspace:
        """The workspace as the sender of a request sees it, whom the gate has let in."""
        state = request.scope.get("state", {})
        if "identity" not in state:
            raise Unauthenticated("The request did not pass the gate.")
        client = client or request.headers.get("user-agent", "")
        origin = Origin(surface, client[:CLIENT_MAX], state["request_id"])
        return self.workspace.with_caller(state["identity"], progress, origin)


def texts(folder: str) -> Path:
    """A folder of texts that come with the product: in the package, else in the checkout."""
    packaged = PACKAGE / folder
    return packaged if packaged.is_dir() else CHECKOUT / folder
