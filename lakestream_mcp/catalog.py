"""The node types there are: found as folders, imported when asked for."""

from __future__ import annotations

import importlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from pydantic import BaseModel, Field, JsonValue

from .errors import NotFound, nearest
from .graph.model import Category, Target
from .graph.naming import snake_case
from .graph.node_type import NodeType

_PACKAGE = Path(__file__).parent
_PLACES = ("nodes/sources", "nodes/transforms", "patterns", "nodes/sinks")
_README_CHARACTERS = 6000
ALIKE_MOST = 4
_JSON_BLOCK = re.compile(r"^```json[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


class FieldDoc(BaseModel):
    """One field of a configuration, as an agent reads it."""

    name: str
    type: str
    required: bool = False
    default: JsonValue = None
    description: str = ""
    aliases: list[str] = Field(default_factory=list)
    fields: list[FieldDoc] = Field(default_factory=list)


class NodeTypeDoc(BaseModel):
    """All there is to know to use a node type."""

    type: str
    category: Category
    title: str
    summary: str
    aliases: list[str]
    input_ports: list[str]
    max_inputs: int
    output_ports: list[str]
    targets: list[Target]
    fields: list[FieldDoc]
    example: dict[str, JsonValue] | None = None
    readme: str = ""
    json_schema: dict[str, Any]


class Catalog:
    """Node types by name and alias. A type's module is imported when it is first needed."""

    def __init__(self, node_types: Iterable[NodeType] = ()) -> None:
        self._loaded = {node_type.type: node_type for node_type in node_types}
        self._folders: dict[str, Path] = {}
        self._names = tuple(self._loaded)
        self._aliases: dict[str, str] | None = None
        self._lock = threading.RLock()

    @classmethod
    def load(cls) -> Catalog:
        """The product's own types. Lists folders only."""
        catalog = cls()
        for place in _PLACES:
            for node_file in sorted((_PACKAGE / place).glob("*/node.py")):
                catalog._folders[node_file.parent.name.replace("_", "-")] = node_file.parent
        catalog._names = tuple(catalog._folders)
        return catalog

    def types(self) -> tuple[str, ...]:
        """The names of all types: sources, transforms, patterns, sinks."""
        return self._names

    def __iter__(self) -> Iterator[NodeType]:
        """All types; imports those that are not yet."""
        return (self._known(name) for name in self._names)

    def get(self, name: str) -> NodeType:
        """The type of this name or alias. Raises NotFound with the nearest name."""
        if name in self._loaded:
            return self._loaded[name]
        if name in self._folders:
            return self._known(name)
        plain = _plain(name)
        resolved = self._resolved(plain) or self._with_category(plain) or self._in_letters(plain)
        if resolved is not None:
            return self._known(resolved)
        near = nearest(plain, [*self._names, *self._all_aliases()])
        near = self._all_aliases().get(near, near) if near else None
        alike = [name for name in self._names if plain and plain in name]
        shown = name if len(name) <= 60 else name[:59] + "…"
        raise NotFound(
            f"there is no node type `{shown}`",
            where={"field": "type"},
            got=shown,
            expected=list(self._names),
            hint=_hint([near] if near else alike[:ALIKE_MOST]),
        )

    def _resolved(self, plain: str) -> str | None:
        return plain if plain in self._names else self._all_aliases().get(plain)

    def _in_letters(self, plain: str) -> str | None:
        """The type of a name that is written without its hyphens: `autoloader`."""
        names = [*self._names, *self._all_aliases()]
        known = {name.replace("-", ""): self._resolved(name) for name in names}
        return known.get(plain.replace("-", ""))

    def _with_category(self, plain: str) -> str | None:
        """The type of a name with its category too much or too few: `velocity-pattern`, `slack`."""
        stem, _, category = plain.rpartition("-")
        found = self._resolved(stem) if stem else None
        if found and self._known(found).category == category:
            return found
        longer = {self._resolved(f"{plain}-{end}") for end in ("source", "sink")} - {None}
        return longer.pop() if len(longer) == 1 else None

    def describe(self, name: str) -> NodeTypeDoc:
        """A type's documentation, made from its declaration and its README."""
        node_type = self.get(name)
        schema = node_type.Config.model_json_schema()
        readme = self.readme(node_type.type)
        return NodeTypeDoc(
            type=node_type.type,
            category=node_type.category,
            title=node_type.title,
            summary=node_type.summary,
            aliases=list(node_type.aliases),
            input_ports=list(node_type.input_ports),
            max_inputs=node_type.max_inputs,
            output_ports=[] if node_type.category == "sink" else list(node_type.ports_out),
            targets=sorted(node_type.targets),
            fields=_fields(schema, schema.get("$defs", {}), _field_aliases(node_type)),
            example=_example(readme, node_type),
            readme=_front(readme),
            json_schema=schema,
        )

    def readme(self, name: str) -> str:
        """The whole README of a type; empty for a type that has no folder."""
        folder: Path | None = getattr(self.get(name), "folder", None)
        file = folder / "README.md" if folder else None
        return file.read_text(encoding="utf-8") if file and file.is_file() else ""

    def search(self, text: str) -> list[NodeType]:
        """Types that fit some words, best first; all types for no words."""
        words = [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]
        if not words:
            return list(self)
        ranked = [(self._score(node_type, words), node_type) for node_type in self]
        found = sorted((pair for pair in ranked if pair[0]), key=lambda pair: -pair[0])
        return [node_type for _, node_type in found]

    def _score(self, node_type: NodeType, words: list[str]) -> int:
        """Names count more than summaries, and those more than the README."""
        names = " ".join([node_type.type, node_type.title, *node_type.aliases]).lower()
        summary = f"{node_type.summary} {node_type.category}".lower()
        fields = " ".join(node_type.Config.model_fields)
        readme = self.readme(node_type.type).lower()
        weights = ((8, names), (4, summary), (2, fields), (1, readme))
        return sum(
            next((weight for weight, where in weights if _stem(word) in where), 0) for word in words
        )

    def _known(self, name: str) -> NodeType:
        """A type by its own name, imported if need be."""
        with self._lock:
            if name not in self._loaded:
                folder = self._folders[name]
                parts = folder.relative_to(_PACKAGE.parent).parts
                node_type: NodeType = importlib.import_module(".".join((*parts, "node"))).NODE
                node_type.folder = folder
                self._loaded[name] = node_type
            return self._loaded[name]

    def _all_aliases(self) -> Mapping[str, str]:
        """Every other name a type goes by; its title too, unless it is another's name or title."""
        if self._aliases is None:
            types = list(self)
            aliases = {_plain(alias): t.type for t in types for alias in t.aliases}
            titles = Counter(_plain(t.title) for t in types)
            for node_type in types:
                title = _plain(node_type.title)
                if titles[title] == 1:
                    aliases.setdefault(title, node_type.type)
            self._aliases = aliases
        return self._aliases


def _hint(names: list[str]) -> str:
    meant = " or ".join(f"`{name}`" for name in names)
    return f"did you mean {meant}?" if meant else "`describe_node_types` lists them"


def _plain(name: str) -> str:
    """A name as types are written: `Delta_Table Sink` and `DeltaTableSink` as one."""
    return re.sub(r"[^a-z0-9]+", "-", snake_case(name)).strip("-")


def _stem(word: str) -> str:
    """A word without its plural, so that `joins` finds `join`."""
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


class _Shape(NamedTuple):
    """How a schema reads, and the object it holds, if it holds one."""

    text: str
    inner: dict[str, Any] | None


def _fields(
    schema: Mapping[str, Any],
    definitions: Mapping[str, Any],
    aliases: Mapping[str, list[str]],
    depth: int = 0,
) -> list[FieldDoc]:
    required = set(schema.get("required", ()))
    docs: list[FieldDoc] = []
    for name, field in schema.get("properties", {}).items():
        shape = _shape(field, definitions)
        inner = shape.inner if depth < 3 else None
        docs.append(
            FieldDoc(
                name=name,
                type=shape.text,
                required=name in required,
                default=field.get("default"),
                description=field.get("description", ""),
                aliases=aliases.get(name, []),
                fields=_fields(inner, definitions, {}, depth + 1) if inner else [],
            )
        )
    return docs


def _shape(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> _Shape:
    if "$ref" in field:
        return _shape(definitions[field["$ref"].rsplit("/", 1)[-1]], definitions)
    members = field.get("anyOf") or field.get("oneOf") or field.get("allOf")
    if members:
        shapes = [_shape(member, definitions) for member in members if member != {"type": "null"}]
        inner = next((shape.inner for shape in shapes if shape.inner), None)
        return _Shape(" or ".join(dict.fromkeys(shape.text for shape in shapes)), inner)
    if field.get("type") == "array":
        item = _shape(field.get("items", {}), definitions)
        return _Shape(f"list of {item.text}", item.inner)
    if field.get("type") == "object":
        value = field.get("additionalProperties")
        of = f"map of string to {_shape(value, definitions).text}" if _is_schema(value) else ""
        return _Shape(of or "object", dict(field) if "properties" in field else None)
    return _Shape(_scalar(field), None)


def _is_schema(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _scalar(field: Mapping[str, Any]) -> str:
    if "const" in field:
        return json.dumps(field["const"])
    if "enum" in field:
        return "one of " + ", ".join(json.dumps(value) for value in field["enum"])
    return str(field.get("type", "any"))


def _field_aliases(node_type: NodeType) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for alias, name in node_type.field_aliases.items():
        found.setdefault(name, []).append(alias)
    return found


def _example(readme: str, node_type: NodeType) -> dict[str, JsonValue] | None:
    """The first JSON block of the README that is a configuration of this type, or holds one."""
    for block in _JSON_BLOCK.findall(readme):
        try:
            value = json.loads(block)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("config"), dict):
            value = value["config"]
        if isinstance(value, dict) and value and set(value) <= set(node_type.Config.model_fields):
            return value
    return None


def _front(readme: str) -> str:
    """The README's beginning, cut at a paragraph."""
    if len(readme) <= _README_CHARACTERS:
        return readme
    return readme[:_README_CHARACTERS].rsplit("\n\n", 1)[0] + "\n\n…\n"
