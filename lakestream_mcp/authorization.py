"""Which pipelines a call is about, and whether its caller may do that to them.

The one place that knows which arguments name a pipeline, directly or by a run or a deployment.
Beside it the store hides what a caller may not see, so an operation that finds its pipeline by
other means is held too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .access import ANY
from .errors import Forbidden, NotFound
from .identity import Role, includes

if TYPE_CHECKING:
    from .operations import Operation
    from .storage.store import Transaction
    from .workspace import Workspace

BY_ARGUMENT: Mapping[str, Callable[[Transaction, str], str] | None] = {
    "pipeline_id": None,
    "run_id": lambda store, name: store.pipeline_of_run(name),
    "deployment_id": lambda store, name: store.get_deployment(name).pipeline_id,
}
"""Arguments that name a pipeline, one or several, and how to find which; None: by its id."""


def check_anywhere(op: Operation, ws: Workspace) -> None:
    """Raise Forbidden where the caller may call the operation on no pipeline at all."""
    _check(ws, op.role, ws.access.best, f"`{op.name}`", None)


def check_named(op: Operation, ws: Workspace, arguments: Mapping[str, Any]) -> None:
    """Raise Forbidden unless the caller may call the operation on all pipelines it names.

    A pipeline that the caller may not see is not found, as if it did not exist.
    """
    named = list(dict.fromkeys(_named(ws, arguments)))
    if len(named) == 1:
        ws.call.pipeline_id = named[0]
    for pipeline_id in named:
        require(ws, op.role, f"`{op.name}`", pipeline_id)
    # What reads shows no more than the caller may see of each; what viewers may do is their own.
    if not named and op.role != "viewer" and (op.effect != "read" or op.role == "deployer"):
        require(ws, op.role, f"`{op.name}`", None)


def require(ws: Workspace, needed: Role, what: str, pipeline_id: str | None) -> None:
    """Raise Forbidden unless the caller has this role on the pipeline; NotFound if it is hidden."""
    if pipeline_id is not None and not ws.access.sees(pipeline_id):
        with ws.reading() as store:
            store.get_pipeline(pipeline_id, deleted=True)
    _check(ws, needed, ws.access.on(pipeline_id), what, pipeline_id)


def _check(ws: Workspace, needed: Role, role: Role, what: str, pipeline_id: str | None) -> None:
    if includes(role, needed):
        return
    on = f" on `{pipeline_id[:64]}`" if pipeline_id else ""
    raise Forbidden(
        f"{what} needs the role {needed}{on}; {ws.identity.name} has {role}.",
        where={"operation": ws.call.operation},
        got=role,
        expected=needed,
        hint="Ask somebody with the role deployer: `set_access` gives roles.",
    )


def _named(ws: Workspace, arguments: Mapping[str, Any]) -> Iterator[str]:
    for argument, pipeline_of in BY_ARGUMENT.items():
        given = arguments.get(argument)
        for name in given if isinstance(given, list) else [given]:
            if not name or name == ANY:
                continue
            if pipeline_of is None:
                yield name
                continue
            try:
                with ws.reading() as store:
                    yield pipeline_of(store, name)
            except NotFound:
                continue  # the operation says so itself, in its own words
