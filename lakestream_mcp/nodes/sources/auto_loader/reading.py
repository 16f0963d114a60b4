"""`read_files` as a configuration.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from ....graph.node_parts import Reading
from ....relational.declarative.functions import literal, only_star, streamed_call

FIELDS = {
    "format": "format",
    "cloudfiles.format": "format",
    "schema": "columns",
    "schemahints": "schema_hints",
    "cloudfiles.schemahints": "schema_hints",
    "schemalocation": "schema_location",
    "cloudfiles.schemalocation": "schema_location",
    "header": "header",
    "sep": "delimiter",
    "delimiter": "delimiter",
    "timestampformat": "timestamp_format",
    "maxfilespertrigger": "max_files_per_batch",
    "cloudfiles.maxfilespertrigger": "max_files_per_batch",
}
"""Options in small letters, and the fields that say the same."""


def reading(query: exp.Query) -> Reading | None:
    """The configuration of `SELECT … FROM STREAM read_files(…)`, of cloud_files too, or None."""
    call = streamed_call(query, "read_files", "cloud_files")
    if call is None or not _columns_only(call.outer):
        return None
    if call.name == "cloud_files":
        options = _cloud_files(call.positional)
        path = literal(call.positional[0]) if call.positional else None
    else:
        options = call.texts()
        path = literal(call.positional[0]) if len(call.positional) == 1 else None
    if options is None or path is None:
        return None
    return _from_options(path, options)


def _from_options(path: str, options: dict[str, str]) -> Reading | None:
    config: dict[str, Any] = {"path": path}
    for option, value in options.items():
        field = FIELDS.get(option.lower())
        if field is None:
            return None
        config[field] = value
    if "header" in config:
        config["header"] = str(config["header"]).lower() == "true"
        if config["header"]:
            del config["header"]
    if "max_files_per_batch" in config:
        if not config["max_files_per_batch"].isdecimal():
            return None
        config["max_files_per_batch"] = int(config["max_files_per_batch"])
    if config.get("format") == "json":
        del config["format"]
    return Reading(config)


def _columns_only(query: exp.Select) -> bool:
    said = {name for name, value in query.args.items() if value}
    columns = all(isinstance(item, exp.Column) for item in query.expressions)
    return only_star(query) or (columns and said == {"expressions", "from_"})


def _cloud_files(given: tuple[exp.Expr, ...]) -> dict[str, str] | None:
    """`cloud_files(path, format, map(option, value, …))` of older code."""
    texts = [literal(value) for value in given[1:2]]
    options: dict[str, str] = {"format": texts[0] or ""} if texts else {}
    for each in given[2:]:
        keys = each.args.get("keys") if isinstance(each, exp.VarMap) else None
        values = each.args.get("values") if isinstance(each, exp.VarMap) else None
        if keys is None or values is None:
            return None
        for key, value in zip(keys.expressions, values.expressions, strict=True):
            name, text = literal(key), literal(value)
            if name is None or text is None:
                return None
            options[name] = text
    return options
