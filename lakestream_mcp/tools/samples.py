"""Events that a caller asks for instead of giving them: samples, and what is there right now."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgument, LakestreamError
from ..graph.node_type import SourceType
from .live_topics import live_records

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..workspace import Workspace

USUAL_ROWS = 100
MOST_ROWS = 10_000
ASKED = {"sample", "live"}


class Asked:
    """Rows for the sources of a pipeline."""

    def __init__(self, ws: Workspace, host: Host, seed: int) -> None:
        self._ws = ws
        self._host = host
        self._seed = seed
        self.notes: list[str] = []
        kinds = {n: host.catalog.get(host.type_of(n)) for n in host.order}
        self._sources = {n: kind for n, kind in kinds.items() if isinstance(kind, SourceType)}

    def rows(self, events: Any) -> Any:
        """The events with rows in the place of what asks for some; of nothing, a sample."""
        if events == {}:
            return self._examples() or self._each({"sample": USUAL_ROWS})
        if not isinstance(events, dict):
            return events
        if _asks(events) and not set(events) & set(self._sources):
            return self._each(events)
        return {
            name: self._one(name, given) if _asks(given) and name in self._sources else given
            for name, given in events.items()
        }

    def _each(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {source: self._one(source, asked) for source in self._sources}

    def _one(self, source: str, asked: dict[str, Any]) -> Any:
        word = "live" if "live" in asked else "sample"
        count = asked[word]
        if not isinstance(count, int) or not 0 < count <= MOST_ROWS:
            raise InvalidArgument(
                "Say how many rows to take.",
                where={"argument": "events"},
                got=count,
                expected=f"1 to {MOST_ROWS}",
            )
        kind, config = self._sources[source], self._host.configs[source]
        if word == "live":
            since = asked.get("since")
            _check_time(since)
            if kind.reads_topics(config):
                latest = live_records(self._ws, self._host, source, count, since)
            else:
                latest = kind.latest(config, count, self._ws.settings.data_roots, since)
            self.notes.append(f"{source}: {latest.said}")
            return latest.rows
        return self._sample(source, count)

    def _sample(self, source: str, count: int) -> Any:
        """What is at hand: the simulator's rows, those of a file here, or rows made up."""
        from ..cep.event_files import read_rows
        from ..explain.samples import made_up_rows

        config = self._host.configs[source]
        if hasattr(self._sources[source], "simulate"):
            self.notes.append(f"{source}: its first {count} events")
            return {"simulate": count}
        path = getattr(config, "path", None)
        try:
            if path is not None:
                file = self._ws.resolver.local_file(path)
                rows = list(islice(read_rows(file), count))
                self.notes.append(f"{source}: the first rows of {file.name}")
                return rows
        except LakestreamError:
            pass  # The source's files are not here, or not of a kind that is read here.
        self.notes.append(f"{source}: rows made up from what conditions mention")
        return made_up_rows(self._host, source, count, self._seed)

    def _examples(self) -> Any:
        """Where the previewed node is a pattern, or behind one, the examples of that pattern."""
        from ..cep.pattern_type import PatternType
        from ..explain.examples import combined, examples_of

        host = self._host
        kinds = {n: host.catalog.get(host.type_of(n)) for n in host.order}
        patterns = [n for n, kind in kinds.items() if isinstance(kind, PatternType)]
        if not patterns or any(hasattr(kind, "simulate") for kind in self._sources.values()):
            return None
        found, _ = examples_of(host, patterns[-1])
        if not found:
            return None
        self.notes.append(f"{patterns[-1]}: {len(found)} examples made from its configuration")
        return combined(host, patterns[-1], found)


def _check_time(since: Any) -> None:
    from ..cep.events import TIME_FORMS, moment

    try:
        _ = since is None or moment(since)
    except (TypeError, ValueError):
        raise InvalidArgument(
            "`since` is no time.", where={"argument": "events"}, got=since, expected=TIME_FORMS
        ) from None


def _asks(given: Any) -> bool:
    return isinstance(given, dict) and bool(set(given) & ASKED)
