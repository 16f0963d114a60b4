"""Messages to people and to other systems, in words."""

from __future__ import annotations

from typing import Any

from .phrase import Phrase
from .places import place_of, secret
from .scene import Made, Scene
from .sink_words import without_sink


def _saying(phrase: Phrase) -> tuple[str | None, Phrase]:
    """The message that was given in quotes."""
    found = phrase.take(
        r"(?:(?:with|and|the|a|message|text|saying|that says|body|reading) "
        r")*(?:message|saying|says|text|body|reading)(?: is| of| :)* "
        r"(?P<m>#str)"
    )
    if found:
        return str(found.groups["m"][0].value), phrase.without(found)
    return None, phrase


_PROVIDER = (
    r"(?:(?:microsoft|ms|the|our|a|on|via|to|my|by) )*(?P<p>slack|teams|"
    r"pager ?duty|pager)(?: (?:message|alert|notification|webhook))?"
)
_PAGE = (
    r"page (?:me|us|on ?call|the on ?call|the|someone|ops)(?: (?:on call|engineer|team|person))*"
)
_CHANNEL = (
    r"(?:(?:in|on|to|the|channel|at) )*(?P<c>#channel)(?: channel)?|"
    r"(?:(?:in|on|to|the|channel) )*channel (?P<d>\w+)"
)
_RINGS = (
    r"(?:must|should|shall|has to|needs to|is to|will)(?: be)? (?:ring|alert|alerted|called|told|"
    r"notified|informed|pinged|messaged|fire|page|know|paged)"
)
_TITLES = {"slack": "Slack", "teams": "Teams", "pagerduty": "PagerDuty"}


def to_people(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    """Slack, Teams or PagerDuty, in words."""
    found = phrase.find(_PROVIDER) or phrase.find(_PAGE)
    if found is None:
        return None
    word = found.token("p")
    provider = "pagerduty" if word is None or word.norm.startswith("pager") else word.norm
    channel = phrase.at(_CHANNEL, found.end)
    before = phrase.find(r"(?:(?:to|in|on|the|channel) )*(?P<c>#channel)(?: (?:channel|on|in))*")
    start = found.start
    if channel is None and before and before.start < found.start:
        channel, start = before, before.start
    if channel is not None:
        said = (channel.token("c") or channel.groups["d"][0]).text
        scene.talk.assume(f"The channel {said} is the one that the webhook posts to.")
    end = max(found.end, channel.end if channel else 0)
    rest = without_sink(phrase, found._replace(start=start), end)
    rest = rest.without(rest.take(_RINGS))
    message, rest = _saying(rest)
    config, rest = _reached(scene, rest, provider)
    config["message"] = message
    return Made("slack-teams-pagerduty", config, _TITLES[provider]), rest


def _reached(scene: Scene, rest: Phrase, provider: str) -> tuple[dict[str, Any], Phrase]:
    """How a provider is reached: always by the reference of a secret."""
    config: dict[str, Any] = {"provider": provider}
    if provider == "pagerduty":
        config["routing_key"] = secret(
            rest, scene.talk, "secret://alerts/pagerduty-routing-key", "PagerDuty's integration key"
        )
        if level := rest.take(
            r"(?:(?:with|as|a|severity|of|level) )*(?P<s>critical|error|warning|info)(?: severity)?"
        ):
            config["severity"] = level.groups["s"][0].norm
            rest = rest.without(level)
    else:
        name = provider.capitalize()
        config["webhook_url"] = secret(
            rest, scene.talk, f"secret://alerts/{provider}-webhook", f"{name}'s webhook"
        )
    return config, without_secret(scene, rest)


def changed_provider(scene: Scene, provider: str) -> dict[str, Any]:
    """What makes a message go by another service."""
    config, _ = _reached(scene, Phrase(()), provider)
    unused = {"routing_key", "severity", "webhook_url"} - set(config)
    return {**config, **dict.fromkeys(sorted(unused))}


def without_secret(scene: Scene, phrase: Phrase) -> Phrase:
    """The phrase without references of secrets; an address that is one is left out."""
    rest = phrase.without(
        phrase.take(
            r"(?:(?:with|using|from|the|secret|webhook|via|key|token|in|at|"
            r"is|url|scope|address) )*#secret"
        )
    )
    literal = rest.take(r"(?:(?:with|using|webhook|url|at|the|via|is|its|address) )*#url")
    if literal:
        scene.talk.assume(
            "An address that lets whoever knows it post is a secret: I "
            "left it out; put it into the secret scope."
        )
    return rest.without(literal)


def to_mail(scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    """An e-mail and its addresses, in words."""
    found = phrase.find(
        r"(?:(?:e mail|email|mail|to|an?|by|via|at|address|notify|alert|"
        r"send|the|emails|team) )*(?P<m>#mail)(?: (?:and|,|#mail))*"
    )
    if found is None:
        if not phrase.has(
            r"(?:by|via|an|send|as|to) (?:e mail|email|mail)|(?:e mail|"
            r"email|mail) (?:me|us|the|to|someone)"
        ):
            return None
        phrase.take(
            r"(?:by|via|an|send|as|to) (?:e mail|email|mail)|(?:e mail|"
            r"email|mail) (?:me|us|the|to|someone)"
        )
        scene.talk.ask("To which address is the e-mail to go?")
        return Made("email-sink", {"to": []}), phrase
    end = found.end
    while end > found.start and phrase.tokens[end - 1].kind != "mail":
        end -= 1
    addresses = [str(t.value) for t in phrase.tokens[found.start : end] if t.kind == "mail"]
    rest = without_sink(phrase, found, end)
    rest = rest.without(rest.take(r"(?:by |via |an |as )*(?:e mail|email|mail)"))
    subject = rest.take(r"(?:with |and |the )*subject(?: is| of| :)* (?P<s>#str)")
    message, rest = _saying(rest.without(subject))
    domain = addresses[0].split("@")[1]
    host = f"smtp.{domain}"
    scene.talk.assume(f"The mail comes from `lakestream@{domain}` by the server `{host}`.")
    config = {
        "host": host,
        "sender": f"lakestream@{domain}",
        "to": addresses,
        "subject": str(subject.groups["s"][0].value) if subject else None,
        "body": message,
    }
    return Made("email-sink", config, "E-mail"), rest


def webhook(_scene: Scene, phrase: Phrase, _has_source: bool) -> tuple[Made, Phrase] | None:
    """A webhook that rows come from, or go to."""
    found = phrase.find(
        r"(?:(?:to|a|an|the|our|rest|http|at|webhook|endpoint|url|api|call|"
        r"service|it) )*(?P<u>#url)"
    )
    if found is None or place_of(found.token("u")).startswith("mqtt"):
        return None
    rest = without_sink(phrase, found)
    rest = rest.without(rest.take(r"(?:a |the )?(?:rest |http )?(?:webhook|endpoint|api)"))
    put = rest.take(
        r"(?:(?:with|using|via|by|method|http|the|a|as|is|:|=) )*put(?: method| request)?"
    )
    config = {"url": place_of(found.token("u"))} | ({"method": "PUT"} if put else {})
    return Made("rest-webhook-sink", config, "Webhook"), rest.without(put)
