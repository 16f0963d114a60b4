"""Names, addresses and references in a phrase about where data comes from or goes to."""

from __future__ import annotations

from .phrase import Found, Phrase
from .talk import Talk
from .tokens import Token
from .words import STOP

NAME = r"(?:#str|#name|#topic|[a-z_][\w]*)"
_NOT_NAMES = frozenset(
    [
        "at",
        "on",
        "in",
        "with",
        "bootstrap",
        "broker",
        "brokers",
        "from",
        "to",
        "and",
        "or",
        "as",
        "json",
        "avro",
        "csv",
        "parquet",
        "protobuf",
        "format",
        "server",
        "servers",
        "running",
        "using",
        "via",
        "for",
        "by",
        "topic",
        "topics",
        "table",
        "tables",
        "stream",
        "kafka",
        "when",
        "if",
        "then",
        "where",
        "called",
        "named",
        "which",
        "that",
        "host",
        "hosts",
        "columns",
        "fields",
        "schema",
        "payload",
        "hosted",
        "located",
        "cluster",
        "data",
        "events",
        "records",
        "queue",
        "delta",
        "unity",
        "catalog",
        "sink",
        "source",
        "channel",
        "files",
        "folder",
        "folders",
        "warehouse",
        "webhook",
        "new",
        "instead",
        "rather",
        "too",
        "also",
        "please",
        "now",
    ]
)
TO = r"(?:to|into|onto|in|as|on|via|through|over|by|using|with)"
SEND = (
    r"(?:send|write|save|store|post|publish|push|notify|alert|email|mail|"
    r"page|put|output|append|insert|upsert|"
    r"merge|land|persist|dump|sink|deliver|forward|message|ping|emit|log|"
    r"tell|report|route|archive|record|warn|"
    r"mailed|emailed|paged|notified|alerted|recorded|listed|logged|forwarded|delivered to|"
    r"(?:like|want|need|build|produce|fill|create|make)(?= (?:an?|the) (?:new )?(?:delta "
    r")?tables?)|"
    r"sends|writes|written|sent|published|posted|stored|saved|sinking|"
    r"writing|sending|sink|goes|go|inform|raise|trigger|create|open|produce|"
    r"load them|keep them|list (?:them|those|these|it|all)|note|collect (?:them|it|those)|"
    r"keep a (?:copy|record)|put|(?:keep|kept)(?= (?:it |them |a copy |copies |everything "
    r")?(?:in|as))|"
    r"export|swap|replace|results|output|messages|"
    r"alerts|notifications|notification)"
)
READ = (
    r"(?:read|reads|consume|consumes|ingest|load|stream|listen|subscribe|"
    r"pull|take|use|using|get|fetch|from|source|"
    r"receive|watch|monitor|reading|consuming|ingesting|listening|start|"
    r"starting|collect|tail|pick|simulate|generate|of|arriving|arrive|come|"
    r"coming|sitting|landing)"
)


_LIES = frozenset(
    ["is", "are", "lies", "lie", "lives", "live", "found", "sits", "sit", "stored", "arrive",
     "arrives", "come", "comes", "stand", "stands", "held", "kept", "lands"]
)  # fmt: skip


_COMES = (
    r"(?:come|comes|coming|arrives?|arriving|(?:is|are|gets?|being|be)(?: \w+)? (?:dropped|"
    r"uploaded|"
    r"delivered|copied|placed|pushed)|drops?(?= (?:its|their|the|json|csv|files?|\w+ files?))|"
    r"uploads?|delivers?|lands?|landing)(?: (?!if|when|whenever|once)\S+){0,6}? "
    r"(?:in|into|to|onto|under|at|on)(?: (?:the|a|an|our|folder|directory|volume|path|bucket|table|"
    r"topic|kafka|delta))*$"
)
_TELLING = (
    r"#mail|#url|slack|teams|#num|#dur|#str|#pct|#times|#dist|[<>=]|when|if|whenever|once|alerts?|"
    r"results?|matches|hits|findings|they|them|those|it|these|output|each|every"
)


def comes_in(before: Phrase) -> bool:
    """Whether rows come to a place, by the words of its sentence before it: `readings arrive as
    JSON files in …`; not where these tell what is looked for."""
    if before.has(_TELLING):
        return False
    found = before.find(_COMES)
    return found is not None and found.start > 0


