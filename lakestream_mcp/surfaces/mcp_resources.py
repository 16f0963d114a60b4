"""What MCP resources show: answers of reading operations under addresses."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastmcp.exceptions import ResourceError
from fastmcp.resources import ResourceContent, ResourceResult, ResourceTemplate
from pydantic import PrivateAttr

from ..errors import LakestreamError
from ..operations import Operation, find
from .answering import answered, error_text
from .host import Host


class Shown(NamedTuple):
    """A resource: what an operation answers, under an address."""

    uri: str
    name: str
    description: str
    operation: str
    mime_type: str
    fixed: dict[str, Any]


PIPELINE = "lakestream://pipelines/{pipeline_id}"
JSON = "application/json"
RESOURCES = (
    Shown(
        PIPELINE, "pipeline", "A pipeline to import", "get_pipeline", JSON, {"detail": "document"}
    ),
    Shown(
        f"{PIPELINE}/code/{{file*}}{{?target}}",
        "code",
        "A generated file",
        "get_code",
        "text/plain",
        {},
    ),
    Shown("lakestream://runs/{run_id}", "run", "The report of a test", "get_run", JSON, {}),
    Shown(
        "lakestream://node-types/{type}",
        "node_type",
        "Meaning, fields and examples of a node type",
        "get_node_type",
        "text/markdown",
        {},
    ),
    Shown(
        "lakestream://templates/{template}",
        "template",
        "A pipeline to start from, with its events and the matches expected of them",
        "get_template",
        JSON,
        {},
    ),
)


class OperationResource(ResourceTemplate):
    """A read-only operation as a resource."""

    _host: Host = PrivateAttr()
    _op: Operation = PrivateAttr()
    _fixed: dict[str, Any] = PrivateAttr()

    @classmethod
    def of(cls, host: Host, shown: Shown) -> OperationResource:
        """The template of an operation's answer."""
        template = cls(
            uri_template=shown.uri,
            name=shown.name,
            description=shown.description,
            mime_type=shown.mime_type,
            parameters={},
        )
        template._host, template._op, template._fixed = host, find(shown.operation), shown.fixed
        return template

    async def read(self, arguments: dict[str, Any]) -> ResourceResult:
        """The part of the answer that the address names."""
        file = arguments.pop("file", None)
        try:
            answer = await answered(self._host, self._op, {**arguments, **self._fixed})
            text = answer.resource_text(file)
        except LakestreamError as error:
            raise ResourceError(error_text(error)) from None
        return ResourceResult([ResourceContent(text, mime_type=self.mime_type)])

    async def _read(self, uri: str, params: dict[str, Any]) -> ResourceResult:
        """What the server calls: no temporary resource in between."""
        return await self.read(dict(params))
