"""What operations work with: store, catalog, engine, and the caller. The first argument of each.

Everything heavy is opened when it is first used, so that a server starts fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from .access import Access
from .authorization import require
from .calls import WORKING, Call, Notice
from .dialogue import Dialogue, Silent
from .errors import NotFound
from .identity import IN_PROCESS, Identity, Origin, Role
from .services import Services
from .settings import Settings

if TYPE_CHECKING:
    from .catalog import Catalog
    from .graph.analysis import AnalysisCache
    from .graph.model import PipelineDocument
    from .graph.validate import Validation
    from .relational.columns import SailResolver
    from .relational.local import LocalEngine
    from .storage.store import Store, Transaction

__all__ = ["Call", "Notice", "Progress", "Services", "Workspace"]
Progress = Callable[[float, str], None]


class Workspace:
    """The services of the process as one caller sees them."""

    def __init__(
        self,
        services: Services,
        identity: Identity,
        progress: Progress | None = None,
        call: Call | None = None,
        origin: Origin = IN_PROCESS,
        dialogue: Dialogue | None = None,
    ) -> None:
        self.services = services
        self.identity = identity
        self.origin = origin
        self.dialogue = dialogue or Silent()
        self._progress = progress
        self._call = call

    @classmethod
    def open(cls, settings: Settings, identity: Identity) -> Workspace:
        """A workspace on these settings; nothing is opened yet."""
        return cls(Services(settings), identity)

    def with_caller(
        self, identity: Identity, progress: Progress | None = None, origin: Origin = IN_PROCESS
    ) -> Workspace:
        """The same services for another caller."""
        return Workspace(self.services, identity, progress, origin=origin)

    def for_call(self, call: Call) -> Workspace:
        """The same caller, within one operation."""
        return self._with(call=call)

    def anew(self) -> Workspace:
        """The same caller, with what is granted by now."""
        return self._with()

    def in_dialogue(self, dialogue: Dialogue) -> Workspace:
        """The same caller, whose client can be asked."""
        return self._with(dialogue=dialogue)

    def _with(self, call: Call | None = None, dialogue: Dialogue | None = None) -> Workspace:
        return Workspace(
            self.services,
            self.identity,
            self._progress,
            call or self._call,
            self.origin,
            dialogue or self.dialogue,
        )

    @cached_property
    def access(self) -> Access:
        """What the caller may do to each pipeline, as it was granted when this was first asked."""
        if self.identity.admin:
            return Access(self.identity)
        with self.store.transaction() as store:
            return Access(self.identity, store.grants_of(self.identity.name))

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
        from .deploy.lakebase import passwords_of
        from .storage.store import Store

        settings = self.settings
        return Store.open(settings.database, password_provider=passwords_of(settings))

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
        from .codegen.settings import of_settings
        from .graph.validate import validate

        self.alive()  # most long work looks at documents, often at many in turn
        found = validate(document, self.catalog, self.resolver, self.cache)
        return found.adding(of_settings(document))

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A read transaction of what the caller may see; short, since nothing waits for it."""
        with self.store.transaction(access=self.access) as transaction:
            yield transaction

    @contextmanager
    def writing(self, pipeline_id: str | None = None) -> Iterator[Transaction]:
        """The one write transaction of an operation; its audit row is stored with it or not at all.

        Work that takes time belongs before it: writers wait for one another.
        """
        call = self.call
        assert not call.audited, f"{call.operation} opened a second write transaction"
        if pipeline_id and self.access.sees(pipeline_id):  # the store hides the others
            require(self, call.role, f"`{call.operation}`", pipeline_id)
        call.pipeline_id = pipeline_id or call.pipeline_id
        with self.store.transaction(write=True, access=self.access) as transaction:
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
            role=self._role(),
            operation=call.operation,
            pipeline_id=call.pipeline_id,
            revision=call.revision,
            arguments_sha256=call.arguments_sha256,
            outcome=outcome,
            duration_ms=call.duration_ms,
            surface=self.origin.surface,
            client=self.origin.client,
            request_id=call.request_id,
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

    def alive(self) -> None:
        """Tell that the work goes on. Ends it where the caller has cancelled it."""
        self.progress(0.0, WORKING)

    def notify(self, kind: str, pipeline_id: str, data: Mapping[str, Any]) -> None:
        """Tell viewers of this, once the operation has succeeded."""
        self.call.notices.append(Notice(kind, pipeline_id, dict(data)))

    def send_notices(self) -> None:
        """Tell what was noted during the call."""
        for notice in self.call.notices:
            self.services.publish(notice)

    def require(self, role: Role, what: str) -> None:
        """Raise Forbidden unless the caller has the role that this part of an operation needs."""
        require(self, role, what, self.call.pipeline_id)

    def _role(self) -> Role:
        """The role that counted, as the audit log tells it."""
        return self.access.on(self.call.pipeline_id)

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
