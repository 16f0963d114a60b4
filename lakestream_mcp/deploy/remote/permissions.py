"""Who may do what with a job or a pipeline: only what was asked for is given, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..changes import Change, Known
from ..databricks_client import calling
from ..databricks_failures import whole

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from ...codegen.bundle.resources import Resources

Grant = dict[str, str]
NAMES = ("user_name", "group_name", "service_principal_name")
LEVEL = "permission_level"


class Permissions:
    """Reads and sets what was given to somebody directly; what is inherited is left alone."""

    def __init__(self, client: WorkspaceClient) -> None:
        self.client = client

    def changes(
        self, made: Resources | None, known: Known, things: Mapping[str, tuple[str, str | None]]
    ) -> list[Change]:
        """What is asked for and not given, and what was asked for and no longer is."""
        found = []
        for key, (kind, resource_id) in things.items():
            asked = made.permissions.get(key, []) if made else []
            earlier = known.asked.get(key, [])
            if not asked and not earlier:
                continue
            direct = self.given(kind, resource_id) if resource_id else None
            wanted = _with(direct or [], earlier, asked)
            same = direct is not None and _sorted(direct) == _sorted(wanted)
            found.append(
                Change(
                    do="leave" if same else "update",
                    kind="permissions",
                    key=key,
                    name=f"of the {kind}",
                    id=resource_id,
                    diff={} if same else {"given": [_said(direct or []), _said(wanted)]},
                    before=direct,
                )
            )
        return found

    def given(self, kind: str, resource_id: str) -> list[Grant]:
        """What was given directly."""
        with calling(f"reading the permissions of the {kind}", resource=resource_id):
            found = self._api(kind).get_permissions(resource_id)
            # Without it nothing is known, and what is set then would take away what others gave.
            whole(found.object_id)
        listed = found.access_control_list or []
        return [
            {name: str(getattr(entry, name)), LEVEL: str(each.permission_level.value)}
            for entry in listed
            for name in NAMES
            if getattr(entry, name)
            for each in entry.all_permissions or []
            if not each.inherited
        ]

    def ask(self, kind: str, resource_id: str, earlier: list[Grant], asked: list[Grant]) -> None:
        """Give what is asked for, and take back what was asked for earlier."""
        self.put(kind, resource_id, _with(self.given(kind, resource_id), earlier, asked))

    def put(self, kind: str, resource_id: str, grants: list[Grant]) -> None:
        """Set exactly these."""
        with calling(f"setting the permissions of the {kind}", resource=resource_id):
            self._api(kind).set_permissions(
                resource_id, access_control_list=[_request(kind, grant) for grant in grants]
            )

    def _api(self, kind: str) -> Any:
        return self.client.jobs if kind == "job" else self.client.pipelines


def _with(direct: list[Grant], earlier: list[Grant], asked: list[Grant]) -> list[Grant]:
    """What is given, without what was asked for earlier, with what is asked for now."""
    whom = [_principal(grant) for grant in asked]
    kept = [g for g in direct if g not in earlier or g in asked]
    # Somebody who is asked for has that one level; who owns it stays the owner.
    kept = [g for g in kept if g[LEVEL] == "IS_OWNER" or _principal(g) not in whom]
    return [*kept, *asked]


def _principal(grant: Grant) -> tuple[tuple[str, str], ...]:
    return tuple((name, grant[name]) for name in NAMES if name in grant)


def _sorted(grants: list[Grant]) -> list[list[tuple[str, str]]]:
    return sorted(sorted(grant.items()) for grant in grants)


def _said(grants: list[Grant]) -> list[str]:
    """`group ops: CAN_RUN`, as a person reads it."""
    return sorted(
        f"{kind.removesuffix('_name').replace('_', ' ')} {name}: {grant[LEVEL]}"
        for grant in grants
        for kind, name in _principal(grant)
    )


def _request(kind: str, grant: Grant) -> Any:
    from databricks.sdk.service import jobs, pipelines

    if kind == "job":
        return jobs.JobAccessControlRequest.from_dict(grant)
    return pipelines.PipelineAccessControlRequest.from_dict(grant)
