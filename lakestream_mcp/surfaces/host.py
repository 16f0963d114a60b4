"""What all surfaces of one process share: the workspace, and who may call it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..identity import IdentitySource, LocalUser

if TYPE_CHECKING:
    from ..settings import Settings
    from ..workspace import Progress, Workspace

CHECKOUT = Path(__file__).parents[2]
PACKAGE = Path(__file__).parents[1]


class Host(NamedTuple):
    """One process: its workspace and the source of its callers' identities."""

    workspace: Workspace
    identities: IdentitySource

    @classmethod
    def local(cls, settings: Settings) -> Host:
        """A process that serves the person who started it."""
        from ..workspace import Workspace

        user = LocalUser(settings.role)
        return cls(Workspace.open(settings, user.identity), user)

    def caller(self, headers: Mapping[str, str], progress: Progress | None = None) -> Workspace:
        """The workspace as this caller sees it. Raises Forbidden."""
        return self.workspace.with_caller(self.identities.identify(headers), progress)


def texts(folder: str) -> Path:
    """A folder of texts that come with the product: in the package, else in the checkout."""
    packaged = PACKAGE / folder
    return packaged if packaged.is_dir() else CHECKOUT / folder
