"""Where rows go, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data_files import format_of
from .alert_sinks import to_mail, to_people, webhook, without_secret
from .modifiers import take_key
from .phrase import Phrase
from .places import SEND, is_sink, name_after, place_of, secret, table_name
from .scene import Made, Scene
from .sink_words import FILLERS, Target, merge_keys, without_sink
from .source_words import DEFAULT_BROKER, HOST, kafka_topics
from .words import STOP

Reader = Callable[[Scene, Phrase, bool], tuple[Made, Phrase] | None]
_TABLE = (
    r"(?:(?:the|a|our|another) )*(?P<kind>(?:delta|unity catalog|uc|"
    r"gold|silver|bronze|databricks|managed) )*tables?(?: (?P<n>#name|"
    r"#str))?|(?:(?:the|a) )*(?P<m>#name)(?: (?:delta )?table)?|"
    r"(?:unity catalog|delta lake|delta)(?: (?:as|table|at))*(?: "
    r"(?P<o>#name))?"
)


def take_sink(scene: Scene, phrase: Phrase, has_source: bool) -> tuple[Made, Phrase] | None:
    """A sink that the phrase names, and the phrase without it."""
    for reader in READERS:
        found = reader(scene, phrase, has_source)
        if found is not None:
            return found
    return None


def finished(made: Made, target: Target) -> Made:
    """A sink with what depends on the rows that it is given."""
    config = dict(made.config)
    if made.type == "slack-teams-pagerduty" and not config.get("message"):
        config["message"] = _message(target)
    if made.type == "email-sink":
        config["body"] = config.get("body") or _message(target)
        config["subject"] = config.get("subject") or target.title
    merges = made.type in ("sql-warehouse-sink", "lakebase-sink") or config.get("mode") == "merge"
    if merges and "merge_keys" not in config and not target.is_match and target.columns:
        config["merge_keys"] = list(target.columns[:1])
    sequenced = made.type == "feature-store-sink" or (merges and config.get("merge_keys"))
    if sequenced and "sequence_by" not in config and target.time:
        config["sequence_by"] = target.time
    return made._replace(config=config)


def _message(target: Target) -> str:
    """A message that names what was found."""
    if target.is_match:
        keys = ", ".join(f"{{{name}}}" for name in target.columns[:3])
        return f"{target.title}{f' for {keys}' if keys else ''} at {{detected_at:time}}"
    shown = ", ".join(f"{name} {{{name}}}" for name in target.columns[:4])
    return f"{target.title}: {shown}" if shown else target.title


def _dead_letters(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    found = phrase.find(
        r"(?:(?:to|into|a|the|an?) )*(?:dead letters?(?: queue| table| "
        r"topic)?|dlq)(?: (?:table|topic|called|named|in|kafka|delta|:|=|"
        r"\((?= (?:kafka|delta|table|topic|#name))|,(?= (?:kafka|delta|table|topic))))*"
    )
    if found is None:
        return None
    named = name_after(phrase, found.end)
    end = named[1] if named else found.end
    topic = phrase.part(found.start, end).has("topic") or phrase.has("dead letter topic")
    rest = without_sink(phrase, found, end)
    name = named[0] if named else "dead_letters"
    config: dict[str, Any] = {"target": "kafka" if topic else "delta"}
    if topic:
        host = rest.take(rf"(?:(?:,|kafka) )*{HOST}")
        rest = rest.without(host)
        config |= {
            "topic": name,
            "bootstrap_servers": place_of(host.token("host")) if host else DEFAULT_BROKER,
        }
    else:
        config["table"] = table_name(name, scene.talk)
    return Made("dead-letter-queue", config, "Dead letters"), rest


def _warehouse(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    found = phrase.find(
        r"(?:(?:the|a|our|using|via|through|on|with|into|to|sql) )*(?:sql "
        r")?warehouse(?: (?:id|with id))*"
    )
    if found is None or not (
        phrase.part(found.start, found.end).has("sql") or is_sink(phrase, found.end - 1, False)
    ):
        return None
    after = phrase.at(r"(?P<w>#str|[0-9a-f]\w*|[a-z_]+\d\w*|#num)", found.end)
    end = after.end if after and phrase.tokens[found.end].norm not in STOP else found.end
    words = phrase.tokens[found.end : end]
    rest = without_sink(phrase, found, end)
    table, rest = _named_table(scene, rest)
    if not words:
        scene.talk.ask("What is the id of the SQL warehouse?")
    keys, rest = merge_keys(scene, rest)
    identity = "".join(str(t.value) if t.kind == "str" else t.text for t in words)
    config: dict[str, Any] = {"warehouse_id": identity or "warehouse", "table": table}
    config |= {"merge_keys": keys} if keys else {}
    return Made("sql-warehouse-sink", config, "Warehouse"), rest


def _named_table(scene: Scene, phrase: Phrase) -> tuple[str, Phrase]:
    found = phrase.find(
        r"(?:(?:to|into|in|the|a|delta|as|merge|of|using) )*(?:tables? "
        r")?(?P<n>#name)(?: table)?|(?:(?:to|into|in|the|a|delta) )*tables?"
    )
    if found is None:
        return table_name("results", scene.talk), phrase
    token = found.token("n")
    named = None if token else name_after(phrase, found.end)
    rest = without_sink(phrase, found, named[1] if named else None)
    return table_name(
        str(token.value) if token else named[0] if named else "results", scene.talk
    ), rest


def _lakebase(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    found = phrase.find(
        r"(?:(?:to|into|a|the|our|in) )*(?:lakebase|postgres|postgresql)(?: "
        r"(?:instance|database|server))?"
    )
    if found is None or not is_sink(phrase, found.start, True):
        return None
    direct = phrase.at(r"#name", found.end)
    rest = without_sink(phrase, found, direct.end if direct else None)
    instance = rest.take(r"(?:the )?instance (?P<i>\w+)")
    host = rest.take(r"(?:(?:on|at|host) )+(?P<h>#host|#name)")
    rest = rest.without(instance) if instance else rest.without(host)
    named = rest.find(r"(?:(?:to|into|in|the|a) )*tables? (?P<n>#name|#str)")
    found = named or rest.find(
        r"(?:(?:to|into|in|the|a) )*tables? (?P<n>(?!instead|too|also|now)\w+)|(?:(?:to|"
        r"into|in|the|a) )*(?P<m>\w+) table"
    )
    found = None if direct else found
    token = (found.token("n") or found.token("m")) if found else None
    token = phrase.tokens[direct.start] if direct else token
    rest = without_sink(rest, found) if found else rest
    *above, name = str(token.value or token.text).split(".") if token else ["matches"]
    keys, rest = merge_keys(scene, rest)
    where = place_of(host.token("h")).split(":")[0] if host else "lakebase.example.com"
    if not host:
        scene.talk.assume("No server was named: I took `lakebase.example.com`; set `host`.")
    scene.talk.assume("Rows are written as the user `lakestream`.")
    config: dict[str, Any] = {"host": where, "table": name, "user": "lakestream"}
    if instance:
        config["instance"] = instance.groups["i"][0].text
    else:
        config["password"] = secret(rest, scene.talk, "secret://lakebase/password", "The password")
        rest = without_secret(scene, rest)
    config |= dict(zip(("schema_name", "database"), reversed(above), strict=False))
    config |= {"merge_keys": keys} if keys else {}
    return Made("lakebase-sink", config, "Lakebase"), rest


def _kafka(scene: Scene, phrase: Phrase, has_source: bool) -> tuple[Made, Phrase] | None:
    found = phrase.find(
        r"(?:(?:the|a|another|our) )*kafka(?: topics?| stream| queue)?|"
        r"(?:(?:the|a|another) )*topics?"
    )
    while found is not None and not is_sink(phrase, found.start, has_source):
        found = phrase.find(r"kafka(?: topics?)?|topics?", found.end)
    if found is None:
        return None
    start = found.start
    while start and (phrase.at(SEND, start - 1) or phrase.tokens[start - 1].norm in FILLERS):
        start -= 1
    phrase.use(start, found.start)
    names, rest = kafka_topics(phrase, found)
    rest = rest.outside(start, found.start)
    host = rest.take(HOST)
    rest = rest.without(host)
    if not names and not (start and phrase.part(0, found.start).has("to|into|via|in|on")):
        return None
    if not names:
        scene.talk.assume("No topic was named to write to: I took `alerts`.")
    same = rest.take(
        r"(?:(?:on|at|in|of|to|using) )*the same (?:brokers?|clusters?|servers?|kafka)"
    )
    rest = rest.without(same)
    if not host and not same:
        scene.talk.assume(f"No broker was named: I took `{DEFAULT_BROKER}`.")
    config: dict[str, Any] = {
        "topic": names[0] if names else "alerts",
        "bootstrap_servers": place_of(host.token("host")) if host else DEFAULT_BROKER,
    }
    return Made("kafka-topic-sink", config, f"Topic {config['topic']}"), rest


def _files(_scene: Scene, phrase: Phrase, has_source: bool) -> tuple[Made, Phrase] | None:
    found = phrase.find(
        r"(?:(?:to|into|in|the|as|json|csv|parquet|files?|folder|directory|under|at) )*(?P<p>#path)"
    )
    if found is None or not is_sink(phrase, found.end - 1, has_source):
        return None
    path = place_of(found.token("p"))
    kinds = ("csv", "parquet", "json")
    kind = next((k for k in kinds if phrase.has(k) or format_of(path) == k), "json")
    rest = without_sink(phrase, found)
    rest = rest.without(rest.take(r"(?:as )?(?:json|csv|parquet)(?: files?| format)*"))
    return Made("file-sink", {"path": path, "format": kind}, "Files"), rest


def _feature(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    found = phrase.find(
        r"(?:(?:to|into|a|the|our|in) )*feature (?:table|store)(?: (?:table|called|named))*"
    )
    if found is None:
        return None
    named = name_after(phrase, found.end)
    rest = without_sink(phrase, found, named[1] if named else None)
    name = named[0] if named else "features"
    keys, rest = merge_keys(scene, rest)
    if not keys:
        scene.talk.ask(
            "By which columns is an entity of the feature table known?", tuple(scene.columns.types)
        )
    config = {"table": table_name(name, scene.talk), "primary_keys": keys}
    return Made("feature-store-sink", config, "Features"), rest


def _table(scene: Scene, phrase: Phrase, has_source: bool) -> tuple[Made, Phrase] | None:
    if phrase.has(r"enrich\w*|join|look ?up|lookup"):
        return None
    found = phrase.find(_TABLE)
    while found is not None and not is_sink(phrase, found.start, has_source):
        found = phrase.find(r"tables?(?: (?P<n>#name|#str))?|(?P<m>#name)(?: table)?", found.end)
    if found is None:
        return None
    around = phrase.part(max(0, found.start - 4), found.end)
    token = found.token("n") or found.token("m") or found.groups.get("o", (None,))[0]
    named = None if token else name_after(phrase, found.end)
    unnamed = token is None and named is None and found.start > 0
    if unnamed and phrase.tokens[found.start - 1].kind == "word":
        before = phrase.tokens[found.start - 1]
        if before.norm not in STOP and not phrase.at(SEND, found.start - 1):
            named = before.text, found.end
            found = found._replace(start=found.start - 1)
    rest = without_sink(phrase, found, named[1] if named else None)
    said = str(token.value) if token else named[0] if named else ""
    name = table_name(said or "results", scene.talk)
    merging = phrase.has("upserts?|merges?|upserted|merged")
    keys, rest = merge_keys(scene, rest)
    if merging and not keys:
        key, rest = take_key(rest, scene.columns, scene.talk)
        keys = list(key.names)
    if around.has(r"unity catalog|uc") or phrase.has(r"unity catalog"):
        rest = rest.without(rest.take(r"(?:in |to )?unity catalog"))
        return Made("unity-catalog-table-sink", {"table": name}, _table_title(name)), rest
    merge = (
        keys
        or rest.take(r"merge|merging|upsert|upserting|merged")
        or phrase.part(0, found.start).has("merge|upsert|merges|upserts")
    )
    config: dict[str, Any] = {"table": name}
    if merge:
        config |= {"mode": "merge"} | ({"merge_keys": keys} if keys else {})
    return Made("delta-table-sink", config, _table_title(name)), rest


def _table_title(name: str) -> str:
    return name.rsplit(".", 1)[-1].replace("_", " ").capitalize()


READERS: tuple[Reader, ...] = (
    to_people,
    to_mail,
    _dead_letters,
    webhook,
    _warehouse,
    _lakebase,
    _feature,
    _kafka,
    _files,
    _table,
)
