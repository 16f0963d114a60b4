"""`read_kafka` as a configuration.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from ....graph.node_parts import Reading
from ....relational.declarative.functions import Call, literal, only_star, streamed_call

FIELDS = {
    "bootstrapservers": "bootstrap_servers",
    "kafka.bootstrap.servers": "bootstrap_servers",
    "subscribe": "topics",
    "startingoffsets": "starting_offsets",
    "startingtimestamp": "starting_timestamp",
    "kafka.group.id": "consumer_group",
    "maxoffsetspertrigger": "max_records_per_batch",
    "failondataloss": "fail_on_data_loss",
    "kafka.security.protocol": "security_protocol",
    "kafka.sasl.mechanism": "sasl_mechanism",
    "kafka.ssl.truststore.type": "truststore_type",
    "kafka.ssl.truststore.location": "truststore_location",
}
"""Options in small letters, and the fields that say the same."""
JAAS = "kafka.sasl.jaas.config"
ALWAYS = ("startingoffsetsbytimestampstrategy", "latest")
"""What is said with each start by time: a time after all records is their end."""
DEFAULTS = {
    "starting_offsets": "latest",
    "fail_on_data_loss": True,
    "security_protocol": "PLAINTEXT",
    "sasl_mechanism": "PLAIN",
    "truststore_type": "PEM",
}
_USER = re.compile(r'username="((?:[^"\\]|\\.)*)"')


def reading(query: exp.Query) -> Reading | None:
    """The configuration of a SELECT over `STREAM read_kafka(…)`, or None.

    The values must be JSON whose columns `from_json` declares; of `SELECT *`, which gives records
    as they are, only the connection is read.
    """
    call = streamed_call(query, "read_kafka")
    if call is None or call.positional:
        return None
    config = _connection(call)
    if config is None:
        return None
    if only_star(call.outer):
        return Reading(config, {"columns": "value string"})
    parsed = next((f for f in call.outer.find_all(exp.Anonymous) if _is_parser(f)), None)
    value = _value(parsed) if parsed is not None else None
    if value is None:
        return None
    names = {item.alias_or_name for item in call.outer.expressions}
    extra: dict[str, Any] = {"include_metadata": True} if "kafka_offset" in names else {}
    return Reading({**config, **value, **extra}, exact=_all_fields(call.outer))


def _all_fields(query: exp.Select) -> bool:
    """Whether a query is `SELECT x.* FROM (SELECT from_json(…) AS x FROM …)`."""
    said = {name for name, value in query.args.items() if value}
    items = query.expressions
    start = query.args["from_"].this
    if said != {"expressions", "from_"} or len(items) != 1 or not isinstance(start, exp.Subquery):
        return False
    inner = {name for name, value in start.this.args.items() if value}
    star = items[0]
    name = star.table if isinstance(star, exp.Column) and isinstance(star.this, exp.Star) else ""
    parsed = [i for i in start.this.expressions if isinstance(i, exp.Alias) and i.alias == name]
    called = [i.this for i in parsed if isinstance(i.this, exp.Anonymous)]
    return inner == {"expressions", "from_"} and any(map(_is_parser, called))


def _is_parser(call: exp.Anonymous) -> bool:
    return str(call.this).lower() == "from_json"


def _value(parser: exp.Anonymous) -> dict[str, Any] | None:
    """Columns and options of `from_json(CAST(value AS STRING), 'columns', map(…))`."""
    schema = literal(parser.expressions[1]) if len(parser.expressions) > 1 else None
    if schema is None:
        return None
    options: dict[str, str] = {}
    for each in parser.expressions[2:]:
        keys, values = each.args.get("keys"), each.args.get("values")
        if keys is None or values is None:
            return None
        for key, value in zip(keys.expressions, values.expressions, strict=True):
            options[(literal(key) or "").lower()] = literal(value) or ""
    found: dict[str, Any] = {"columns": schema}
    if options.get("mode", "").upper() == "FAILFAST":
        found["on_malformed"] = "fail"
    if "timestampformat" in options:
        found["timestamp_format"] = options["timestampformat"]
    return found if set(options) <= {"mode", "timestampformat"} else None


def _connection(call: Call) -> dict[str, Any] | None:
    """Fields of the options; None if an option has no field or no plain value."""
    login = {k: v for k, v in call.named.items() if k.lower() == JAAS}
    texts = call._replace(named={k: v for k, v in call.named.items() if k not in login}).texts()
    if texts is None:
        return None
    found: dict[str, Any] = {}
    for option, text in texts.items():
        if (option.lower(), text) == ALWAYS:
            continue
        field = FIELDS.get(option.lower())
        if field is None:
            return None
        found[field] = text
    for value in login.values():
        found |= _login(value)
    return {k: v for k, v in _plain(found).items() if DEFAULTS.get(k) != v}


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    """Texts as the fields have them."""
    plain = dict(found)
    if "topics" in plain:
        plain["topics"] = [topic.strip() for topic in plain["topics"].split(",")]
    if "fail_on_data_loss" in plain:
        plain["fail_on_data_loss"] = plain["fail_on_data_loss"].lower() != "false"
    if str(plain.get("max_records_per_batch", "")).isdecimal():
        plain["max_records_per_batch"] = int(plain["max_records_per_batch"])
    if str(plain.get("starting_timestamp", "")).isdecimal():
        at = dt.datetime.fromtimestamp(int(plain["starting_timestamp"]) / 1000, dt.UTC)
        plain["starting_timestamp"] = at.isoformat().replace("+00:00", "Z")
        plain["starting_offsets"] = "timestamp"
    return plain


def _login(value: exp.Expr) -> dict[str, str]:
    """User and secret of a login module's text that is put together from `secret(…)`."""
    secret = next((f for f in value.find_all(exp.Anonymous) if f.this.lower() == "secret"), None)
    texts = [str(text.this) for text in value.find_all(exp.Literal) if text.is_string]
    user = next((match[1] for text in texts if (match := _USER.search(text))), None)
    found = {"sasl_username": user.replace('\\"', '"').replace("\\\\", "\\")} if user else {}
    parts = [literal(part) for part in secret.expressions] if secret is not None else []
    if len(parts) == 2 and None not in parts:
        found["sasl_password"] = f"secret://{parts[0]}/{parts[1]}"
    return found
