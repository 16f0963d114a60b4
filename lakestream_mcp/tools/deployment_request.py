"""What a call of `deploy` asks for, checked, with the place it goes to."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import EngineFailed, Forbidden, InvalidArgument, Unsupported, nearest
from .discovery import load as load_pipeline
from .generation import generated

if TYPE_CHECKING:
    from ..deploy.changes import Known, Target
    from ..deploy.desired import Desired
    from ..deploy.plan import Action
    from ..deploy.planner import Asked, StateChoice
    from ..storage.rows import Stored
    from ..workspace import Workspace

OPTIONS: dict[str, tuple[str, ...]] = {"state": ("new", "keep"), "folder": (), "load": ()}


class Place(NamedTuple):
    """A name of where it goes, and how that is opened."""

    name: str
    open: Callable[[Known], Target]


def asked_of(
    ws: Workspace,
    pipeline_id: str,
    action: Action,
    target: str,
    options: dict[str, Any],
    force_reason: str,
    deployment: str,
) -> Asked:
    """The request. Raises InvalidArgument, Unsupported, NotFound, DatabricksFailed."""
    from ..deploy.planner import Asked

    load = _load(options)
    checked = _checked({key: value for key, value in options.items() if key != "load"})
    if deployment and action != "rollback":
        raise InvalidArgument(
            "Only a rollback goes to another deployment.",
            where={"argument": "deployment"},
            got=action,
            expected="rollback",
        )
    target, known = _standing(ws, pipeline_id, action, target, deployment)
    place = _place(ws, pipeline_id, action, target, known | checked)
    # One reading for code, patterns and cost: they are of one revision, whoever edits meanwhile.
    stored = cache(lambda: load_pipeline(ws, pipeline_id))
    state: StateChoice = checked.get("state", "")  # type: ignore[assignment]
    return Asked(
        pipeline_id=pipeline_id,
        action=action,
        target=target,
        place=place.name,
        actor=ws.identity.name,
        state=state,
        force_reason=force_reason,
        deployment=deployment,
        desired=lambda: _desired(ws, stored(), target),
        patterns=lambda: patterns_of(ws, stored()),
        cost=lambda: None if target == "local" else _cost(ws, stored(), load),
        open_target=place.open,
    )


def _standing(
    ws: Workspace, pipeline_id: str, action: Action, target: str, deployment: str
) -> tuple[str, dict[str, str]]:
    """The target meant, and the folder of a bundle that stands: what is deployed knows both."""
    from ..deploy.history import BUNDLE, ROWS_LOOKED_AT, standing_of

    with ws.reading() as store:
        store.get_pipeline(pipeline_id, deleted=True)
        listed = store.list_deployments(pipeline_id=pipeline_id, limit=ROWS_LOOKED_AT)
    if action == "deploy":
        return target or "workspace", {}
    rows = [row for row in listed if target in ("", row.target)]
    named = next((row for row in rows if row.id == deployment), None)
    meant = named or standing_of(rows) or next(iter(rows), None)
    if meant is None:
        return target or "workspace", {}
    return meant.target, {"folder": meant.settings["place"]} if meant.target == BUNDLE else {}


def _load(options: dict[str, Any]) -> dict[str, Any]:
    """The load to estimate cost with. Raises InvalidArgument for what no load has."""
    from ..deploy.cost.load import Load

    given = options.get("load", {})
    if not isinstance(given, dict):
        raise InvalidArgument(
            "`options.load` is an object.",
            where={"argument": "options.load"},
            got=str(given)[:80],
            expected={"events_per_second": 100, "keys": 10_000},
        )
    try:
        Load.of(given)
    except InvalidArgument as error:
        error.where["argument"] = "options.load"
        raise
    return given


def _checked(options: dict[str, Any]) -> dict[str, str]:
    for key, value in options.items():
        near = nearest(key, OPTIONS)
        if key not in OPTIONS:
            raise InvalidArgument(
                f"`options.{key[:60]}` is not known here.",
                where={"argument": "options"},
                got=key[:60],
                expected=sorted(OPTIONS),
                hint=f"Did you mean `{near}`?"
                if near
                else "Schedule, compute and permissions are the pipeline's setting `deploy`.",
            )
        if not isinstance(value, str) or (OPTIONS[key] and value not in OPTIONS[key]):
            raise InvalidArgument(
                f"`options.{key}` is not one of the values it can have.",
                where={"argument": f"options.{key}"},
                got=str(value)[:80],
                expected=list(OPTIONS[key]) or "text",
            )
    return {key: str(value) for key, value in options.items()}


def _place(
    ws: Workspace, pipeline_id: str, action: Action, target: str, options: dict[str, str]
) -> Place:
    if target != "bundle" and "folder" in options:
        raise InvalidArgument(
            "`options.folder` is for bundles; in a workspace it is the setting `deploy.folder`.",
            where={"argument": "options.folder"},
            got=target,
            expected="bundle",
        )
    if target == "local":
        return _local(ws, pipeline_id)
    if target == "bundle":
        if action in ("stop", "start"):
            raise Unsupported(
                f"A bundle is files: there is nothing to {action}.",
                code="NOT_DEPLOYED",
                where={"argument": "action"},
                got=action,
                expected=["deploy", "rollback", "destroy"],
            )
        return _bundle(_folder(ws, pipeline_id, options.get("folder", "")))
    return _workspace(ws, pipeline_id)


def _workspace(ws: Workspace, pipeline_id: str) -> Place:
    from ..deploy.databricks_client import client_for, host_of
    from ..deploy.remote.target import RemoteTarget

    client = client_for(ws, ws.alive)
    return Place(host_of(client), lambda known: RemoteTarget(client, pipeline_id, known))


def _local(ws: Workspace, pipeline_id: str) -> Place:
    from ..deploy.local_target import LocalTarget
    from ..deploy.running.start import folder_of
    from ..deploy.spark_env import find_python

    try:
        find_python(ws.settings.spark_python)
    except EngineFailed as error:
        raise Unsupported(
            f"This machine has no Spark to deploy to: {error.message}",
            code="TARGET_NOT_HERE",
            where={"argument": "target"},
            got="local",
            expected=["workspace", "bundle"],
            hint=error.hint,
        ) from None
    place = str(folder_of(ws, pipeline_id).root)
    return Place(place, lambda known: LocalTarget(ws, pipeline_id, known))


def _bundle(folder: Path) -> Place:
    from ..deploy.bundle_target import BundleTarget

    return Place(str(folder), lambda known: BundleTarget(folder, known))


def _folder(ws: Workspace, pipeline_id: str, given: str) -> Path:
    """The folder meant, below a data root; by default one of this server's own."""
    own = (ws.settings.data_dir / "bundles" / pipeline_id).resolve()
    if given in ("", str(own)):
        return own
    roots = [root.resolve() for root in ws.settings.data_roots]
    for root in roots:
        folder = (root / Path(given).expanduser()).resolve()
        if folder.is_relative_to(root) and folder != root:
            return folder
    raise Forbidden(
        "This folder lies outside the data roots.",
        code="FILE_REFUSED",
        where={"argument": "options.folder"},
        got=given[:300],
        expected=[str(root) for root in roots],
        hint="Name a folder below a data root, or leave it out.",
    )


def _cost(ws: Workspace, stored: Stored, load: dict[str, Any]) -> dict[str, Any]:
    """What estimate_cost says of it, in brief; a plan stands without."""
    from ..deploy.cost.brief import brief, not_known
    from .costs import estimated

    try:
        made, warnings = estimated(ws, stored, load)
    except InvalidArgument as error:
        if error.code == "MISSING_LOAD":
            return not_known(error.where["missing"])
        if error.code == "INVALID_ASSUMPTION":
            return {"unknown": error.message, "change": "mend it"}
        error.where["argument"] = "options.load"
        raise
    return brief(made, load, warnings)


def _desired(ws: Workspace, stored: Stored, target: str) -> Desired:
    from ..codegen.deploying import Deploying
    from ..deploy.desired import Desired

    code = "sss" if target == "local" else Deploying.of(stored.document).code
    made = generated(ws, stored, code)
    return Desired.of(stored.document, made, stored.pipeline_id, stored.revision)


def patterns_of(ws: Workspace, stored: Stored) -> list[str]:
    """The ids of the patterns of a pipeline whose types are known."""
    nodes = stored.document.nodes
    return [n.id for n in nodes if ws.catalog.get(n.type).category == "pattern"]
