"""What the ready-made events are: columns and how their values are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .clicks import CLICK_EVENTS
from .generators import Generated, fraction, salt, value_sql

GROUP = 5
"""Consecutive transactions that are planted together: three small ones, then two large ones."""
LIFE = 10
"""Changes in the life of a row: created, changed eight times, deleted."""
USER = "struct<user_id:bigint,name:string,email:string,preferences:string>"
PAGES = ("/", "/search", "/product", "/cart", "/checkout", "/account")


class Wanted(NamedTuple):
    """What a configuration asks of a profile."""

    seed: int
    keys: int
    planted_share: float
    time_us: str


class Computed(NamedTuple):
    """A column as SQL over `id`, the number of the event."""

    name: str
    type: str
    sql: str


class Profile(NamedTuple):
    """keys: how many sensors, users … there are, unless a configuration says so."""

    keys: int
    columns: Callable[[Wanted], tuple[Computed, ...]]


def computed(wanted: Wanted, *columns: Generated) -> tuple[Computed, ...]:
    """Columns whose generators are named."""
    return tuple(Computed(c.name, c.type, value_sql(c, wanted.seed)) for c in columns)


def _sensors(wanted: Wanted) -> tuple[Computed, ...]:
    return computed(
        wanted,
        Generated("sensor_id", "string", f"name(sensor_, {wanted.keys})"),
        Generated("device_id", "string", "name(device_, 20)"),
        Generated("temperature", "double", "random(15.00, 95.00)"),
        Generated("humidity", "double", "random(20.00, 90.00)"),
    )


def _orders(wanted: Wanted) -> tuple[Computed, ...]:
    return computed(
        wanted,
        Generated("order_id", "bigint", "sequence"),
        Generated("customer_id", "string", f"name(customer_, {wanted.keys})"),
        Generated("product_id", "string", "name(product_, 100)"),
        Generated("quantity", "int", "random(1, 5)"),
        Generated("unit_price", "double", "random(5.00, 500.00)"),
        Generated("status", "string", "choice(placed, shipped, cancelled)"),
    )


def _transactions(wanted: Wanted) -> tuple[Computed, ...]:
    """In a planted group one account is tried with small amounts, then charged large ones."""
    group = f"id DIV {GROUP}"
    planted = f"{_draw(wanted, 'planted', group)} < {wanted.planted_share!r}D"
    one, any_account = (_draw(wanted, "account", number) for number in (group, "id"))
    account = f"CAST(IF({planted}, {one}, {any_account}) * {wanted.keys} AS BIGINT) + 1"
    drawn = _draw(wanted, "amount")
    amounts = (
        f"CASE WHEN NOT {planted} THEN CAST({drawn} * 149901 AS BIGINT) + 100 "
        f"WHEN id % {GROUP} < 3 THEN CAST({drawn} * 451 AS BIGINT) + 50 "
        f"ELSE CAST({drawn} * 300001 AS BIGINT) + 200000 END"
    )
    identity, currency, kind = computed(
        wanted,
        Generated("transaction_id", "string", "uuid"),
        Generated("currency", "string", "choice(USD, EUR, GBP, JPY)"),
        Generated("txn_type", "string", "choice(debit, credit, transfer)"),
    )
    digits = len(str(wanted.keys))
    named = f"concat('account_', lpad(CAST({account} AS STRING), {digits}, '0'))"
    return (
        identity,
        Computed("account_id", "string", named),
        Computed("amount", "double", f"CAST({amounts} AS DOUBLE) / 100D"),
        currency,
        kind,
        Computed("is_fraud", "boolean", planted),
    )


def _clicks(wanted: Wanted) -> tuple[Computed, ...]:
    """Columns over `click_user`, `click_session` and `click_event`, which `clicks.py` gives."""
    events = ", ".join(f"'{event}'" for event in CLICK_EVENTS)
    event = f"element_at(array({events}), click_event + 1)"
    in_cart = "click_event IN (2, 3)"
    identity, product, quantity, value, device, page = computed(
        wanted,
        Generated("event_id", "string", "uuid"),
        Generated("product_id", "string", "name(product_, 100)"),
        Generated("quantity", "int", "random(1, 3)"),
        Generated("cart_value", "double", "random(10.00, 500.00)"),
        Generated("device", "string", "choice(desktop, mobile, tablet)"),
        Generated("page_url", "string", f"choice({', '.join(PAGES)})"),
    )
    pages = "'/search'", "'/cart'", "'/checkout'", "'/account'"
    places = " ".join(f"WHEN {at} THEN {name}" for at, name in enumerate(pages, 1))
    digits = len(str(wanted.keys))
    user = f"concat('user_', lpad(CAST(click_user + 1 AS STRING), {digits}, '0'))"
    session = (
        "concat('session_', CAST(click_user + 1 AS STRING), '_', CAST(click_session AS STRING))"
    )
    return (
        identity,
        Computed("user_id", "string", user),
        Computed("session_id", "string", session),
        Computed("event_type", "string", event),
        Computed("page_url", "string", f"CASE click_event {places} ELSE {page.sql} END"),
        device,
        Computed("product_id", "string", f"IF({in_cart}, {product.sql}, NULL)"),
        Computed("quantity", "int", f"IF({in_cart}, {quantity.sql}, NULL)"),
        Computed("cart_value", "double", f"IF({in_cart}, {value.sql}, NULL)"),
    )


def _changes(wanted: Wanted) -> tuple[Computed, ...]:
    """Debezium envelopes: rows are created, changed eight times, deleted, and created again.

    A row whose life began before the stream is first read by a snapshot.
    """
    key, turn = f"id % {wanted.keys}", f"id DIV {wanted.keys}"
    born = f"CAST({_draw(wanted, 'born', key)} * {LIFE - 1} AS BIGINT)"
    age = f"(({turn} + {born}) % {LIFE})"
    op = (
        f"CASE WHEN {age} = 0 THEN 'c' WHEN {age} = {LIFE - 1} THEN 'd' "
        f"WHEN {turn} = 0 THEN 'r' ELSE 'u' END"
    )
    now, before = _user(key, age), _user(key, f"({age} - 1)")
    millis = f"({wanted.time_us}) DIV 1000"
    source = f"named_struct('db', 'ecommerce', 'table', 'users', 'ts_ms', {millis})"
    return (
        Computed("op", "string", op),
        Computed("ts_ms", "bigint", millis),
        Computed("source", "struct<db:string,table:string,ts_ms:bigint>", source),
        Computed("before", USER, f"IF({op} IN ('c', 'r'), NULL, {before})"),
        Computed("after", USER, f"IF({op} = 'd', NULL, {now})"),
    )


def _user(key: str, age: str) -> str:
    """A user as it is at an age; each change is of one of its three columns."""
    number = f"CAST({key} + 1 AS STRING)"
    parts = [f"CAST(({age} + {later}) DIV 3 AS STRING)" for later in (0, 1, 2)]
    name, mail, likes = (
        f"concat('name_', {number}, '_', {parts[0]})",
        f"concat('user_', {number}, '_', {parts[1]}, '@example.com')",
        f"concat('theme_', {parts[2]})",
    )
    return (
        f"named_struct('user_id', {key} + 1, 'name', {name}, 'email', {mail}, "
        f"'preferences', {likes})"
    )


def _draw(wanted: Wanted, name: str, number: str = "id") -> str:
    return fraction(salt(wanted.seed, name), number)


PROFILES: dict[str, Profile] = {
    "iot-sensors": Profile(50, _sensors),
    "clickstream": Profile(1000, _clicks),
    "financial-transactions": Profile(500, _transactions),
    "ecommerce-orders": Profile(500, _orders),
    "cdc": Profile(100, _changes),
}
SPARSE: dict[str, frozenset[str]] = {
    "clickstream": frozenset({"product_id", "quantity", "cart_value"}),
    "cdc": frozenset({"before", "after"}),
}
"""Columns that are NULL in some events, and rightly so."""
