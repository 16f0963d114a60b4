"""What agents call the fields of configurations, beside the names that earlier systems had.

A word is read as a field only where the configuration has no field of that name, exactly one of
the fields that the word may stand for exists there, and that one is not given. It is always told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, get_args, get_origin

from pydantic import BaseModel, JsonValue

from .config_places import Config
from .config_problems import models_in
from .naming import snake_case

_BY_FIELD: Mapping[str, str] = {
    "key": "partition_by group_by group_by_key group_by_keys keys key_by key_column key_columns "
    "key_field key_fields keyed_by correlate_by correlation_key by",
    "keys": "key on join_on join_key join_keys lookup_key",
    "group_by": "partition_by key keys group_by_columns by",
    "where": "condition filter predicate when expression expr define",
    "condition": "predicate filter when expr sql",
    "constraint": "condition expression expr where predicate rule check sql",
    "when": "condition where event on trigger",
    "event_time": "timestamp time timestamp_column time_column time_field timestamp_field "
    "event_time_column event_time_field",
    "watermark_delay": "watermark delay max_delay lateness allowed_lateness max_lateness grace "
    "max_out_of_orderness out_of_orderness",
    "delay": "max_delay lateness allowed_lateness max_lateness late_threshold",
    "window": "time_window window_size window_length window_duration timeframe within duration",
    "duration": "window size window_size window_length window_duration length",
    "within": "window time_window time_limit max_time timeframe within_time timeout max_gap "
    "timer_within ttl",
    "threshold": "limit count min_count max_count max_rate n sigma sigmas deviations",
    "gap": "session_gap gap_duration inactivity inactivity_gap inactivity_timeout idle_timeout "
    "timeout",
    "end": "end_when end_condition end_if close_when",
    "max_duration": "max_length max_session_duration max_session_length",
    "latitude": "lat latitude_column lat_column",
    "longitude": "lon lng long longitude_column lon_column",
    "zones": "fences geofences areas regions",
    "topics": "topic_name topic_names subscribe",
    "format": "value_format file_format deserialization_format serialization_format",
    "expectations": "rules checks constraints",
    "topic": "topic_name",
    "topic_filters": "topic topics",
    "broker_url": "broker host url",
    "bootstrap_servers": "brokers broker servers bootstrap kafka_bootstrap_servers",
    "profile": "preset dataset",
    "events_per_second": "rate rows_per_second rate_per_second",
    "clause": "sql query statement",
    "query": "statement select",
    "output": "output_schema output_columns",
    "initial": "initial_state start_state start",
    "terminal": "terminal_states final_states end_states",
    "action": "on_violation on_fail on_failure severity",
    "slide": "hop slide_by advance step",
    "aggregations": "aggregates aggs aggregation",
    "function": "func fn agg",
    "value": "value_column value_field metric field column",
    "columns": "select fields projections expressions",
    "name": "as alias output output_column id begin start followed_by",
    "length": "count n consecutive times",
    "message": "text body template message_template summary",
    "per": "rate_unit unit time_unit",
    "after": "timeout delay",
    "emit_on": "emit emits",
    "emit": "event events on transitions",
    "trigger": "start start_event start_condition when first",
    "expected": "expect expected_event expected_condition missing missing_event absent "
    "not_followed_by",
    "comparison": "operator op comparator",
    "timeout": "interval expected_interval silence max_silence gap max_gap inactivity",
    "baseline_count": "window_size n_samples sample_size",
    "code": "function source python",
    "input_columns": "inputs input columns arguments args",
    "output_column": "output_name",
    "output_type": "return_type returns",
    "method": "algorithm",
    "measures": "aggregate aggregates aggregations outputs",
    "window_type": "type kind",
    "payload": "body json message",
    "baseline_window": "lookback lookback_window baseline window",
    "routes": "branches cases",
    "default_route": "default otherwise",
    "static_columns": "columns table_columns schema",
    "forget_after": "ttl state_ttl",
    "steps": "pattern events sequence",
    "after_match": "skip_strategy after_match_skip skip",
    "from": "source from_state source_state",
    "to": "target to_state target_state next_state recipients recipient",
    "streams": "stream_name stream_names stream event_hub event_hub_name eventhub topic topics",
    "project_id": "project",
    "subscription_id": "subscription",
    "topic_id": "topic",
    "host": "smtp_host smtp_server server hostname",
    "port": "smtp_port",
    "username": "user smtp_user user_name",
    "sender": "from_address from_email",
    "envelope": "format",
    "delete_when": "apply_as_deletes delete_condition deletes",
    "except_columns": "exclude_columns",
    "join": "type how join_type",
    "static_file": "file",
    "radius_m": "radius radius_meters radius_metres",
    "max_records_per_batch": "max_offsets_per_trigger batch_size",
    "max_files_per_batch": "max_files_per_trigger batch_size",
    "body": "text message template html",
    "value_schema": "avro_schema schema_text",
    "table": "table_name target_table full_name",
    "path": "location directory folder dir file_path",
    "url": "endpoint uri webhook_url",
    "webhook_url": "webhook url",
    "merge_keys": "key keys primary_key primary_keys merge_on",
    "primary_keys": "primary_key keys key",
}
_BY_OPTION: Mapping[str, str] = {
    "up": "increasing rising increase rise ascending upward",
    "down": "decreasing falling decrease fall descending downward",
    "flat": "stable constant steady unchanged",
    ">=": "gte ge at_least",
    ">": "gt greater_than more_than above over",
    "<=": "lte le at_most",
    "<": "lt less_than fewer_than below under",
    "=": "== eq equal equals",
    "second": "per_second sec s",
    "minute": "per_minute min m",
    "hour": "per_hour h",
    "day": "per_day d",
    "zscore": "z_score sigma standard_deviation stddev std",
    "mad": "median_absolute_deviation",
    "iqr": "interquartile_range",
    "sliding": "hopping hop",
    "out_of_order": "unordered",
}
"""Other words for what a field may be, where it may be one of a few."""
_COLUMNS = frozenset({"columns", "static_columns", "output"})
_UNITS = {
    **dict.fromkeys(("ms", "millis", "milliseconds"), "milliseconds"),
    **dict.fromkeys(("s", "sec", "secs", "seconds"), "seconds"),
    **dict.fromkeys(("min", "mins", "minutes"), "minutes"),
    **dict.fromkeys(("h", "hours"), "hours"),
    "days": "days",
}
_MEANINGS: dict[str, list[str]] = {}
for _field, _words in _BY_FIELD.items():
    for _word in _words.split():
        _MEANINGS.setdefault(_word, []).append(_field)


def in_our_words(model: type[BaseModel], given: Config) -> tuple[Config, list[str]]:
    """The configuration with such words replaced, and what was read as what."""
    told: list[str] = []
    read = _object([model], given, "", told)
    for name in _COLUMNS & read.keys() & model.model_fields.keys():
        if _is_text(model.model_fields[name].annotation):
            read[name] = _as_columns(read[name])
    return read, list(dict.fromkeys(told))


def _is_text(annotation: object) -> bool:
    """Whether a field takes text, and no lists that would be another reading."""
    members = get_args(annotation) or (annotation,)
    plain = {get_args(m)[0] if get_origin(m) is Annotated else m for m in members}
    return plain - {type(None)} == {str}


def _as_columns(given: JsonValue) -> JsonValue:
    """Types by name as text: the order of columns counts, and that of an object's keys may not."""
    types = given if isinstance(given, dict) else {}
    if not types or not all(isinstance(kind, str) for kind in types.values()):
        return given
    names = (name if name.isidentifier() else f"`{name.replace('`', '``')}`" for name in types)
    return ", ".join(f"{name} {kind}" for name, kind in zip(names, types.values(), strict=True))


