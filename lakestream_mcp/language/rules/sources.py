"""Where rows come from, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data_files import FORMATS, format_of
from .cloud_sources import cdc, event_hubs, kinesis, mqtt, pubsub, webhook
from .phrase import Found, Phrase
from .places import is_sink, name_after, place_of, table_name
from .scene import Made, Scene
from .source_words import DEFAULT_BROKER, HOST, cut_out, kafka_topics, title_of
from .tokens import Token

_FORMAT = (
    r"(?:(?:in|as|with|containing|encoded|of|the|using|format|value|is|are) "
    r")*(?P<f>json|avro|protobuf|csv|parquet|text)(?: (?:format|encoded|files|"
    r"messages|values|data|records|lines|encoding|payloads|payload))*"
)


_START = (
    r"(?:(?:starting |start |reading |and )*(?:from|at) (?:the )?(?:beginning|"
    r"earliest(?: offsets?)?|start)|from the earliest|earliest offsets?|all "
    r"history)"
)


_PROFILES = (
    ("financial-transactions", r"financial|transactions?|payments?|bank|card|cards|fraud"),
    ("clickstream", r"click\w*|page ?views?|web|browsing"),
    ("ecommerce-orders", r"orders?|ecommerce|shop\w*|e commerce"),
    ("iot-sensors", r"sensors?|iot|devices?|temperature\w*|machines?|telemetry"),
)


_PATH = (
    r"(?:(?:from|in|the|under|at|new|folder|directory|path|volume|of|landing|arriving|dropped|"
    r"into|bucket|files?) )*(?P<p>#path)(?: (?:folder|directory|volume|file))?"
)
_FOLDER = (
    r"(?:(?:from|in|the|under|at|new|of|our|a) )*(?:folder|directory) "
    r"(?P<d>[a-z_]\w*(?: / \w+){0,8})|"
    r"(?:(?:new|the|all|json|csv|parquet|avro|data) )*files? (?:from|in|under|at|of) "
    r"(?P<e>[a-z_]\w*(?: / \w+){1,8})"
)


Reader = Callable[[Scene, Phrase, bool], tuple[Made, Phrase] | None]


_TAIL = (
    r"(?:(?:of|iot|sensor|sensors|financial|bank|card|payment|payments|"
    r"transactions?|orders?|ecommerce|clicks?|clickstream|click|stream|"
    r"readings?|events?|data|profile|devices?|web|from|with|telemetry) "
    r")*(?:of|iot|sensor|sensors|financial|bank|card|payment|payments|"
    r"transactions?|orders?|ecommerce|clicks?|clickstream|stream|"
    r"readings?|events?|data|profile|devices?|telemetry)"
)


_LEAD = (
    r"(?:(?:the|a|an|from|iot|sensor|sensors|financial|card|"
    r"transactions?|orders?|clickstream|stream|use|using|with|read) "
    r")*(?:the|a|an|from|iot|sensor|sensors|financial|card|"
    r"transactions?|orders?|clickstream|stream|use|using)$"
)


def take_source(scene: Scene, phrase: Phrase, has_source: bool) -> tuple[Made, Phrase] | None:
    """A source that the phrase names, and the phrase without it."""
    for reader in (
        simulator,
        cdc,
        kinesis,
        event_hubs,
        pubsub,
        mqtt,
        webhook,
        _kafka,
        _table,
        _files,
    ):
        found = reader(scene, phrase, has_source)
        if found is not None:
            made, rest = found
            lead = rest.find(
                r"(?:(?:please|i want to|we|let us|first|and|stream|data|"
                r"events|the|live|incoming) )*(?:read|reads|consume|"
                r"consumes|ingest|load|take|use|using|get|fetch|pull|"
                r"listen(?: to)?|subscribe(?: to)?|start(?:ing)? (?:with|"
                r"from)|collect|from|source|reading|consuming|ingesting|"
                r"watch|monitor|receive)(?: (?:the|data|events|messages|"
                r"records|rows|from|to|in|on|of|a|an|our|my|incoming|live|"
                r"new|stream|streaming))*"
            )
            if lead is not None:
                rest.use(lead.start, lead.end)
                rest = rest.without(lead)
            return made, rest
    return None


def _kafka(scene: Scene, phrase: Phrase, has_source: bool) -> tuple[Made, Phrase] | None:
    found = phrase.find(
        r"(?:the |a |our )?kafka(?: \()?(?: topics?| stream| queue)?|(?:the "
        r"|a )?(?:topics?)(?! filter)"
    )
    if found is None or is_sink(phrase, found.start, has_source):
        return None
    topics, rest = kafka_topics(phrase, found)
    if not topics and (named := rest.find(r"(?:the |a )?topics?(?: is| =| :)?")):
        topics, rest = kafka_topics(rest, named)
    host = rest.find(HOST)
    scene_host = place_of(host.token("host")) if host else ""
    rest = cut_out(rest, host)
    form, start = rest.find(_FORMAT), rest.find(_START)
    registry = rest.find(
        r"(?:(?:with|and|using|the|a|schema|registry|at|confluent) "
        r")*registry(?: (?:at|is|url|:|on))* (?P<url>#url)"
    )
    config: dict[str, Any] = {"topics": topics, "bootstrap_servers": scene_host or DEFAULT_BROKER}
    if not topics:
        scene.talk.ask("Which Kafka topic is to be read?")
    if not scene_host:
        scene.talk.assume(f"No broker was named: I took `{DEFAULT_BROKER}`.")
    if form and form.groups["f"][0].norm in ("json", "avro", "protobuf"):
        config["format"] = form.groups["f"][0].norm
    if registry:
        config["schema_registry_url"] = place_of(registry.token("url"))
    elif config.get("format") in ("avro", "protobuf"):
        config["schema_registry_url"] = "http://localhost:8081"
        scene.talk.assume("I took the schema registry at `http://localhost:8081`.")
    if start:
        config["starting_offsets"] = "earliest"
    rest = cut_out(rest, form) if form else rest
    if not phrase.part(found.start, found.end).has("kafka"):
        rest = rest.without(
            rest.take(r"(?:(?:from|on|in|via|of|our|the) )*kafka(?: cluster| broker)?")
        )
    rest = rest.without(rest.take(_START)) if start else rest
    rest = rest.without(rest.take(r"(?:schema )?registry(?: at| url)* #url")) if registry else rest
    return Made("kafka-topic", config, title_of(topics)), rest


def _table(scene: Scene, phrase: Phrase, has_source: bool) -> tuple[Made, Phrase] | None:
    found = phrase.find(
        r"(?:(?:the|a|our|existing) )*(?:(?:delta|unity catalog|uc|"
        r"databricks|lakehouse|bronze|silver) )*tables?(?: (?P<n>#name|"
        r"#str))?|(?P<m>#name)(?: (?:delta )?table)?"
    )
    if found is None or is_sink(phrase, found.start, has_source):
        return None
    if phrase.part(max(0, found.start - 7), found.start).has(
        r"join|enrich|enriched|lookup|look|joined|with|against"
    ):
        return None
    added = phrase.part(0, found.start).has(r"(?:add|attach|append|augment)(?: \S+){1,7} from")
    if added and phrase.at(r"(?:by|on|using|via|matching|where) \w+", found.end):
        return None
    token = found.token("n") or found.token("m")
    end = found.end
    name = str(token.value) if token else ""
    if not name and (named := name_after(phrase, found.end)):
        name, end = named
    if not name or (
        token is not None
        and token.kind == "name"
        and "m" in found.groups
        and name.count(".") != 2
        and not phrase.has(r"tables?|read|from")
    ):
        return None
    phrase.use(found.start, end)
    config: dict[str, Any] = {"table": table_name(name, scene.talk)}
    rest = phrase.outside(found.start, end)
    if feed := rest.take(
        r"(?:(?:using|with|the|its|via|read|reading) )*(?:change (?:data )?feed|cdf)"
    ):
        config["change_feed"] = True
        rest = rest.without(feed)
    return Made("delta-table-source", config, title_of([name.rsplit(".", 1)[-1]])), rest


def _files(scene: Scene, phrase: Phrase, has_source: bool) -> tuple[Made, Phrase] | None:
    found = phrase.find(r"(?P<p>#path)") or phrase.find(_FOLDER)
    if found is None or is_sink(phrase, found.start, has_source):
        return None
    path, rest = _path(phrase, found)
    form = rest.find(_FORMAT + r"|(?P<g>json|csv|parquet|avro)")
    name = path.rstrip("/").rsplit("/", 1)[-1]
    said = form.token("f") or form.token("g") if form else None
    kind = said.norm if said and said.norm in FORMATS else format_of(path)
    config = {"path": path, "format": kind or "json"}
    if not kind:
        scene.talk.assume("I took the files to hold JSON lines.")
    rest = cut_out(rest, form)
    rest = rest.without(
        rest.take(
            r"(?:new |incoming |the )?files?(?: (?:in|from|arriving|as they "
            r"arrive))?|auto ?loader|using auto ?loader"
        )
    )
    return Made("auto-loader", config, title_of([name.split(".")[0].strip("*?")])), rest


def _path(phrase: Phrase, found: Found) -> tuple[str, Phrase]:
    """The path of files, of several words or with a pattern before it, and the phrase without."""
    folder = found.groups.get("d") or found.groups.get("e")
    if folder is not None:
        return "".join(t.text for t in folder), cut_out(phrase, found)
    rest = cut_out(phrase, phrase.find(_PATH))
    path = place_of(found.token("p"))
    inside = rest.at(_PATH, found.start) if set("*?") & set(path) and "/" not in path else None
    if inside is None:
        return path, rest
    return f"{place_of(inside.token('p')).rstrip('/')}/{path}", cut_out(rest, inside)


def simulator(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    """`simulated transactions at 50 events per second`."""
    found = phrase.find(
        r"(?:simulator|simulated|simulate|simulation|fake|synthetic|made up|"
        r"dummy|mock|generated test)(?: (?:data|events|stream|of))*"
    )
    if found is None:
        return None
    around = phrase.part(max(0, found.start - 3), found.end + 7)
    profile = next((name for name, cue in _PROFILES if around.has(cue)), "iot-sensors")
    if not any(around.has(cue) for _, cue in _PROFILES):
        scene.talk.assume(
            "I took the simulator's sensors; clicks, transactions and orders are there too."
        )
    config: dict[str, Any] = {"profile": profile}
    rate = phrase.find(
        r"(?:at |with )?(?P<n>#num) (?:(?:events|rows|messages|records|"
        r"readings|\w+) )?(?:(?:per|a|each|/) )?#dur"
    )
    start, end = found.start, found.end
    tail = phrase.at(
        (_TAIL),
        end,
    )
    end = tail.end if tail else end
    lead = phrase.part(0, start).find(_LEAD)
    start = lead.start if lead else start
    paced = rate and _is_pace(rate.groups["n"][0])
    if rate and paced:
        config["events_per_second"] = int(rate.groups["n"][0].value)
        phrase.use(rate.start, rate.end)
        end = max(end, rate.end) if rate.start <= end + 2 else end
        start = min(start, rate.start) if rate.end >= start - 2 else start
    phrase.use(start, end)
    said = {*range(start, end), *(range(rate.start, rate.end) if rate and paced else ())}
    rest = [token for place, token in enumerate(phrase.tokens) if place not in said]
    return Made("stream-simulator", config, "Simulator"), Phrase(rest, phrase.used)


def _is_pace(number: Token) -> bool:
    """Whether so many events a second can be made."""
    return bool(number.value == int(number.value) and 0 < number.value < 100_000)
