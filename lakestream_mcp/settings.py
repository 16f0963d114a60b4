"""What the process is told by its environment: one frozen record, read once at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .errors import InvalidArgument
from .identity import ROLES, Role

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(NamedTuple):
    """Where data lives, what may be read, and where the server listens.

    `database_url` is None for the SQLite file in `data_dir`. `data_roots` are the folders from
    which a pipeline or a test may read files.
    """

    data_dir: Path
    database_url: str | None = None
    data_roots: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8321
    viewer_url: str = ""
    spark_python: Path | None = None
    role: Role = "deployer"
    allow_remote: bool = False
    allowed_hosts: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from `LAKESTREAM_*` (and `PG*`) variables. Raises InvalidArgument."""
        env = os.environ if environ is None else environ
        data_dir = _data_dir(env)
        return cls(
            data_dir=data_dir,
            database_url=_database_url(env),
            data_roots=_data_roots(env, data_dir),
            host=env.get("LAKESTREAM_HOST", "127.0.0.1"),
            port=_port(env),
            viewer_url=env.get("LAKESTREAM_VIEWER_URL", ""),
            spark_python=_spark_python(env),
            role=_role(env),
            allow_remote=env.get("LAKESTREAM_ALLOW_REMOTE", "") in {"1", "true", "yes"},
            allowed_hosts=tuple(h for h in env.get("LAKESTREAM_HOSTS", "").split(",") if h),
        )

    @property
    def url(self) -> str:
        """The viewer's address, for links in answers."""
        if self.viewer_url:
            return self.viewer_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def check_bind(self) -> None:
        """Refuse to listen beyond this machine unless that was asked for, with host names."""
        if self.host in LOOPBACK or (self.allow_remote and self.allowed_hosts):
            return
        raise InvalidArgument(
            f"Listening on {self.host} lets other machines in, and nothing asks who they are.",
            code="REMOTE_REFUSED",
            where={"argument": "host"},
            got=self.host,
            expected=sorted(LOOPBACK),
            hint="Behind a proxy that authenticates, set LAKESTREAM_ALLOW_REMOTE=1 and "
            "LAKESTREAM_HOSTS to the names that clients use, with commas.",
        )


def _data_dir(env: Mapping[str, str]) -> Path:
    if given := env.get("LAKESTREAM_DATA_DIR"):
        return Path(given).expanduser()
    import platformdirs

    return platformdirs.user_data_path("lakestream-mcp")


def _database_url(env: Mapping[str, str]) -> str | None:
    """The URL given; or, where `PGHOST` is set, one whose details libpq reads from `PG*`."""
    if given := env.get("LAKESTREAM_DATABASE_URL"):
        return given
    return "postgresql+psycopg://" if env.get("PGHOST") else None


def _data_roots(env: Mapping[str, str], data_dir: Path) -> tuple[Path, ...]:
    given = env.get("LAKESTREAM_DATA_ROOTS")
    if given:
        return tuple(Path(p).expanduser().resolve() for p in given.split(os.pathsep) if p)
    here = Path.cwd()
    # A desktop client starts servers in the root folder, which must not become readable.
    return (data_dir,) if here == Path(here.anchor) else (here, data_dir)


def _port(env: Mapping[str, str]) -> int:
    given = env.get("LAKESTREAM_PORT", "8321")
    if not given.isdigit() or not 0 <= int(given) <= 65535:
        raise InvalidArgument(
            "LAKESTREAM_PORT is not a port.", got=given, expected="a number from 0 to 65535"
        )
    return int(given)


def _role(env: Mapping[str, str]) -> Role:
    given = env.get("LAKESTREAM_ROLE", "deployer")
    for role in ROLES:
        if role == given:
            return role
    raise InvalidArgument("LAKESTREAM_ROLE is not a role.", got=given, expected=list(ROLES))


def _spark_python(env: Mapping[str, str]) -> Path | None:
    """The Python of the real-Spark environment: as given, else the one beside the checkout."""
    if given := env.get("LAKESTREAM_SPARK_PYTHON"):
        return Path(given)
    beside = Path(__file__).parents[1] / ".venv-spark" / "bin" / "python"
    return beside if beside.exists() else None