def _object(
    models: Sequence[type[BaseModel]], given: Config, place: str, told: list[str]
) -> Config:
    fields = {i.alias or name: i.annotation for m in models for name, i in m.model_fields.items()}
    read: Config = {}
    for key, value in given.items():
        name, said = key, value
        if key not in fields and value is not None:
            free = fields.keys() - given.keys() - read.keys()
            name = _meaning(key, free) or key
            if name == key:
                name, said = _with_unit(key, value, free) or (key, value)
        if name != key:
            told.append(f"read `{place}{key}` as `{name}`")
        read[name] = _value(fields.get(name), said, f"{place}{name}.", told)
    return read


def _meaning(word: str, free: set[str]) -> str | None:
    """The field that a word stands for; None where that is not plain."""
    plain = snake_case(word)
    if plain in free:
        return plain
    found = [field for field in _MEANINGS.get(plain, ()) if field in free]
    found = found or [field for field in (f"{plain}s", plain.removesuffix("s")) if field in free]
    return found[0] if len(found) == 1 else None


def _with_unit(word: str, value: JsonValue, free: set[str]) -> tuple[str, JsonValue] | None:
    """A duration whose unit is part of the word: `within_ms: 500` is `within: 500 ms`."""
    stem, _, tail = snake_case(word).rpartition("_")
    unit = _UNITS.get(tail)
    name = _meaning(stem, free) if unit and stem else None
    if name is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return name, value if isinstance(value, str) else f"{value} {unit}"


def _value(annotation: object, value: JsonValue, place: str, told: list[str]) -> JsonValue:
    models = [] if get_origin(annotation) is dict else models_in(annotation)
    if not models:
        return _choice(annotation, value, place.removesuffix("."), told)
    if isinstance(value, dict):
        return _object(models, value, place, told)
    if isinstance(value, list):
        return [
            _object(models, item, f"{place.removesuffix('.')}[].", told)
            if isinstance(item, dict)
            else item
            for item in value
        ]
    return value


def _choice(annotation: object, value: JsonValue, place: str, told: list[str]) -> JsonValue:
    """One of a field's few options, by another word or spelling; anything else as it is."""
    options = _options(annotation)
    if isinstance(value, list):
        return [_choice(annotation, item, place, told) for item in value]
    if not options or not isinstance(value, str) or value in options:
        return value
    plain = snake_case(value)
    found = [o for o in options if plain == snake_case(o) or plain in _BY_OPTION.get(o, "").split()]
    if len(found) != 1:
        return value
    told.append(f"read `{value}` as `{found[0]}` in `{place}`")
    return found[0]


def _options(annotation: object) -> list[str]:
    """The texts that a field or its items may be; none if it may be others, too."""
    if get_origin(annotation) is Literal:
        return [option for option in get_args(annotation) if isinstance(option, str)]
    members = get_args(annotation)
    if get_origin(annotation) is Annotated:
        members = members[:1]
    found = [_options(member) for member in members if member not in (type(None), ...)]
    return [option for options in found for option in options] if all(found) else []
