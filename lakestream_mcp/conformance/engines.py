"""The two engines that cases run on: the tester in this process, and generated code on Spark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..cep.events import table_of, with_arrivals
from ..cep.host import Host, Options
from ..cep.replay import FAR
from ..codegen import Generated, generate
from ..errors import LakestreamError
from ..graph.analysis import AnalysisCache
from ..graph.model import PipelineDocument
from ..graph.validate import Validation, refuse_errors, validate
from .case_file import Json

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..deploy.spark_process import SparkProcess
    from ..relational.columns import SailResolver
    from ..relational.local import LocalEngine

SOURCE = "events"
CLOSED = FAR
CASES_PER_RUN = 8


class Trial(NamedTuple):
    """One pattern on given rows, whose times are in microseconds.

    `until`: where the watermark goes after the last row, None for as far as the rows carry it,
    CLOSED to close the input. fails: it is expected to fail at run time.
    """

    node: Json
    columns: dict[str, str]
    event_time: str
    rows: list[Json]
    until: int | None
    fails: bool = False


class Found(NamedTuple):
    """A row that a pattern gave; the host also knows the row at hand and what brought it out."""

    row: Json
    after: Json | None
    by: str


class Answer(NamedTuple):
    """What a trial gave. `traced`: whether it is known when each row came out."""

    found: list[Found]
    relation: Any
    traced: bool


class Made(NamedTuple):
    """A trial's pipeline, validated, with its rows as the source's table."""

    trial: Trial
    document: PipelineDocument
    validation: Validation
    table: Any


class Maker:
    """Builds and validates pipelines."""

    def __init__(self, catalog: Catalog, engine: LocalEngine, resolver: SailResolver) -> None:
        self.catalog = catalog
        self.engine = engine
        self.resolver = resolver
        self.cache = AnalysisCache()

    def make(self, trial: Trial) -> Made:
        """The pipeline of a trial. Raises InvalidPipeline and other refusals."""
        document = PipelineDocument.model_validate(_document([trial], [""]))
        validation = validate(document, self.catalog, self.resolver, self.cache)
        refuse_errors(validation)
        relation = validation.relations[SOURCE]
        table, _ = table_of(_timed(trial), relation, SOURCE)
        tables = with_arrivals({SOURCE: table}, {SOURCE: trial.event_time})
        return Made(trial, document, validation, tables[SOURCE])

    def together(self, made: Sequence[Made]) -> tuple[PipelineDocument, Validation, Generated]:
        """One pipeline, and its code, in which each trial's nodes have its number."""
        numbers = [f"_{n}" for n in range(len(made))]
        document = PipelineDocument.model_validate(_document([m.trial for m in made], numbers))
        validation = validate(document, self.catalog, self.resolver, self.cache)
        refuse_errors(validation)
        code = generate(document, validation, self.catalog, "conformance", 1, self.resolver)
        return document, validation, code


def answer_on_host(maker: Maker, made: Made) -> Answer:
    """Run a trial in this process, as a test of a pattern does."""
    host = Host(
        made.document,
        made.validation,
        maker.catalog,
        maker.engine,
        maker.resolver,
        lambda *_: None,
    )
    whole = max(1, made.table.num_rows)
    options = Options(batch_rows=whole, advance_to=made.trial.until, traced=True)
    run = host.run({SOURCE: made.table}, options)
    node = made.trial.node["id"]
    pattern = run.patterns[node]
    found = []
    for row, match in pattern.found:
        arrival, by = pattern.outcome.emissions[id(match)]
        after = None if arrival is None else made.trial.rows[arrival]
        if by == "timer" and not pattern.plan.all_rows:
            after = _first_at(made.trial, _microseconds(row["detected_at"]))
        if after is None and made.trial.until is None:
            continue  # a time that no event of the case reaches
        found.append(Found(row, after, by))
    return Answer(found, made.validation.relations[node], True)


def _first_at(trial: Trial, moment: int) -> Json | None:
    """The first row at or after a time: time passes with rows that no condition wants, too."""
    return next((row for row in trial.rows if row[trial.event_time] >= moment), None)


