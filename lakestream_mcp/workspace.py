"""What operations work with: store, catalog, engine, and the caller. The first argument of each.

Everything heavy is opened when it is first used, so that a server starts fast.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from .errors import Forbidden, NotFound
from .identity import Identity, Role
from .settings import Settings

if TYPE_CHECKING:
    from .catalog import Catalog
    from .graph.analysis import AnalysisCache
    from .graph.model import PipelineDocument
    from .graph.validate import Validation
    from .relational.columns import SailResolver
    from .relational.local import LocalEngine
    from .storage.store import Store, Transaction

Progress = Callable[[float, str], None]


class Notice(NamedTuple):
    """Something happened to a pipeline: `revision`, `run` or `deleted`."""

    kind: str
    pipeline_id: str
    data: dict[str, Any]


class Call:
    """One running operation: what its audit row will say, and what to tell once it is stored."""

    def __init__(self, operation: str, arguments_sha256: str) -> None:
        self.operation = operation
        self.arguments_sha256 = arguments_sha256
        self.started = time.perf_counter()
        self.pipeline_id: str | None = None
        self.revision: int | None = None
        self.audited = False
        self.notices: list[Notice] = []

    @property
    def duration_ms(self) -> int:
        """Milliseconds since the call began."""
        return round((time.perf_counter() - self.started) * 1000)


class Services:
    """What one process has once, whoever calls."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.RLock()
        self._opened: dict[str, Any] = {}
        self._listeners: list[Callable[[Notice], None]] = []

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """The one instance of a service, made at its first use by whichever thread comes first."""
        if name not in self._opened:
            with self._lock:
                if name not in self._opened:
                    self._opened[name] = make()
        return self._opened[name]

    def subscribe(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        """Call the listener for every notice until the returned function is called."""
        with self._lock:
            self._listeners = [*self._listeners, listener]

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = [other for other in self._listeners if other is not listener]

        return unsubscribe

    def publish(self, notice: Notice) -> None:
        """Tell every listener, in the caller's thread."""
        for listener in self._listeners:
            listener(notice)

    def close(self) -> None:
        """Close what was opened; children end."""
        with self._lock:
            for service in self._opened.values():
                if hasattr(service, "close"):
                    service.close()
            self._opened.clear()


class Workspace:
    """The services of the process as one caller sees them."""

    def __init__(
        self,
        services: Services,
        identity: Identity,
        progress: Progress | None = None,
        call: Call | None = None,
    ) -> None:
        self.services = services
        self.identity = identity
        self._progress = progress
        self._call = call

    @classmethod
    def open(cls, settings: Settings, identity: Identity) -> Workspace:
        """A workspace on these settings; nothing is opened yet."""
        return cls(Services(settings), identity)

    def with_caller(self, identity: Identity, progress: Progress | None = None) -> Workspace:
        """The same services for another caller."""
        return Workspace(self.services, identity, progress)

    def for_call(self, call: Call) -> Workspace:
        """The same caller, within one operation."""
        return Workspace(self.services, self.identity, self._progress, call)

    @property
    def settings(self) -> Settings:
        """What the process was told by its environment."""
        return self.services.settings

    @cached_property
    def store(self) -> Store:
        """Pipelines, revisions, runs, audit."""
        store: Store = self.services.once("store", self._open_store)
        return store

    def _open_store(self) -> Store:
        from .storage.store import Store

        settings = self.settings
        return Store.open(settings.database_url or settings.data_dir / "lakestream.db")

    @cached_property
    def catalog(self) -> Catalog:
        """The node types."""

        def load() -> Catalog:
            from .catalog import Catalog

            return Catalog.load()

        catalog: Catalog = self.services.once("catalog", load)
        return catalog

    @cached_property
    def engine(self) -> LocalEngine:
        """Spark SQL without a JVM, in a child that starts with its first statement."""

        def make() -> LocalEngine:
            from .relational.local import LocalEngine

            return LocalEngine()

        engine: LocalEngine = self.services.once("engine", make)
        return engine

    @cached_property
    def resolver(self) -> SailResolver:
        """Types queries and infers file columns."""

        def make() -> SailResolver:
            from .relational.columns import SailResolver

            return SailResolver(self.engine, self.settings.data_roots)

        resolver: SailResolver = self.services.once("resolver", make)
        return resolver

    @cached_property
    def cache(self) -> AnalysisCache:
        """What validation remembers of nodes that did not change."""

        def make() -> AnalysisCache:
            from .graph.analysis import AnalysisCache

            return AnalysisCache()

        cache: AnalysisCache = self.services.once("cache", make)
        return cache

    def validate(self, document: PipelineDocument) -> Validation:
        """All findings, the relations and the order of a document."""
        from .graph.validate import validate

        return validate(document, self.catalog, self.resolver, self.cache)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A read transaction; short, since nothing waits for it."""
        with self.store.transaction() as transaction:
            yield transaction

    @contextmanager
    def writing(self, pipeline_id: str | None = None) -> Iterator[Transaction]:
        """The one write transaction of an operation; its audit row is stored with it or not at all.

        Work that takes time belongs before it: writers wait for one another.
        """
        call = self.call
        assert not call.audited, f"{call.operation} opened a second write transaction"
        call.pipeline_id = pipeline_id or call.pipeline_id
        with self.store.transaction(write=True) as transaction:
            yield transaction
            self._audit(transaction, "ok")
        call.audited = True

    def audit(self, outcome: str) -> None:
        """The audit row of an operation that stored nothing else."""
        if not self.call.audited:
            with self.store.transaction(write=True) as transaction:
                self._audit(transaction, outcome)
            self.call.audited = True

    def _audit(self, transaction: Transaction, outcome: str) -> None:
        call = self.call
        transaction.append_audit(
            actor=self.identity.name,
            role=self.identity.role,
            operation=call.operation,
            pipeline_id=call.pipeline_id,
            revision=call.revision,
            arguments_sha256=call.arguments_sha256,
            outcome=outcome,
            duration_ms=call.duration_ms,
        )

    @property
    def call(self) -> Call:
        """The operation that is running."""
        assert self._call is not None, "only the runner in operations.py starts a call"
        return self._call

    def progress(self, fraction: float, message: str) -> None:
        """Say how far long work has come, to whoever listens."""
        if self._progress is not None:
            self._progress(min(max(fraction, 0.0), 1.0), message)

    def notify(self, kind: str, pipeline_id: str, data: Mapping[str, Any]) -> None:
        """Tell viewers of this, once the operation has succeeded."""
        self.call.notices.append(Notice(kind, pipeline_id, dict(data)))

    def send_notices(self) -> None:
        """Tell what was noted during the call."""
        for notice in self.call.notices:
            self.services.publish(notice)

    def require(self, role: Role, what: str) -> None:
        """Raise Forbidden unless the caller has the role that this part of an operation needs."""
        if not self.identity.may(role):
            raise Forbidden(
                f"{what} needs the role {role}; {self.identity.name} has {self.identity.role}.",
                where={"operation": self.call.operation},
                got=self.identity.role,
                expected=role,
                hint="Ask somebody with that role, or start the server with another one.",
            )

    def find_file(self, name: str) -> Path:
        """A file that a caller names, if it lies below a data root. Raises NotFound, Forbidden."""
        from .relational.files import local_file

        try:
            return local_file(name, self.settings.data_roots)
        except NotFound as error:
            error.where = {"argument": "events"}
            error.hint = "Give the path from a data root, or the rows themselves."
            raise

    def link(self, pipeline_id: str, revision: int | None = None, **query: str | None) -> str:
        """The viewer's address of a pipeline, a node, a run or a match."""
        at = "" if revision is None else f"@{revision}"
        given = {name: value for name, value in query.items() if value}
        tail = f"?{urlencode(given)}" if given else ""
        return f"{self.settings.url}/p/{quote(pipeline_id)}{at}{tail}"

    def close(self) -> None:
        """Close the process's services."""
        self.services.close()
