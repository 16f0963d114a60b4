"""A benchmark as a picture: latency and load by rate. The same figures give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 40, 34
PANEL = (WIDTH - 2 * (LEFT + RIGHT)) // 2
COLOURS = {"p50": "#2b6cb0", "p95": "#d69e2e", "p99": "#c53030", "busy": "#2f855a"}
Line = tuple[str, list[tuple[float, float]]]


def plot(report: dict[str, Any], title: str) -> str:
    """An SVG with two panels; both axes of latency, and the rates, are logarithmic."""
    steps = [*report["steps"], *(report.get("saturation") or {}).get("probes", [])]
    steps.sort(key=lambda step: step["rate"])
    latency = [
        (name, [(s["rate"], s["latency_ms"][name]) for s in steps if s.get("latency_ms")])
        for name in ("p50", "p95", "p99")
    ]
    busy = [("busy", [(s["rate"], 100 * s["busy"]) for s in steps])]
    body = [_text(LEFT, 16, title, "start", "13px", "#1a202c")]
    body += _panel(LEFT, "latency, ms", latency)
    body += _panel(2 * LEFT + RIGHT + PANEL, "busy, %", busy)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="10px">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _panel(left: int, title: str, lines: Sequence[Line]) -> list[str]:
    points = [point for _, line in lines for point in line if min(point) > 0]
    drawn = [_text(left, TOP - 6, title, "start", "11px", "#4a5568")]
    bottom = HEIGHT - BOTTOM
    frame = f'x="{left}" y="{TOP}" width="{PANEL}" height="{bottom - TOP}"'
    drawn.append(f'<rect {frame} fill="none" stroke="#cbd5e0"/>')
    if not points:
        middle = left + PANEL // 2
        return [*drawn, _text(middle, HEIGHT // 2, "no matches", "middle", "11px", "#718096")]
    across = _scale([x for x, _ in points], left, left + PANEL)
    up = _scale([y for _, y in points], bottom, TOP)
    drawn += [
        _text(across(x), bottom + 13, _short(x), "middle") for x in _ticks([x for x, _ in points])
    ]
    drawn += [_text(left - 4, up(y) + 3, _short(y), "end") for y in _ticks([y for _, y in points])]
    drawn.append(_text(left + PANEL // 2, HEIGHT - 6, "events per second", "middle"))
    for number, (name, line) in enumerate(lines):
        shown = [(across(x), up(y)) for x, y in line if min(x, y) > 0]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in shown)
        colour = COLOURS[name]
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in shown]
        end = left + PANEL - 60 + 30 * number
        drawn.append(_text(end, TOP - 6, name, "start", "10px", colour))
    return drawn


def _scale(values: Sequence[float], start: float, end: float) -> Any:
    """Where a value is drawn, by its logarithm."""
    low, high = math.log10(min(values)), math.log10(max(values))
    low, high = math.floor(low * 2 - 0.01) / 2, math.ceil(high * 2 + 0.01) / 2

    def place(value: float) -> float:
        return start + (math.log10(value) - low) / (high - low) * (end - start)

    return place


def _ticks(values: Sequence[float]) -> list[float]:
    """Powers of ten within the range, or its ends where there are fewer than two."""
    low, high = min(values), max(values)
    found = [10.0**n for n in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
    return found if len(found) > 1 else sorted({low, high})


def _short(value: float) -> str:
    """Three digits at most."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def _text(
    x: float, y: float, text: str, anchor: str, size: str = "10px", colour: str = "#4a5568"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{colour}">{escape(text)}</text>'
    )