def answers_on_spark(
    maker: Maker, spark: SparkProcess, made: Sequence[Made], tell: Callable[[str], None]
) -> list[Answer | Exception]:
    """Run trials as generated code, several in one run, those that should fail alone."""
    parts: list[list[int]] = [[n] for n, one in enumerate(made) if one.trial.fails]
    calm = [n for n, one in enumerate(made) if not one.trial.fails]
    parts += [calm[at : at + CASES_PER_RUN] for at in range(0, len(calm), CASES_PER_RUN)]
    answers: dict[int, Answer | Exception] = {}
    while parts:
        part = parts.pop()
        try:
            found: list[Any] = _run_on_spark(maker, spark, [made[n] for n in part])
        except LakestreamError as error:
            if len(part) > 1:  # find the one that fails
                middle = len(part) // 2
                parts += [part[:middle], part[middle:]]
                continue
            found = [error]
        answers |= dict(zip(part, found, strict=True))
        tell(f"{len(answers)} of {len(made)} cases have run")
    return [answers[n] for n in range(len(made))]


def _run_on_spark(maker: Maker, spark: SparkProcess, made: Sequence[Made]) -> list[Answer]:
    from ..deploy.replay import Cuts, replay_on_spark

    _, validation, code = maker.together(made)
    tables = {f"{SOURCE}_{n}": one.table for n, one in enumerate(made)}
    nodes = [f"{one.trial.node['id']}_{n}" for n, one in enumerate(made)]
    cuts = Cuts(batches=1, closing_apart=False)
    replay = replay_on_spark(spark, code, validation.relations, tables, nodes, "backlog", cuts)
    answers = []
    for one, node in zip(made, nodes, strict=True):
        table = replay.tables[node]
        rows = [] if table is None else table.to_pylist()
        found = [Found(row, None, "") for row in rows if _was_decided(one, row)]
        answers.append(Answer(found, validation.relations[node], False))
    return answers


def _was_decided(made: Made, row: Json) -> bool:
    """On Spark the input is always closed; what was decided later than `until` does not count."""
    limit = _limit(made)
    moment = row.get("detected_at")
    return limit >= FAR or moment is None or _microseconds(moment) <= limit


def _limit(made: Made) -> int:
    last = max((row[made.trial.event_time] for row in made.trial.rows), default=0)
    return last if made.trial.until is None else max(last, made.trial.until)


def _microseconds(moment: Any) -> int:
    import datetime as dt

    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    whole: int = (aware - epoch) // dt.timedelta(microseconds=1)
    return whole


def _timed(trial: Trial) -> list[Json]:
    """The rows with their times, given in microseconds, as times."""
    import datetime as dt

    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    times = [name for name, kind in trial.columns.items() if kind == "timestamp"]
    return [
        row
        | {
            name: None if row[name] is None else epoch + dt.timedelta(microseconds=row[name])
            for name in times
        }
        for row in trial.rows
    ]


def _document(trials: Sequence[Trial], numbers: Sequence[str]) -> Json:
    nodes: list[Json] = []
    edges: list[Json] = []
    for trial, number in zip(trials, numbers, strict=True):
        pattern = trial.node["id"] + number
        source, sink = SOURCE + number, "sink" + number
        nodes += [
            _source(trial, source),
            trial.node | {"id": pattern},
            {"id": sink, "type": "file-sink", "name": "Out", "config": {"path": f"/out/{sink}"}},
        ]
        edges += [{"source": source, "target": pattern}, {"source": pattern, "target": sink}]
    return {"name": "Conformance", "nodes": nodes, "edges": edges}


def _source(trial: Trial, node_id: str) -> Json:
    columns = [{"name": name, "type": kind} for name, kind in trial.columns.items()]
    config = {
        "path": f"/in/{node_id}",
        "columns": columns,
        "event_time": trial.event_time,
        "watermark_delay": "0 seconds",
    }
    return {"id": node_id, "type": "auto-loader", "name": "Events", "config": config}
