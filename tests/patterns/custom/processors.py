"""Authors' processors that tests run on both hosts, over the columns of `tests.codegen.bench`."""

from __future__ import annotations

from typing import Any

HEAD = """\
import datetime as dt
import math
from decimal import Decimal
from pyspark.sql import Row
from pyspark.sql.streaming import StatefulProcessor

"""

TOTALS = (
    HEAD
    + """
NOTHING = (0, 0.0)


class Totals(StatefulProcessor):
    def init(self, handle):
        self.total = handle.getValueState("total", "n bigint, amount double")

    def handleInputRows(self, key, rows, timerValues):
        count, amount = self.total.get() or NOTHING
        for row in rows:
            count += 1
            if row.amount is not None and math.isfinite(row.amount) and row.amount < 1e9:
                amount += float(row.amount)
        self.total.update((count, amount))
        yield Row(key=key[0], n=count, amount=amount)
"""
)

ABSENCE = (
    HEAD
    + """
TEN = 10 * 60_000


class Absence(StatefulProcessor):
    \"\"\"A not followed by B within ten minutes.\"\"\"

    def init(self, handle):
        self.handle = handle
        self.pending = handle.getMapState("pending", "at bigint", "id bigint")

    def handleInputRows(self, key, rows, timerValues):
        timed = [row for row in rows if row.at is not None]
        for row in sorted(timed, key=lambda r: (r.at, r.kind)):
            now = int(row.at.timestamp() * 1000)
            if row.kind == "A":
                self.pending.updateValue((now,), (row.id,))
                self.handle.registerTimer(now + TEN)
            elif row.kind == "B":
                for (at,) in list(self.pending.keys()):
                    if at <= now < at + TEN:
                        self.pending.removeKey((at,))
                        self.handle.deleteTimer(at + TEN)
        return iter(())

    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        at = expiredTimerInfo.getExpiryTimeInMs() - TEN
        if self.pending.containsKey((at,)):
            (id_,) = self.pending.getValue((at,))
            self.pending.removeKey((at,))
            yield Row(key=key[0], id=id_, at=dt.datetime.fromtimestamp(at / 1000, dt.timezone.utc))
"""
)

ORDERED = (
    HEAD
    + """
class Ordered(StatefulProcessor):
    \"\"\"Keeps rows until the watermark has passed them: its answer depends on no schedule.\"\"\"

    def init(self, handle):
        self.handle = handle
        self.waiting = handle.getListState("waiting", "us bigint, id bigint, n int")
        self.total = handle.getValueState("total", "n bigint")

    def handleInputRows(self, key, rows, timerValues):
        passed = timerValues.getCurrentWatermarkInMs()
        for row in rows:
            if row.at is None:
                continue
            us = round(row.at.timestamp() * 1_000_000)
            if us // 1000 > passed:
                self.waiting.appendValue((us, row.id, row.n))
                self.handle.registerTimer(us // 1000 + 1)
        yield from ()

    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        until = expiredTimerInfo.getExpiryTimeInMs() * 1000
        held = list(self.waiting.get())
        due = [row for row in held if row[0] <= until]
        rest = [row for row in held if row[0] > until]
        if rest:
            self.waiting.put(rest)
        else:
            self.waiting.clear()
        for us, id_, n in sorted(due, key=lambda r: (r[0], str(r[1]), str(r[2]))):
            total = (self.total.get() or (0,))[0] + (n or 0)
            self.total.update((total,))
            yield Row(key=key[0], us=us, id=id_, total=total)
"""
)

TIMERS = (
    HEAD
    + """
class Timers(StatefulProcessor):
    \"\"\"Says when it is called, and with which timers.\"\"\"

    def init(self, handle):
        self.handle = handle
        self.calls = handle.getValueState("calls", "n bigint")

    def said(self, key, text):
        n = (self.calls.get() or (0,))[0] + 1
        self.calls.update((n,))
        return Row(key=key[0], said=f"{n} {text} {list(self.handle.listTimers())}")

    def handleInputRows(self, key, rows, timerValues):
        mark = timerValues.getCurrentWatermarkInMs()
        rows = list(rows)
        yield self.said(key, f"rows {type(key).__name__} {mark} {[row.id for row in rows]}")
        for row in rows:
            at = 0 if row.at is None else int(row.at.timestamp() * 1000)
            if row.kind == "A":
                self.handle.registerTimer(at + 120_000)
            elif row.kind == "B":
                self.handle.registerTimer(at - 900_000)
            elif row.kind == "C":
                for timer in list(self.handle.listTimers())[:2]:
                    self.handle.deleteTimer(timer)
        yield self.said(key, "after")

    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        expiry = expiredTimerInfo.getExpiryTimeInMs()
        yield self.said(key, f"timer {key!r} {expiry} {timerValues.getCurrentWatermarkInMs()}")
        if expiry % 7 == 0:
            self.handle.registerTimer(expiry)
            self.handle.registerTimer(expiry - 1)
        if expiry % 3 == 0:
            for timer in self.handle.listTimers():
                if timer != expiry:
                    self.handle.deleteTimer(timer)
"""
)

SHOWN = (
    HEAD
    + """
class Shown(StatefulProcessor):
    \"\"\"Says what its rows look like in Python.\"\"\"

    def init(self, handle):
        pass

    def handleInputRows(self, key, rows, timerValues):
        for row in rows:
            yield Row(key=key[0], said=f"{key!r} {row!r} {row.asDict()} {type(row).__name__}")
"""
)

