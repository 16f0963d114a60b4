"""Places that were found by their shape as sources and sinks."""

from __future__ import annotations

from typing import NamedTuple

from ..rules.phrase import Phrase
from ..rules.quantities import measured
from ..rules.scene import Made, Scene
from ..rules.sinks import take_sink
from ..rules.sources import take_source
from ..rules.tokens import tokenise

MESSAGE = (
    r"(?:(?:,|\(|with|and|the|a|an|saying|that|says|using|as) )*"
    r"(?:subject|message|text|body|title|saying)(?: (?:line|is|of|:|=|text))* #str"
    r"(?:(?: ,| and)? (?:body|message|text)(?: (?:is|of|:|=))* #str)?(?: \))?"
)
MERGED = (
    r"(?:(?:,|\(|;|with|and|as|using|in) )*(?:merged?|merging|upsert\w*)"
    r"(?: (?:it|them|rows|mode|write|keys?|on|by|using|is|:|=))* (?:on|by|keys?|:|=) [a-z_]\w*"
)
FORMATS = r"csv|json|parquet|avro"
_ENDING = {"jsonl": "json", "ndjson": "json", "csv": "csv", "parquet": "parquet", "json": "json"}


class Place(NamedTuple):
    """What a text names by its shape, and where that stands."""

    start: int
    end: int
    kind: str
    name: str
    host: str = ""


def made_sink(scene: Scene, phrase: Phrase, place: Place) -> Made | None:
    """Where rows go, with what is said of it right behind."""
    if place.kind == "path" and "://" not in place.name and place.name[0] != "/":
        return Made("file-sink", {"path": place.name, "format": _format(phrase, place)}, "Files")
    said = {
        "mail": f"mail {place.name}{_saying(phrase, place.end)}",
        "url": f"post to {place.name}",
        "people": f"alert on {place.name}{_saying(phrase, place.end)}",
        "table": f"write to the table {place.name}{_merging(phrase, place.end)}",
        "path": f"write {_format(phrase, place)} files to {place.name}",
        "topic": f"send to {_topic(place)}",
    }[place.kind]
    found = take_sink(scene, _phrase(said), True)
    return found[0] if found else None


def _saying(phrase: Phrase, at: int) -> str:
    """What a message is to say, where its words come right after the place."""
    found = phrase.at(MESSAGE, at)
    return f" {phrase.part(found.start, found.end).said()}" if found else ""


def _merging(phrase: Phrase, at: int) -> str:
    """By what the rows of a table are merged, where that comes right after its name."""
    found = phrase.at(MERGED, at)
    return f" merge by {phrase.part(found.end - 1, found.end).said()}" if found else ""


def made_source(scene: Scene, phrase: Phrase, place: Place) -> Made | None:
    """Where rows come from."""
    said = {
        "table": f"read from the delta table {place.name}",
        "path": f"read {_format(phrase, place)} files from {place.name}",
        "topic": f"read from the {_topic(place)}",
    }[place.kind]
    found = take_source(scene, _phrase(said), False)
    return found[0] if found else None


def _topic(place: Place) -> str:
    return f"kafka topic '{place.name}'" + (f" at {place.host}" if place.host else "")


def _phrase(said: str) -> Phrase:
    return Phrase(measured(tokenise(said)))


def _format(phrase: Phrase, place: Place) -> str:
    """The format of files: what is said near them, or how their name ends."""
    ending = place.name.rsplit(".", 1)[-1].lower()
    near = phrase.part(max(0, place.start - 5), place.end + 5).find(f"(?P<f>{FORMATS})")
    return _ENDING.get(ending) or (near.groups["f"][0].norm if near else "parquet")
