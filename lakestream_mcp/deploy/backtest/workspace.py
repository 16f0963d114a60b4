"""A backtest as a one-time run in the workspace, whose scratch tables are gone afterwards.

The run has two tasks. One finds matches and writes what is wanted of them into a table. The other
follows whatever becomes of the first, and drops all tables: once the results have been read, for
which they are waited for, or when nobody came for them. So it needs no server to be cleaned up.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ...cep.host import Host
from ...codegen import Generated
from ...codegen.settings import AVAILABLE_NOW
from ...errors import DatabricksFailed, LakestreamError
from ..apply import LOST
from ..databricks_client import calling
from ..match_reading import row_of_json
from ..remote.files import Files
from ..remote.health import plain_words
from ..warehouse import rows_of
from .asked import Asked, Found, Rows, Tell
from .job_code import Scratch, columns_given, finding, forgetting

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.compute import ClusterSpec
    from databricks.sdk.service.jobs import Run, RunTask

FIND, FORGET = "backtest", "forget"
LONGEST_S = 6 * 3600
FORGETTING_S = 120
"""For how long it is looked whether the job drops its tables; it does so later as well."""
TRIES = 3
FIRST_PAUSE_S, PAUSE_S = 0.1, 5.0


class Place(NamedTuple):
    """Where a backtest runs. cluster: none where compute is serverless."""

    pipeline_id: str
    catalog: str
    schema: str
    checkpoints: str
    warehouse: str
    cluster: ClusterSpec | None


def backtest_in_workspace(
    host: Host,
    generated: Generated,
    client: WorkspaceClient,
    place: Place,
    asked: Asked,
    tell: Tell,
) -> Found:
    """Run it. Raises DatabricksFailed; whoever cancels has the run cancelled."""
    job = Job(client, place, asked, tell)
    with job.submitted(finding(host, generated, asked, job.scratch)) as run_id:
        job.follow(run_id)
        given = job.results()
    columns = columns_given(host, asked)

    def rows(part: str) -> Rows:
        return [row_of_json(text, columns[part]) for text in given.get(part, ())]

    answer = json.loads(given["answer"][0])
    kept = {name for name in asked.slices if f"rows-{name}" in answer["given"]}
    return Found.of(
        answer,
        {node: rows(node) for node in asked.patterns},
        {name: rows(f"rows-{name}") if name in kept else None for name in asked.slices},
    )


class Job:
    """The one-time run of one backtest, and what it makes."""

    def __init__(self, client: WorkspaceClient, place: Place, asked: Asked, tell: Tell) -> None:
        self.client, self.place, self.asked, self.tell = client, place, asked, tell
        self.files = Files(client)
        token = secrets.token_hex(6)
        with calling("asking who you are"):
            me = client.current_user.me().user_name
        self.scratch = Scratch(
            place.catalog,
            place.schema,
            token,
            f"{place.checkpoints.rstrip('/')}-backtest-{token}",
            f"/Workspace/Users/{me}/lakestream/{place.pipeline_id}/backtests/{token}",
        )
        self.run: Run | None = None

    @contextlib.contextmanager
    def submitted(self, notebook: str) -> Iterator[int]:
        """A run with its files, until the end of the block; then nothing of it is left."""
        run_id = 0
        try:
            self.tell(0.02, "submitting the job")
            self.files.make(self.scratch.folder)
            self.files.write(self._path(FIND), notebook)
            self.files.write(self._path(FORGET), forgetting(self.asked, self.scratch))
            run_id = self._submit()
            yield run_id
        except BaseException:
            with contextlib.suppress(LakestreamError):
                self._cancel(run_id)
            raise
        finally:
            with contextlib.suppress(LakestreamError):
                self._forget(run_id)

    def follow(self, run_id: int) -> None:
        """Wait until matches are found. Raises DatabricksFailed with what the job says."""
        for run in self._looks(run_id):
            task = _task(run, FIND)
            state = task.state if task else None
            if task and state and state.result_state:
                if state.result_state.value != "SUCCESS":
                    raise self._failed(task, state.result_state.value)
                return
            cycle = state.life_cycle_state.value if state and state.life_cycle_state else "PENDING"
            self.tell(0.1, f"the job: {cycle.lower()}")
        raise self._failed(None, "no result")

    def results(self) -> dict[str, list[str]]:
        """All rows of the table of results, by what they are."""
        from sqlglot import exp

        from ...relational.sql import column

        self.tell(0.9, "reading the results")
        names = (
            exp.to_identifier(n, quoted=True) for n in reversed(self._table("results").split("."))
        )
        table = exp.Table(**dict(zip(("this", "db", "catalog"), names, strict=True)))
        after = exp.cast(exp.Placeholder(this="after"), "bigint")
        part, row, number = map(column, ("part", "row", "n"))
        more = exp.GT(this=number, expression=after)
        query = exp.select(part, row, number).from_(table).where(more).order_by(number)
        statement, last = query.sql("databricks"), "-1"
        found: dict[str, list[str]] = {}
        while rows := rows_of(self.client, statement, {"after": last}, self.place.warehouse):
            for name, text, _ in rows:
                found.setdefault(str(name), []).append(str(text))
            last = str(rows[-1][2])
        return found

    def _table(self, what: str) -> str:
        return self.scratch.tables(self.asked)[what]

    def _path(self, task: str) -> str:
        return f"{self.scratch.folder}/{task}"

    def _submit(self) -> int:
        """Submit the run, once: a call whose answer was lost is sent again by the same token."""
        for _ in range(TRIES - 1):
            try:
                return self._submit_once()
            except DatabricksFailed as error:
                if error.code not in LOST:
                    raise
        return self._submit_once()

    def _submit_once(self) -> int:
        from databricks.sdk.service import jobs

        given = {"checkpoints": self.scratch.checkpoints, "trigger": AVAILABLE_NOW}
        find = jobs.NotebookTask(self._path(FIND), base_parameters=given)
        forget = jobs.NotebookTask(self._path(FORGET))
        after, always = [jobs.TaskDependency(FIND)], jobs.RunIf.ALL_DONE
        cluster = self.place.cluster
        tasks = [
            jobs.SubmitTask(
                FIND, notebook_task=find, new_cluster=cluster, timeout_seconds=LONGEST_S
            ),
            jobs.SubmitTask(
                FORGET, depends_on=after, run_if=always, notebook_task=forget, new_cluster=cluster
            ),
        ]
        with calling("submitting the backtest", pipeline=self.place.pipeline_id):
            submitted = self.client.jobs.submit(
                run_name=f"Backtest [{self.place.pipeline_id}]",
                tasks=tasks,
                idempotency_token=self.scratch.token,
            )
        return int(submitted.bind()["run_id"])

    def _looks(self, run_id: int) -> Iterator[Run]:
        """The run, again and again, until it has ended."""
        pause = FIRST_PAUSE_S
        while True:
            with calling("looking at the run", run=run_id):
                self.run = self.client.jobs.get_run(run_id)
            yield self.run
            if _has_ended(self.run):
                return
            time.sleep(pause)
            pause = min(1.5 * pause, PAUSE_S)

    def _failed(self, task: RunTask | None, result: str) -> DatabricksFailed:
        said = self.run.state.state_message if self.run and self.run.state else None
        with contextlib.suppress(LakestreamError), calling("reading why the job failed"):
            if task is not None:
                said = self.client.jobs.get_run_output(int(task.run_id or 0)).error
        return DatabricksFailed(
            f"Databricks: the backtest's job ended with {result}"
            + (f": {plain_words(said)}" if said else "."),
            code="DATABRICKS_RUN_FAILED",
            where={"run": self.run.run_page_url if self.run else None},
            got=result,
            hint="The run's page in the workspace has all of what it said.",
        )

    def _cancel(self, run_id: int) -> None:
        """End the work; what forgets it goes on."""
        task = _task(self.run, FIND) if self.run else None
        working = task and not (task.state and task.state.result_state)
        if run_id and (task is None or working):
            with calling("cancelling the backtest", run=run_id):
                self.client.jobs.cancel_run(int(task.run_id or run_id) if task else run_id)

    def _forget(self, run_id: int) -> None:
        """Say that the results are read, and see to it that nothing is left."""
        self._drop("results")
        if run_id:
            until = time.monotonic() + FORGETTING_S
            for run in self._looks(run_id):
                if time.monotonic() > until:
                    return
                if _has_ended(run):
                    break
        if not (self.run and _is_forgotten(self.run)):
            for what in self.scratch.tables(self.asked):
                self._drop(what)
        self.files.remove(self.scratch.folder, with_all=True)

    def _drop(self, what: str) -> None:
        from databricks.sdk.errors import NotFound

        name = self._table(what)
        with calling("dropping a table of the backtest", table=name), contextlib.suppress(NotFound):
            self.client.tables.delete(name)


def _task(run: Run, key: str) -> RunTask | None:
    return next((task for task in run.tasks or [] if task.task_key == key), None)


def _has_ended(run: Run) -> bool:
    cycle = run.state.life_cycle_state if run.state else None
    return cycle is not None and cycle.value in ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")


def _is_forgotten(run: Run) -> bool:
    """Whether the task that drops the tables has done so."""
    task = _task(run, FORGET)
    result = task.state.result_state if task and task.state else None
    return result is not None and result.value == "SUCCESS"
