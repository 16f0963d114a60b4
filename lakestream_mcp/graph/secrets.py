"""What is refused before it is stored: a secret that stands in a configuration itself.

Revisions are append-only and everybody who sees a pipeline reads them, so a finding would come too
late: the secret would be there for good.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import InvalidPipeline
from .config_problems import LITERAL
from .model import Finding, Node, PipelineDocument

_UNFIT = re.compile(r"[^A-Za-z0-9_.@-]+")
MOST_NAMED = 5


def refuse_secrets(
    pipeline_id: str,
    before: PipelineDocument,
    after: PipelineDocument,
    findings: Sequence[Finding],
) -> None:
    """Raise InvalidPipeline, with the way to store it, where an edit brings a secret in.

    One that was there before stays a finding: the edit may be the one that removes another.
    """
    known = {node.id: node for node in before.nodes}
    literal = dict.fromkeys((f.node or "", f.field or "") for f in findings if f.code == LITERAL)
    found = [at for at in literal if not _was_there(known.get(at[0]), after.node(at[0]), at[1])]
    if not found:
        return
    node, field = found[0]
    reference = f"secret://{_part(pipeline_id)}/{_part(field)}"
    more = "".join(f", `{other}` of `{of}`" for of, other in found[1:MOST_NAMED])
    raise InvalidPipeline(
        f"`{field}` of `{node}`{more} would keep a secret in the pipeline. Nothing was stored.",
        code=LITERAL,
        where={"node": node, "field": field},
        got="(not shown)",
        expected=reference,
        hint=_way(reference),
    )


def _was_there(before: Node | None, after: Node | None, field: str) -> bool:
    top = field.split(".", maxsplit=1)[0]
    if before is None or after is None or top not in before.config:
        return False
    return before.config[top] == after.config.get(top)


def _part(name: str) -> str:
    """A pipeline or field as the name of a scope or key."""
    return _UNFIT.sub("-", name).replace("_", "-").strip("-")[:128] or "secret"


def _way(reference: str) -> str:
    scope, key = reference.removeprefix("secret://").split("/")
    variable = re.sub(r"\W", "_", f"{scope}_{key}").upper()
    return (
        f"Store it with `databricks secrets create-scope {scope}` and `databricks secrets "
        f"put-secret {scope} {key}` (for runs on this machine: the environment variable "
        f"{variable}), and write `{reference}` instead."
    )
