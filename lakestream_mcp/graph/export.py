"""Pictures of a pipeline as text: Mermaid and SVG. Pure, and the same for the same document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from . import layout
from .layout import NODE_HEIGHT, NODE_WIDTH
from .model import Edge, Node, PipelineDocument, Position
from .node_type import TypeCatalog
from .validate import Validation

_MARGIN = 40.0
_MERMAID_PLAIN = frozenset(" .,:_-/+*=?!'")


class Colours(NamedTuple):
    """How a category looks on a light ground."""

    fill: str
    line: str


_COLOURS = {
    "source": Colours("#e8f3ec", "#2e7d4f"),
    "transform": Colours("#eaf1fb", "#2f64b5"),
    "pattern": Colours("#f6ecf9", "#8a3fa0"),
    "sink": Colours("#fdf1e3", "#b4690e"),
    "unknown": Colours("#f4f4f4", "#6b6b6b"),
}


class Card(NamedTuple):
    """What a node shows besides its title and type."""

    category: str
    sentence: str
    ports: tuple[str, ...] = ("in",)


def cards(
    document: PipelineDocument, validation: Validation, catalog: TypeCatalog
) -> dict[str, Card]:
    """The cards of all nodes; a node that is not configured yet says so."""
    known = set(catalog.types())
    made: dict[str, Card] = {}
    for node in document.nodes:
        if node.type not in known:
            made[node.id] = Card("unknown", "unknown node type")
            continue
        node_type = catalog.get(node.type)
        config = validation.configs.get(node.id)
        sentence = "not configured yet" if config is None else node_type.sentence(config)
        made[node.id] = Card(node_type.category, sentence, node_type.input_ports)
    return made


_NO_CARD = Card("unknown", "")


def to_mermaid(document: PipelineDocument, cards: Mapping[str, Card] | None = None) -> str:
    """A Mermaid flowchart; labels hold no character that Mermaid or HTML would read."""
    shown = cards or {}
    lines = ["flowchart LR"]
    for node in document.nodes:
        card = shown.get(node.id, _NO_CARD)
        label = [f"<b>{_mermaid(node.name)}</b>", f"<i>{_mermaid(node.type)}</i>"]
        label += [_mermaid(card.sentence)] if card.sentence else []
        lines.append(f'  n_{node.id}["{"<br/>".join(label)}"]:::{card.category}')
    known = {node.id for node in document.nodes}
    for edge in document.edges:
        if {edge.source, edge.target} <= known:
            ports = [edge.source_port] * (edge.source_port != "out")
            ports += [edge.target_port] * (edge.target_port != "in")
            said = f"|{_mermaid(' to '.join(ports))}|" if ports else ""
            lines.append(f"  n_{edge.source} -->{said} n_{edge.target}")
    for category, colours in _COLOURS.items():
        style = f"fill:{colours.fill},stroke:{colours.line},color:#1c1c1c"
        lines.append(f"  classDef {category} {style}")
    return "\n".join(lines) + "\n"


def _mermaid(text: str) -> str:
    """Text as Mermaid shows it: everything but letters, digits and a few marks as a code."""
    flat = " ".join(_printable(text).split())
    return "".join(c if c.isalnum() or c in _MERMAID_PLAIN else f"#{ord(c)};" for c in flat)


def to_svg(document: PipelineDocument, cards: Mapping[str, Card] | None = None) -> str:
    """A picture that stands alone: light ground, no scripts, no fonts or styles from elsewhere."""
    places = _places(document)
    left = min((p.x for p in places.values()), default=0.0) - _MARGIN
    top = min((p.y for p in places.values()), default=0.0) - _MARGIN
    right = max((p.x for p in places.values()), default=0.0) + NODE_WIDTH + _MARGIN
    bottom = max((p.y for p in places.values()), default=0.0) + NODE_HEIGHT + _MARGIN
    box = " ".join(_number(value) for value in (left, top, right - left, bottom - top))
    size = f'width="{_number(right - left)}" height="{_number(bottom - top)}"'
    shown = cards or {}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {size} role="img" '
        f"aria-label={quoteattr(_printable(document.name))} "
        'font-family="system-ui, sans-serif">',
        f"<title>{_xml(document.name)}</title>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#5f6670"/></marker>'
        "</defs>",
        f'<rect x="{_number(left)}" y="{_number(top)}" width="{_number(right - left)}" '
        f'height="{_number(bottom - top)}" fill="#ffffff"/>',
        *_arrows(document, places, shown),
        *(_box(node, places[node.id], shown.get(node.id, _NO_CARD)) for node in document.nodes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _places(document: PipelineDocument) -> dict[str, Position]:
    placed = layout.place(document.nodes, document.edges)
    return {node.id: node.position or placed[node.id] for node in document.nodes}


def _arrows(
    document: PipelineDocument, places: Mapping[str, Position], cards: Mapping[str, Card]
) -> Iterator[str]:
    for edge in document.edges:
        if edge.source in places and edge.target in places:
            ports = cards.get(edge.target, _NO_CARD).ports
            at = ports.index(edge.target_port) if edge.target_port in ports else 0
            height = NODE_HEIGHT * (at + 1) / (max(1, len(ports)) + 1)
            start, end = places[edge.source], places[edge.target]
            yield _arrow(edge, start, Position(x=end.x, y=end.y + height))


def _arrow(edge: Edge, start: Position, end: Position) -> str:
    x1, y1 = start.x + NODE_WIDTH, start.y + NODE_HEIGHT / 2
    bend = max(40.0, abs(end.x - x1) / 2)
    points = [x1, y1, x1 + bend, y1, end.x - bend, end.y, end.x, end.y]
    a, b, c, d, e, f, g, h = (_number(value) for value in points)
    path = (
        f'<path d="M{a} {b} C{c} {d} {e} {f} {g} {h}" fill="none" stroke="#5f6670" '
        'stroke-width="1.5" marker-end="url(#arrow)"/>'
    )
    style = 'font-size="10" stroke="#ffffff" stroke-width="3" paint-order="stroke"'
    if edge.source_port != "out":
        path += _line(edge.source_port, x1 + 6, y1 - 5, style, 12)
    if edge.target_port != "in":
        path += _line(edge.target_port, end.x - 10, end.y - 5, f'{style} text-anchor="end"', 12)
    return path


def _box(node: Node, place: Position, card: Card) -> str:
    colours = _COLOURS.get(card.category, _COLOURS["unknown"])
    x, y = place.x, place.y
    wrapped = _wrapped(card.sentence, 32, 2)
    texts = [
        _line(node.name, x + 14, y + 22, 'font-size="14" font-weight="600"', 24),
        _line(node.type, x + 14, y + 39, f'font-size="11" fill="{colours.line}"', 32),
        *(
            _line(text, x + 14, y + 57 + row * 15, 'font-size="11" fill="#444b55"', 32)
            for row, text in enumerate(wrapped)
        ),
    ]
    return "\n".join(
        [
            f"<g><title>{_xml(f'{node.name} ({node.type}) {card.sentence}')}</title>",
            f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(NODE_WIDTH)}" '
            f'height="{_number(NODE_HEIGHT)}" rx="8" fill="{colours.fill}" '
            f'stroke="{colours.line}" stroke-width="1.2"/>',
            *texts,
            "</g>",
        ]
    )


def _line(text: str, x: float, y: float, style: str, limit: int) -> str:
    flat = " ".join(_printable(text).split())
    cut = flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"
    fill = "" if "fill=" in style else ' fill="#1c1c1c"'
    return f'<text x="{_number(x)}" y="{_number(y)}" {style}{fill}>{escape(cut)}</text>'


def _wrapped(text: str, width: int, rows: int) -> list[str]:
    """The text in at most so many rows, cut with … if it is longer."""
    lines: list[str] = []
    for word in _printable(text).split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > rows:
        lines = [*lines[: rows - 1], " ".join(lines[rows - 1 :])[: width - 1] + "…"]
    return lines


def _printable(text: str) -> str:
    """Without the characters XML cannot hold, and without control characters."""
    return "".join(
        c if c.isprintable() or c == " " else " " if c.isspace() else "\ufffd" for c in text
    )


def _xml(text: str) -> str:
    return escape(" ".join(_printable(text).split()))


def _number(value: float) -> str:
    """A coordinate with at most two decimals and no needless zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