MAPS = (
    HEAD
    + """
NAMES = "note string, n int, flag boolean"


class Maps(StatefulProcessor):
    \"\"\"Entries by several kinds of key, in the order in which Spark lists them.\"\"\"

    def init(self, handle):
        self.counts = handle.getMapState("counts", NAMES, "seen bigint")
        self.days = handle.getMapState("days", "day date, price decimal(10,2)", "last string")
        self.raw = handle.getMapState("raw", "data binary, wide decimal(30,4)", "id bigint")

    def handleInputRows(self, key, rows, timerValues):
        for row in rows:
            user_key = (row.note, row.n, row.flag)
            seen = (self.counts.getValue(user_key) or (0,))[0]
            self.counts.updateValue(user_key, (seen + 1,))
            self.days.updateValue((row.day, row.price), (row.kind,))
            wide = None if row.n is None else Decimal(row.n) * Decimal("12345678901234567890.5")
            self.raw.updateValue(((row.note or "").encode(), wide), (row.id,))
            if row.kind == "D":
                self.counts.removeKey(user_key)
        shown = [list(self.counts.iterator()), list(self.days.keys()), list(self.raw.keys())]
        value = self.days.getValue((None, None))
        yield Row(key=key[0], said=f"{shown} {value!r} {self.counts.exists()}")
"""
)

TYPES = (
    HEAD
    + """
class Types(StatefulProcessor):
    \"\"\"Every type into state and out of it.\"\"\"

    def init(self, handle):
        self.value = handle.getValueState(
            "value",
            "a bigint, b int, c smallint, d tinyint, e double, f float, g string, h boolean, "
            "i date, j timestamp_ntz, k decimal(20,4), l binary, m array<int>, "
            "n map<string,double>, o struct<x:bigint,y:string>, p array<struct<x:int>>",
        )
        self.list = handle.getListState("list", "o struct<x:bigint,y:string>, t array<string>")

    def sorted_map(self):
        found = self.value.get()
        return found and [sorted(v, key=str) if isinstance(v, dict) else v for v in found]

    def handleInputRows(self, key, rows, timerValues):
        for row in rows:
            before = self.sorted_map()
            self.value.update(
                (
                    row.id,
                    row.n,
                    row.n,
                    row.n,
                    row.amount,
                    row.amount if row.amount is None or abs(row.amount) < 1e30 or
                    not math.isfinite(row.amount) else 0.1,
                    row.note,
                    row.flag,
                    row.day,
                    None if row.at is None else row.at.replace(tzinfo=None),
                    row.price,
                    None if row.note is None else row.note.encode(),
                    None if row.n is None else [row.n, None, 2],
                    {"a": row.amount, row.kind: None},
                    Row(x=row.id, y=row.note) if row.flag else (row.id, row.note),
                    [(row.n,), None],
                )
            )
            self.list.appendValue((Row(x=row.id, y=None), [row.kind, None]))
            after = self.sorted_map()
            yield Row(
                key=key[0],
                said=f"{before!r} {after!r} {list(self.list.get())[-2:]!r}",
                big=after[0],
                small=after[3],
                real=after[4],
                single=after[5],
                flag=after[7],
                day=after[8],
                at=row.at,
                naive=after[9],
                price=after[10],
                raw=after[11],
                many=after[12],
                table={"x": row.n},
                pair=after[14],
            )
"""
)

EMPTIES = (
    HEAD
    + """
import numpy as np


class Empties(StatefulProcessor):
    \"\"\"States that hold nothing, NULL, or something no more; numbers of numpy.\"\"\"

    def init(self, handle):
        handle.deleteIfExists("of earlier code")
        self.handle = handle
        self.v = handle.getValueState("v", "a int, b double")
        self.l = handle.getListState("l", "a int")
        self.m = handle.getMapState("m", "k int", "a int")

    def said(self):
        return [
            self.v.exists(),
            self.v.get(),
            self.l.exists(),
            list(self.l.get()),
            self.m.exists(),
            self.m.getValue((1,)),
            self.m.containsKey((1,)),
            list(self.m.iterator()),
            list(self.m.values()),
        ]

    def handleInputRows(self, key, rows, timerValues):
        told = [self.said()]
        self.v.update((None, np.float64(0.5)))
        self.l.appendList([(np.int32(1),), [2]])
        self.l.put([(row.n,) for row in rows])
        self.m.updateValue((1,), (None,))
        told.append(self.said())
        self.m.removeKey((1,))
        self.m.removeKey((7,))
        self.l.clear()
        self.v.clear()
        told.append(self.said())
        if key[0] is not None:
            self.v.update([np.int64(3), float("inf")])
            self.m.updateValue([2], (1,))
            for (k,) in self.m.keys():
                self.m.updateValue((k + 1,), (k,))
                self.l.appendValue((k,))
        yield Row(said=str(told), key=key[0])
"""
)

OUTPUTS = {
    "totals": "key string, n bigint, amount double",
    "absence": "key string, id bigint, at timestamp",
    "ordered": "key string, us bigint, id bigint, total bigint",
    "timers": "key string, said string",
    "shown": "key string, said string",
    "maps": "key string, said string",
    "empties": "key string, said string",
    "types": "key string, said string, big bigint, small tinyint, real double, single float, "
    "flag boolean, day date, at timestamp, naive timestamp_ntz, price decimal(20,4), raw binary, "
    "many array<int>, table map<string,int>, pair struct<x:bigint,y:string>",
}
CODES = {
    "totals": TOTALS,
    "absence": ABSENCE,
    "ordered": ORDERED,
    "timers": TIMERS,
    "shown": SHOWN,
    "maps": MAPS,
    "types": TYPES,
    "empties": EMPTIES,
}
UNTIMED = ("totals", "shown", "maps", "types", "empties")


def config(name: str, **changes: Any) -> dict[str, Any]:
    """The configuration that runs one of them."""
    mode = "none" if name in UNTIMED else "event_time"
    given = {"code": CODES[name], "key": ["key"], "output": OUTPUTS[name], "time_mode": mode}
    return given | changes