def is_sink(phrase: Phrase, at: int, has_source: bool) -> bool:
    """Whether what is named at a place is written to: the nearest word before it that says so."""
    inside = at > 1 and phrase.tokens[at - 1].norm in ("in", "as", ",", "and")
    inside = inside and phrase.tokens[at - 2].norm not in _LIES
    for number in range(at - 1, max(-1, at - 9), -1):
        word = phrase.tokens[number].norm
        if word in ("to", "into", "onto"):
            return not phrase.part(0, number + 1).has(
                r"(?:listen|listening|subscribe|subscribed|connect|connected) to"
            ) and not (not has_source and comes_in(phrase.part(0, at)))
        if word in ("from", "of"):
            return inside and _tells(phrase.part(0, at))
        if phrase.at(SEND, number):
            return True
        if phrase.at(READ, number):
            return inside and _tells(phrase.part(0, at))
    return has_source or (inside and _tells(phrase.part(0, at)))


def _tells(before: Phrase) -> bool:
    """Whether what comes before `in main.x.y` says what to look for: then that is where it goes."""
    return before.has(
        r"#mail|#url|slack|teams|#num|#dur|#str|#pct|#times|#dist|[<>=]|when|if|every|each|per"
    )


def name_after(phrase: Phrase, at: int) -> tuple[str, int] | None:
    """A name of a topic, table or the like that begins at a place, and where it ends."""
    called = phrase.at(
        r"(?:(?:called|named|is|:|=|the|our|my) )*(?:called|named|is|:|=|the|our|my)", at
    )
    at = called.end if called else at
    if called and phrase.end_of_hyphenated(at - 1) > at:
        at -= 1
        return _joined(phrase, at)
    found = phrase.at(NAME, at)
    if found is None:
        return None
    token = phrase.tokens[at]
    letter = (
        len(token.text) == 1 and phrase.at(r"\w (?:at|on|from|,|and|with|:|in)", at) is not None
    )
    glued = phrase.end_of_hyphenated(at) > at + 1
    if (
        token.kind == "word"
        and not letter
        and not glued
        and (token.norm in _NOT_NAMES or token.norm in STOP)
    ):
        return None
    return _joined(phrase, at)


def _joined(phrase: Phrase, at: int) -> tuple[str, int]:
    """A name written with hyphens is several tokens of one place's neighbours."""
    token = phrase.tokens[at]
    if token.kind != "word":
        return str(token.value), at + 1
    end = phrase.end_of_hyphenated(at)
    return "-".join(t.text for t in phrase.tokens[at:end]), end


def names_after(phrase: Phrase, at: int) -> tuple[list[str], int]:
    """Several names with `and` and commas between them."""
    names: list[str] = []
    end = at
    while named := name_after(phrase, at):
        names.append(named[0])
        end = named[1]
        more = phrase.at(r"(?:and|,|, and)", end)
        if (
            more is None
            or phrase.tokens[more.end : more.end + 1] == ()
            or not _plain_list(phrase, more)
        ):
            break
        at = more.end
    return names, end


def _plain_list(phrase: Phrase, more: Found) -> bool:
    from .clauses import COMMAND

    return not phrase.at(COMMAND, more.end) and not phrase.at(
        rf"{NAME} (?:when|if|at least|more)", more.end
    )


def secret(phrase: Phrase, talk: Talk, default: str, what: str) -> str:
    """The reference of a secret; a place for it is assumed where none is named."""
    found = phrase.take(
        r"(?:(?:with|using|from|the|secret|webhook|via|key|token|in|at|is|"
        r"url|scope|address) )*(?P<s>#secret)"
    )
    if found:
        return str(found.groups["s"][0].value)
    named = phrase.take(
        r"(?:(?:using|with|from|in|the) )*secret(?: scope)? (?P<scope>\w+) (?:key|/) (?P<key>\w+)"
    )
    if named:
        return f"secret://{named.groups['scope'][0].text}/{named.groups['key'][0].text}"
    talk.assume(f"{what} is read from `{default}`; put it there, or name another secret.")
    return default


def table_name(said: str, talk: Talk) -> str:
    """A table's whole name; what is left out is taken to be `main.default`."""
    plain = said.replace("`", "").strip().replace("-", "_").replace(" ", "_")
    missing = 2 - plain.count(".")
    if missing == 1 and plain.startswith("main."):
        plain, missing = plain.removeprefix("main."), 2
    if missing <= 0:
        return plain
    full = ".".join([*("main", "default")[:missing], plain]) if missing == 2 else f"main.{plain}"
    talk.assume(f"I took the table `{plain}` to be `{full}`.")
    return full


def place_of(token: Token | None) -> str:
    """The text of a path or address."""
    return str(token.value) if token else ""
