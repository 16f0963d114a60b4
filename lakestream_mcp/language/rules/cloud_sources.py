"""Sources of clouds and devices, in words: changes, Kinesis, Event Hubs, Pub/Sub, MQTT, HTTP."""

from __future__ import annotations

from typing import Any

from .phrase import Phrase
from .places import is_sink, name_after, place_of, secret
from .scene import Made, Scene
from .source_words import DEFAULT_BROKER, HOST, cut_out, kafka_topics, title_of


def cdc(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    """`changes of orders by Debezium`: a stream of changes."""
    found = phrase.find(
        r"(?:cdc|debezium|change data capture|maxwell)(?: (?:stream|changes|"
        r"events|messages|feed|envelope|data))*"
    )
    if found is None:
        return None
    envelope = "maxwell" if phrase.has("maxwell") else "debezium"
    rest = cut_out(phrase, found)
    while again := rest.take(r"(?:cdc|debezium|changes?|from|via|of|postgres|mysql)"):
        rest = rest.without(again)
    rest = rest.without(rest.take("kafka(?= (?:at|on))")) if rest.has("topics?") else rest
    topic = rest.find(r"(?:the |kafka |on |in )*topics?|kafka")
    names: list[str] = []
    if topic:
        names, rest = kafka_topics(rest, topic)
    host = rest.find(HOST)
    config: dict[str, Any] = {
        "envelope": envelope,
        "topics": names,
        "bootstrap_servers": place_of(host.token("host")) if host else DEFAULT_BROKER,
    }
    rest = cut_out(rest, host)
    if not host:
        scene.talk.assume(f"No broker was named: I took `{DEFAULT_BROKER}`.")
    table = rest.find(r"(?:the )?(?:table )?(?P<t>#name|\w+) table|table (?P<u>#name|\w+)")
    if table:
        word = table.token("t") or table.token("u")
        names = names or ([word.text] if word else [])
        config["topics"] = names
        rest = cut_out(rest, table)
    keys = rest.take(r"(?:with |and |by |the )*(?:primary )?key(?: is| =| of)? (?P<k>\w+)")
    rest = rest.without(keys)
    if keys:
        config["primary_keys"] = [keys.groups["k"][0].text]
    if not names:
        scene.talk.ask("Which Kafka topic has the changes?")
    return Made("cdc-stream", config, title_of(names)), rest


def _cut_name(phrase: Phrase, cue: str) -> tuple[list[str], Phrase] | None:
    """The name that follows a cue, if there is one, and the phrase without both."""
    found = phrase.find(cue)
    if found is None:
        return None
    named = name_after(phrase, found.end)
    end = named[1] if named else found.end
    phrase.use(found.start, end)
    rest = phrase.outside(found.start, end)
    return [named[0]] if named else [], rest


def kinesis(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    """`the Kinesis stream clicks in eu-west-1`."""
    cut = _cut_name(phrase, r"(?:the |a |aws |amazon )*kinesis(?: (?:data )?streams?)?")
    if cut is None:
        return None
    named, rest = cut
    rest = rest.without(rest.take(r"streams?"))
    region = rest.take(r"(?:in |region |the )*(?P<r>#region)(?: region)?")
    arn = rest.take(r"(?P<a>#arn)")
    config: dict[str, Any] = {"provider": "kinesis"}
    if arn:
        config["stream_arn"] = place_of(arn.token("a"))
    else:
        config["streams"] = named
    if region:
        config["region"] = place_of(region.token("r"))
    if not named and not arn:
        scene.talk.ask("Which Kinesis stream is to be read?")
    credential = rest.take(r"(?:with |using |the )*service credential (?P<c>\w+)")
    config["service_credential"] = credential.groups["c"][0].text if credential else "kinesis"
    if not credential:
        scene.talk.assume("I took a service credential called `kinesis` to log in.")
    return Made("event-hub-kinesis", config, title_of(named)), rest.without(region).without(
        arn
    ) if not (region and arn) else rest


def _namespace(phrase: Phrase) -> tuple[str, Phrase]:
    """The namespace of Event Hubs that a phrase names, and the phrase without it."""
    space = phrase.take(
        r"(?:(?:in|the|of|at|on|with|and) )*namespace(?: (?:called|named|is|:|=))* "
        r"(?P<n>#name|#str|\w+)|(?:(?:in|at) )?(?P<m>#name)"
    )
    word = (space.token("n") or space.token("m")) if space else None
    if space is None or word is None:
        return "", phrase
    if word.kind != "word":
        return str(word.value), phrase.without(space)
    end = phrase.end_of_hyphenated(space.end - 1)
    phrase.use(space.start, end)
    name = "-".join(t.text for t in phrase.tokens[space.end - 1 : end])
    return name, phrase.outside(space.start, end)


_HUB = r"(?:the |an |a |azure )*(?:event ?hubs?|eventhubs?)"


def event_hubs(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    """`the event hub telemetry in namespace iot`."""
    if not phrase.has(_HUB):
        return None
    name, rest = _namespace(phrase)
    named: list[str] = []
    while not named and (cut := _cut_name(rest, _HUB)):
        named, rest = cut
    config: dict[str, Any] = {
        "provider": "event-hub",
        "streams": named,
        "namespace": name or "events",
    }
    if not named:
        scene.talk.ask("Which event hub is to be read?")
    if not name:
        scene.talk.assume("I took `events` for the namespace of Event Hubs.")
    config["connection_string"] = secret(
        rest,
        scene.talk,
        "secret://eventhubs/connection-string",
        "The connection string of Event Hubs",
    )
    rest = rest.without(rest.take(r"(?:(?:with|using|connection|string|secret) )*#secret"))
    return Made("event-hub-kinesis", config, title_of(named)), rest


def pubsub(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    """`the Pub/Sub subscription s in project p`."""
    found = phrase.find(r"(?:google |gcp |the |a )*(?:pub / sub|pub sub|pubsub)")
    if found is None:
        return None
    rest = cut_out(phrase, found)
    config: dict[str, Any] = {}
    for field, word in (
        ("project_id", "project"),
        ("subscription_id", "subscription"),
        ("topic_id", "topic"),
    ):
        at = rest.find(rf"(?:(?:in|of|on|from|the|and|with|,|google|gcp) )*{word}")
        named = name_after(rest, at.end) if at else None
        if at and named:
            rest.use(at.start, named[1])
            rest = rest.outside(at.start, named[1])
            config[field] = named[0]
    if "topic_id" not in config and "subscription_id" in config:
        config["topic_id"] = config["subscription_id"]
    if "subscription_id" not in config and "topic_id" in config:
        config["subscription_id"] = f"{config['topic_id']}-lakestream"
        scene.talk.assume(f"I took the subscription `{config['subscription_id']}`, which is made.")
    if "topic_id" not in config:
        scene.talk.ask("Which Pub/Sub subscription is to be read?")
    if "project_id" not in config:
        scene.talk.ask("In which Google Cloud project is the subscription?")
    return Made("google-pubsub", config, title_of([config.get("topic_id", "")])), rest


def mqtt(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    """`MQTT topic sensors/# at mqtt://broker:1883`."""
    found = phrase.find(
        r"(?:the |an |a |our )*mqtt(?: broker| topics?| messages)*|(?P<u>#url)(?= .*mqtt)"
    )
    if found is None and not any(
        t.kind == "url" and t.text.startswith("mqtt") for t in phrase.tokens
    ):
        return None
    rest = cut_out(phrase, found)
    url = rest.take(r"(?:(?:at|on|from|broker|the) )*(?P<u>#url|#host)")
    rest = rest.without(url)
    topic = rest.take(
        r"(?:(?:topics?|topic filters?|on|subscribe|to|the|and|of) )*(?P<t>#topic|#str|#path)"
    )
    rest = rest.without(topic)
    if topic is None and (at := rest.find(r"(?:the )?topics?(?: filters?)?")):
        names, rest = kafka_topics(rest, at)
    else:
        names = [place_of(topic.token("t"))] if topic else []
    if not names:
        scene.talk.ask("Which MQTT topics are to be read?", ("sensors/#",))
    address = place_of(url.token("u")) if url else "mqtt://localhost:1883"
    address = address if "://" in address else f"mqtt://{address}"
    if not url:
        scene.talk.assume("No broker was named: I took `mqtt://localhost:1883`.")
    config = {"broker_url": address, "topic_filters": names, "client_id": "lakestream"}
    return Made("mqtt", config, "MQTT"), rest


_LANDS = r"(?:(?:,|and|that|which|what is posted|it) )*(?:lands?|landing)(?! table)"
"""Words by which what is posted to a webhook is kept as files first."""


def webhook(scene: Scene, phrase: Phrase, has_source: bool) -> tuple[Made, Phrase] | None:
    """A webhook that rows come from, or go to."""
    found = phrase.find(
        r"(?:(?:through|via|by|from|a|an|our|the|over|on|to) )*(?:(?:rest|"
        r"http|incoming) )*(?:webhooks?|http post|rest api|rest endpoint|"
        r"http endpoint|http posts?)(?: (?:source|endpoint|calls|"
        r"requests))*"
    )
    if found is None or phrase.has("#url"):
        return None
    if not phrase.at(_LANDS, found.end) and is_sink(phrase, found.start, has_source):
        return None
    rest = cut_out(phrase, found)
    path = rest.take(rf"(?:{_LANDS} |(?:into|in|at|path|folder|with|the|to) )*(?P<p>#path)")
    rest = rest.without(path)
    rest = rest.without(rest.take(r"(?:(?:,|on|at|and|listening) )*port #num"))
    where = place_of(path.token("p")) if path else "/Volumes/main/default/lakestream/landing"
    if not path:
        scene.talk.assume(f"What is posted lands in `{where}`.")
    return Made("rest-webhook-source", {"landing_path": where}, "Webhook"), rest
