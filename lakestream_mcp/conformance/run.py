"""Runs a file of cases on one engine and judges each answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from ..errors import LakestreamError
from . import match_recognize, sequence
from .case_file import Json, Verdict, read_cases, report
from .engines import Answer, Made, Maker, answer_on_host, answers_on_spark

if TYPE_CHECKING:
    from ..deploy.spark_process import SparkProcess

Engine = Literal["host", "spark"]
Tell = Callable[[str], None]


def run_file(path: Path, engine: Engine, spark_python: Path | None, tell: Tell) -> Json:
    """The report on a file of cases. Raises NotFound, InvalidArgument, EngineFailed."""
    from ..catalog import Catalog
    from ..relational.columns import SailResolver
    from ..relational.local import LocalEngine

    cases = read_cases(path)
    with ExitStack() as opened:
        local = LocalEngine()
        opened.callback(local.close)
        maker = Maker(Catalog.load(), local, SailResolver(local))
        if engine == "host":
            return report(cases, [_on_host(maker, case) for case in cases])
        from ..deploy import spark_env
        from ..deploy.spark_process import SparkProcess

        tell("starting Spark")
        spark = opened.enter_context(SparkProcess(spark_env.find(spark_python)))
        return report(cases, _on_spark(maker, spark, cases, tell))


def _kind(case: Json) -> ModuleType:
    """What knows the meaning of a case."""
    return sequence if "pattern" in case else match_recognize


def _on_host(maker: Maker, case: Json) -> Verdict:
    made = _made(maker, case)
    if isinstance(made, Verdict):
        return made
    try:
        answer = answer_on_host(maker, made)
    except Exception as error:  # noqa: BLE001 - a matcher's failure is a verdict
        return _refused(case, error, at_run_time=True)
    return _judged(maker, case, answer)


def _on_spark(maker: Maker, spark: SparkProcess, cases: list[Json], tell: Tell) -> list[Verdict]:
    made = [_made(maker, case) for case in cases]
    ready = [one for one in made if isinstance(one, Made)]
    answers = iter(answers_on_spark(maker, spark, ready, tell))
    verdicts = []
    for case, one in zip(cases, made, strict=True):
        if isinstance(one, Verdict):
            verdicts.append(one)
            continue
        answer = next(answers)
        if isinstance(answer, Exception):
            verdicts.append(_refused(case, answer, at_run_time=True))
        else:
            verdicts.append(_judged(maker, case, answer))
    return verdicts


def _made(maker: Maker, case: Json) -> Made | Verdict:
    """The pipeline of a case, or the verdict where it is refused or cannot be built."""
    try:
        return maker.make(_kind(case).trial(case))
    except LakestreamError as error:
        return _refused(case, error, at_run_time=False)
    except Exception as error:  # noqa: BLE001 - one broken case must not hide the others
        return Verdict("crash", f"{type(error).__name__}: {error}")


def _judged(maker: Maker, case: Json, answer: Answer) -> Verdict:
    try:
        if _kind(case) is sequence:
            return sequence.judge(case, answer)
        return match_recognize.judge(case, answer, maker.engine)
    except Exception as error:  # noqa: BLE001 - what cannot be compared is no pass
        return Verdict("crash", f"{type(error).__name__}: {error}")


def _refused(case: Json, error: Exception, at_run_time: bool) -> Verdict:
    verdict: Verdict = _kind(case).refused(case, error, at_run_time)
    return verdict
