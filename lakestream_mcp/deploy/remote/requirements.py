"""What a deployment needs that it does not make: schemas and volumes, and the right to use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import DatabricksFailed
from ..databricks_client import calling
from ..databricks_failures import whole
from ..desired import Desired

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

VOLUMES = "/Volumes/"


class Requirements(NamedTuple):
    """needs: rights, in words. lacking: what is not there. warnings: what is not known."""

    needs: list[str]
    lacking: list[str]
    warnings: list[str]


def requirements(client: WorkspaceClient, desired: Desired) -> Requirements:
    """What is needed, and what of it is missing as far as the caller may see."""
    schema = f"{desired.catalog}.{desired.db_schema}"
    found = Requirements(["CAN MANAGE on the folder", "to create jobs and pipelines"], [], [])
    kinds = {task.kind for task in desired.tasks}
    if "pipeline" in kinds:
        rights = ("USE_CATALOG", "USE_SCHEMA", "CREATE_TABLE")
        _look(client, found, "schema", schema, rights, lambda: client.schemas.get(schema))
    if "notebook" in kinds:
        _checkpoints(client, desired, found)
    return found


def _checkpoints(client: WorkspaceClient, desired: Desired, found: Requirements) -> None:
    """Notebooks keep their state in a volume: nothing else outlives a cluster."""
    place = desired.checkpoint_folder
    parts = place.removeprefix(VOLUMES).split("/")
    if not place.startswith(VOLUMES) or len(parts) < 4 or not all(parts[:4]):
        found.lacking.append(
            f"checkpoints below a volume: `{place}` is none; set `checkpoints` to "
            "/Volumes/<catalog>/<schema>/<volume>/<folder>, or leave it out"
        )
        return
    volume = ".".join(parts[:3])
    rights = ("READ_VOLUME", "WRITE_VOLUME")
    _look(client, found, "volume", volume, rights, lambda: client.volumes.read(volume))


def _look(
    client: WorkspaceClient,
    found: Requirements,
    kind: str,
    name: str,
    rights: tuple[str, ...],
    read: Callable[[], Any],
) -> None:
    """Say what is missing; where the caller may not look, say that it is not known."""
    found.needs.append(f"{', '.join(rights)} on {name}")
    try:
        with calling(f"looking for the {kind} {name}"):
            thing = read()
            whole(thing.full_name)
            absent = _absent(client, kind, name, rights, thing.owner)
    except DatabricksFailed as error:
        if error.code == "DATABRICKS_NOT_FOUND":
            found.lacking.append(f"the {kind} {name}: CREATE {kind.upper()} {name}")
        elif error.code == "DATABRICKS_FORBIDDEN":
            found.warnings.append(f"you may not look at the {kind} {name}: it is taken to be there")
        else:
            raise
        return
    if absent:
        found.warnings.append(f"no grant gives you {', '.join(absent)} on {name}")


def _absent(
    client: WorkspaceClient, kind: str, name: str, rights: tuple[str, ...], owner: str | None
) -> list[str]:
    """Rights that no grant to the caller gives; groups of the account are not seen, so it warns."""
    me = client.current_user.me()
    if whole(me.user_name) == owner:
        return []
    principals = {me.user_name, *(group.display for group in me.groups or [])}
    listed = client.grants.get_effective(kind, name).privilege_assignments or []
    given = {
        str(privilege.privilege.value)
        for assignment in listed
        if assignment.principal in principals
        for privilege in assignment.privileges or []
        if privilege.privilege
    }
    return [] if "ALL_PRIVILEGES" in given else [right for right in rights if right not in given]
