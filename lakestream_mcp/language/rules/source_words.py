"""What the words around a source have in common."""

from __future__ import annotations

from .phrase import Found, Phrase
from .places import names_after
from .words import STOP

HOST = (
    r"(?:(?:\(|at|on|from|via|with|and|broker|brokers|bootstrap|server|servers|"
    r"cluster|=|is|running|address|hosted|:|the|localhost) )*(?P<host>#host)(?: \))?"
)


DEFAULT_BROKER = "localhost:9092"


def cut_out(phrase: Phrase, *spans: Found | None) -> Phrase:
    """The phrase without some spans, which count as understood."""
    for span in sorted((s for s in spans if s), key=lambda s: -s.start):
        phrase.use(span.start, span.end)
        phrase = phrase.without(span)
    return phrase


def kafka_topics(phrase: Phrase, found: Found) -> tuple[list[str], Phrase]:
    """The topics named after, or just before, the words for them."""
    names, end = names_after(phrase, found.end)
    start = found.start
    if not names and start and phrase.tokens[start - 1].kind in ("str", "name"):
        start, names = start - 1, [str(phrase.tokens[start - 1].value)]
    elif (
        not names
        and start
        and phrase.part(found.start, found.end).has("topic")
        and (phrase.tokens[start - 1].kind == "word" and phrase.tokens[start - 1].norm not in STOP)
    ):
        start, names = start - 1, [phrase.tokens[start - 1].text]
    end = max(end, found.end)
    topic = phrase.at(r"topics?", end)
    end = topic.end if topic and names else end
    phrase.use(start, end)
    return names, phrase.outside(start, end)


def title_of(names: list[str]) -> str:
    """A title made of the first of some names."""
    return (
        names[0].replace("_", " ").replace(".", " ").replace("-", " ")[:60].strip().capitalize()
        if names
        else ""
    )
