"""Pipeline settings that generated code reads; all of them are job parameters as well."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..errors import InvalidArgument, InvalidPipeline, nearest
from ..graph.duration import duration_text, duration_us
from ..graph.model import Finding, PipelineDocument
from ..graph.plain import shown
from .deploying import SETTING, UNSTARTED, Deploying

BUCKETS = 16
AVAILABLE_NOW = "available now"
STATE_LAYOUTS = ("buckets", "keys")
EXAMPLE = (
    'For example "settings": {"trigger": "10 seconds"}; '
    '{"deploy": {"continuous": true}} says how the job runs.'
)


class CodeSettings(NamedTuple):
    """Defaults of the generated notebook's parameters, and how state is laid out.

    state_layout: `buckets` keeps the states of a bucket together; `keys` keeps them apart, so that
    a batch costs what it touches: better where that is well below 1 % of the keys.
    catalog, schema: where tables between the parts of a pipeline are, and its checkpoints.
    """

    checkpoints: str
    tables: str
    trigger: str
    buckets: int
    state_layout: str
    catalog: str
    schema: str

    @classmethod
    def of(cls, document: PipelineDocument, pipeline_id: str) -> CodeSettings:
        """The settings of a pipeline, with defaults. Raises InvalidPipeline."""
        given = document.settings
        known = sorted([*cls._fields, SETTING])
        for key in given:
            if key not in known:
                near = nearest(key, known)
                raise _wrong(key, key, known, f"Did you mean `{near}`?" if near else EXAMPLE)
        Deploying.of(document)
        catalog, schema = _part(given, "catalog", "main"), _part(given, "schema", "default")
        root = f"/Volumes/{catalog}/{schema}/lakestream/{pipeline_id}"
        return cls(
            _text(given, "checkpoints", f"{root}/checkpoints"),
            _text(given, "tables", "tables"),
            _trigger(given.get("trigger", AVAILABLE_NOW)),
            _buckets(given.get("buckets", BUCKETS)),
            _layout(given.get("state_layout", STATE_LAYOUTS[0])),
            catalog,
            schema,
        )


def of_settings(document: PipelineDocument) -> list[Finding]:
    """What is wrong with the settings, which keeps code from being generated, but no test; and
    whether a pipeline that has settings of running is never started by them."""
    try:
        CodeSettings.of(document, "pipeline")
    except InvalidPipeline as error:
        said = f"{error.message[:-1]}; generate_code and deploy refuse it"
        return [
            Finding(
                code=error.code,
                severity="warning",
                message=str(shown(said, 1_000)),
                field=str(shown(f"settings.{error.where['setting']}", 200)),
                got=shown(error.got),
                expected=error.expected,
                hint=error.hint,
            )
        ]
    speaks = not {SETTING, "trigger"}.isdisjoint(document.settings)
    if not speaks or Deploying.of(document).runs_by_itself:
        return []
    return [
        Finding(
            code="NOBODY_STARTS_IT",
            severity="info",
            message="once deployed, nobody starts its job",
            field="settings.deploy",
            hint=UNSTARTED,
        )
    ]


def _text(given: dict[str, Any], key: str, default: str) -> str:
    value = given.get(key, default)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(key, value, "a folder")
    return value


def _part(given: dict[str, Any], key: str, default: str) -> str:
    value = given.get(key, default)
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", value):
        raise _wrong(key, value, f"a name such as `{default}`")
    return value


def _trigger(value: Any) -> str:
    if value == AVAILABLE_NOW:
        return AVAILABLE_NOW
    try:
        return duration_text(duration_us(str(value)))
    except InvalidArgument as error:
        expected = f"`{AVAILABLE_NOW}` or an interval such as `10 seconds`"
        raise _wrong("trigger", value, expected, error.message) from None


def _buckets(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 4096:
        raise _wrong("buckets", value, "a whole number from 1 to 4096")
    return value


def _layout(value: Any) -> str:
    if value not in STATE_LAYOUTS:
        raise _wrong("state_layout", value, list(STATE_LAYOUTS), nearest(str(value), STATE_LAYOUTS))
    return str(value)


def _wrong(key: str, got: Any, expected: Any, hint: str | None = None) -> InvalidPipeline:
    return InvalidPipeline(
        f"Pipeline setting `{key}` cannot be used.",
        code="INVALID_SETTING",
        where={"setting": key},
        got=got,
        expected=expected,
        hint=hint,
    )
