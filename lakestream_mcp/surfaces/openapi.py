"""OpenAPI 3.1 and the docs page, both from the registry."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from .. import __version__
from ..operations import Operation, operations
from .host import PACKAGE

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {
                    "type": "string",
                    "description": "Stable; `lakestream explain CODE` tells more",
                },
                "message": {"type": "string"},
                "where": {"type": "object"},
                "got": {},
                "expected": {},
                "hint": {"type": "string"},
                "fix": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of all operations."""
    schemas: dict[str, Any] = {"Error": ERROR}
    paths: dict[str, Any] = {}
    for op in operations():
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op, schemas)
    paths["/api/pipelines/{pipeline_id}/events"] = {"get": _events()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "LakeStream", "version": __version__},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(op: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": op.name,
        "summary": op.title,
        "description": op.description,
        "parameters": [_parameter(op, name) for name in _in_address(op)],
        "responses": {
            "200": {
                "description": "The answer",
                "content": _answered(op, schemas),
            },
            "default": {
                "description": "What is wrong, and what to do",
                "content": _json({"$ref": "#/components/schemas/Error"}),
            },
        },
    }
    if op.method not in {"GET", "DELETE"}:
        described["requestBody"] = {"content": _json(_body(op))}
    return described


def _answered(op: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{_answer(op, schemas)}"}
    media_type = op.answer.media_type
    is_json = media_type == "application/json"
    return {media_type: {"schema": reference if is_json else {"type": "string"}}}


def _in_address(op: Operation) -> list[str]:
    """Arguments in path and query."""
    if op.method in {"GET", "DELETE"}:
        return list(op.schema.get("properties", {}))
    return list(op.path_parameters)


def _parameter(op: Operation, name: str) -> dict[str, Any]:
    schema = op.schema["properties"][name]
    in_path = name in op.path_parameters
    parameter = {
        "name": name,
        "in": "path" if in_path else "query",
        "required": in_path or name in op.schema.get("required", []),
        "description": schema.get("description", ""),
    }
    if schema.get("type") in {"object", "array"} or "anyOf" in schema:
        return parameter | {"content": _json(schema)}
    return parameter | {"schema": schema}


def _body(op: Operation) -> dict[str, Any]:
    properties = {k: v for k, v in op.schema["properties"].items() if k not in op.path_parameters}
    required = [n for n in op.schema.get("required", []) if n in properties]
    body: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        body["required"] = required
    if op.examples:
        hidden = op.path_parameters
        body["examples"] = [{k: v for k, v in e.items() if k not in hidden} for e in op.examples]
    return body


def _answer(op: Operation, schemas: dict[str, Any]) -> str:
    """The answer's schema, with what it refers to, among the components; its name."""
    model = op.answer
    schema = model.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return model.__name__


def _events() -> dict[str, Any]:
    return {
        "operationId": "stream_events",
        "summary": "Revisions as they are made (server-sent events)",
        "description": "Resumes after the revision in the header `Last-Event-ID`.",
        "parameters": [
            {"name": "pipeline_id", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        "responses": {
            "200": {
                "description": "A stream",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


@cache
def page() -> str:
    """The docs page: one section per operation, with its three faces."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(PACKAGE / "surfaces"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["example"] = lambda e: json.dumps(e, ensure_ascii=False, indent=1)
    sections = [_section(op) for op in operations()]
    return environment.get_template("docs.html.j2").render(sections=sections, version=__version__)


def _section(op: Operation) -> dict[str, Any]:
    required, defaults = op.schema.get("required", []), op.arguments.model_fields
    return {
        "op": op,
        "command": " ".join(["lakestream", op.command, *(f"<{p}>" for p in op.path_parameters)]),
        "arguments": [
            {
                "name": name,
                "required": name in required,
                "type": _type(schema),
                "default": "" if name in required else json.dumps(defaults[name].default),
                "description": schema.get("description", ""),
            }
            for name, schema in op.schema.get("properties", {}).items()
        ],
    }


def _type(schema: dict[str, Any]) -> str:
    if options := schema.get("enum"):
        return " | ".join(map(str, options))
    return str(schema.get("type", "any"))
