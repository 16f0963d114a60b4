"""What a supervisor does when Spark breaks, hangs, floods or fills the disk; and when it dies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from lakestream_mcp.deploy import running
from lakestream_mcp.deploy.running.place import kill_holder
from lakestream_mcp.errors import LakestreamError

from .conftest import FAST, Run, document, group_of, is_alive, spark_pid, supervisor_pid

pytestmark = pytest.mark.spark


def command(run: Run, folder: Path, *words: str) -> subprocess.Popen[str]:
    """The command line, as a process of its own."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("LAKESTREAM_")}
    environment = own | {
        "LAKESTREAM_DATA_DIR": str(run.ws.settings.data_dir),
        "LAKESTREAM_SPARK_PYTHON": str(run.ws.settings.spark_python),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "lakestream_mcp", *words],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def talked(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What it said on both outputs."""
    return process.communicate(timeout=100)


def test_it_runs_is_stopped_and_goes_on(run: Run) -> None:
    assert run.status.phase == "never-started"
    assert run.start().phase in {"starting", "running"}
    done = run.until(lambda now: now.queries.get("kept") is not None and now.phase == "running")
    done = run.until(lambda now: now.queries["kept"].total_batches == 3)
    assert (done.queries["kept"].total_rows, done.queries["kept"].late_rows) == (30, 6)
    assert (done.nodes["quiet"].matches, done.nodes["quiet"].rows_per_s) == (6, None)
    assert done.queries["kept"].rows_per_s > 0
    assert run.stop().phase == "stopped"
    run.behave(batches=2, first=3)
    run.start()
    run.until(lambda now: now.queries["kept"].total_batches == 5)
    told = run.call("get_running", pipeline_id="quiet")
    assert [batch["batch_id"] for batch in told["batches"]] == [0, 1, 2, 3, 4]
    assert sum(minute["rows"] for minute in told["minutes"]) == 50
    assert [c["phase"] for c in told["changes"]][:2] == ["starting", "starting"]


def test_an_error_that_comes_again_is_given_up_and_told(run: Run) -> None:
    run.behave(fail="column 17 of part-0a1b2c3d4e is no number")
    run.start()
    failed = run.until_phase("failed")
    assert failed.restarts == 2
    assert failed.said is not None
    assert "is no number" in failed.said
    assert failed.code == "SPARK_FAILED"
    run.behave(batches=1)
    run.start()
    run.until_phase("running")


def test_a_crash_is_followed_by_longer_and_longer_waits(run: Run) -> None:
    run.behave(die=True)
    run.start(FAST.model_copy(update={"first_wait_s": 0.5, "wait_max_s": 60}))
    waits = {}
    while len(waits) < 3:
        now = run.until_phase("restarting")
        if now.next_at is not None and now.since is not None:
            waits[now.attempt] = round((now.next_at - now.since).total_seconds(), 1)
        time.sleep(0.02)
    assert waits == {1: 0.5, 2: 1.0, 3: 2.0}
    run.behave(batches=1)
    recovered = run.until_phase("running")
    assert recovered.restarts is not None
    assert recovered.restarts >= 3


def test_one_life_is_not_mistaken_for_another(run: Run) -> None:
    """Spark dies with its supervisor, the status says so at once, and a start goes on."""
    run.start()
    run.until(lambda now: now.phase == "running" and "kept" in now.queries)
    supervisor, spark = supervisor_pid(run), spark_pid(run)
    os.kill(supervisor, signal.SIGKILL)
    give_up_at = time.monotonic() + 10
    lost = run.until(lambda now: now.phase == "lost", 5)
    assert lost.code == "RUN_LOST"
    assert not is_alive(supervisor)
    while group_of(spark):
        assert time.monotonic() < give_up_at, "Spark outlives its supervisor"
        time.sleep(0.05)
    run.behave(batches=1, first=3)
    run.start()
    run.until(lambda now: now.phase == "running" and now.queries["kept"].total_batches == 4)
    os.kill(supervisor_pid(run), signal.SIGKILL)
    run.until_phase("lost")
    assert run.stop().phase == "stopped"
    assert run.status.phase == "stopped"


def test_it_outlives_the_server_that_started_it(run: Run, tmp_path: Path) -> None:
    server = command(run, tmp_path, "run", "quiet", "--trigger", "1 second")
    run.until_phase("running")
    server.kill()
    talked(server)
    time.sleep(0.5)
    assert run.status.phase == "running"
    supervisor = supervisor_pid(run)
    assert os.getsid(supervisor) == supervisor
    assert run.stop().phase == "stopped"


def test_of_two_starts_one_wins_and_one_is_told(run: Run, tmp_path: Path) -> None:
    both = [command(run, tmp_path, "run", "quiet", "--detach", "--json") for _ in range(2)]
    told = [json.loads((out or err).splitlines()[-1]) for out, err in map(talked, both)]
    (refused,) = [answer["error"] for answer in told if "error" in answer]
    (started,) = [answer["running"] for answer in told if "error" not in answer]
    assert refused["code"] == "ALREADY_RUNNING"
    assert started["phase"] in {"starting", "running"}
    assert run.status.run_id == started["run_id"]


def test_who_does_not_stop_is_killed(run: Run) -> None:
    run.behave(deaf=True)
    run.start(FAST.model_copy(update={"stop_s": 0.5}))
    run.until_phase("running")
    spark = spark_pid(run)
    assert run.stop().phase == "stopped"
    assert not group_of(spark)


def test_a_spark_that_never_comes_to_run_is_started_again(run: Run) -> None:
    run.behave(mute=True)
    run.start(FAST.model_copy(update={"begin_s": 0.5}))
    again = run.until_phase("restarting")
    assert again.said is not None
    assert "did not begin" in again.said
    run.behave(batches=1)
    run.until_phase("running")


def test_the_input_is_used_up(run: Run) -> None:
    run.behave(batches=2, end=True)
    run.start(trigger="available now")
    finished = run.until_phase("finished")
    assert finished.queries["kept"].total_batches == 2
    assert run.stop().phase == "finished"


def test_logs_stay_small(run: Run) -> None:
    limits = FAST.model_copy(update={"log_bytes": 20_000, "log_files": 3})
    run.behave(noise=1_000_000)
    run.start(limits)
    run.until_phase("running")
    run.until(lambda _: len(list((run.folder / "logs").glob("spark.log*"))) == 3)
    run.stop()
    sizes = [file.stat().st_size for file in (run.folder / "logs").glob("spark.log*")]
    assert sum(sizes) <= 3 * 20_000
    assert any("stopped" in line for line in running.log_lines(run.ws, "quiet", 50))


def test_history_is_bounded_and_totals_are_not(run: Run) -> None:
    run.behave(batches=900)
    run.start()
    done = run.until(lambda now: "kept" in now.queries and now.queries["kept"].batch_id == 899)
    assert (done.queries["kept"].total_batches, done.queries["kept"].total_rows) == (900, 9000)
    told = run.call("get_running", pipeline_id="quiet", batches=600)
    assert [b["batch_id"] for b in told["batches"]] == list(range(300, 900))
    run.stop()
    run.behave(batches=1, first=902)
    run.start()
    done = run.until(lambda now: now.queries["kept"].batch_id == 902)
    assert done.queries["kept"].unmeasured == 2


def test_other_state_is_refused_and_kept_aside(run: Run) -> None:
    run.start()
    run.until(lambda now: "kept" in now.queries)
    run.stop()
    run.folder.joinpath("checkpoints").mkdir(exist_ok=True)
    change = {"op": "update_node", "id": "quiet", "config": {"key": ["key", "kind"]}}
    run.call("edit_pipeline", pipeline_id="quiet", changes=[change])
    with pytest.raises(LakestreamError) as refused:
        run.start()
    assert refused.value.code == "STATE_CHANGED"
    assert "the state of `quiet` is laid out differently" in refused.value.message
    assert "the open state of `quiet`" in refused.value.message
    assert run.status.phase == "stopped"
    assert run.start(fresh=True).phase in {"starting", "running"}
    (aside,) = (run.folder / "earlier").iterdir()
    assert {p.name for p in aside.iterdir()} >= {"checkpoints", "pipeline.json", "run.db"}
    fresh = run.until(lambda now: "kept" in now.queries)
    assert fresh.revision == 2


def test_a_full_disk_is_refused_at_the_start(run: Run) -> None:
    with pytest.raises(LakestreamError) as refused:
        run.start(FAST.model_copy(update={"disk_floor": 10**18}))
    assert refused.value.code == "DISK_FULL"
    assert run.status.phase == "never-started"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 40 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_run_waits_while_the_disk_is_full(
    opened: Callable[..., Run], spark_python: Path, small_disk: Path
) -> None:
    run = opened(spark_python, small_disk)
    run.create(document(run.data))
    run.behave(batches=1)
    run.start(FAST.model_copy(update={"disk_floor": 10_000_000}))
    run.until(lambda now: now.phase == "running" and "kept" in now.queries)
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file:
        free = shutil.disk_usage(small_disk).free
        file.write(bytes(free - 2_000_000))
    waiting = run.until_phase("disk-full")
    assert waiting.code == "DISK_FULL"
    assert waiting.said is not None
    assert "10 MB are the least" in waiting.said
    run.behave(batches=1, first=1)
    ballast.unlink()
    run.until(lambda now: now.phase == "running" and now.queries["kept"].total_batches == 2)
    run.stop()


def test_a_lost_run_is_stopped_on_a_full_disk(
    opened: Callable[..., Run],
    spark_python: Path,
    small_disk: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = opened(spark_python, small_disk)
    run.create(document(run.data))
    run.behave(batches=1)
    run.start()
    run.until(lambda now: now.phase == "running" and "kept" in now.queries)
    os.kill(supervisor_pid(run), signal.SIGKILL)
    run.until_phase("lost")
    ballast = small_disk / "ballast"
    # Another server reads, so that reading needs no more room.
    with closing(sqlite3.connect(run.folder / "run.db")) as reader:
        reader.execute("SELECT * FROM state").fetchall()
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        assert run.stop().phase == "lost"
    assert "cannot be written down" in caplog.text
    ballast.unlink()
    assert run.stop().phase == "stopped"


def test_a_process_that_only_has_the_number_is_left_alone(run: Run) -> None:
    run.start()
    run.until_phase("running")
    lock = run.folder / "supervisor.lock"
    signed = lock.read_text()
    with subprocess.Popen(["sleep", "60"]) as bystander:
        lock.write_text(signed.replace(str(supervisor_pid(run)), str(bystander.pid)))
        kill_holder(lock)
        assert bystander.poll() is None
        bystander.kill()
    lock.write_text(signed)
    assert run.status.phase == "running"
