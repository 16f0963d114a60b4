"""What the process is told by its environment: one frozen record, read once at start."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .errors import DatabricksFailed, InvalidArgument
from .identity import Role
from .security import LOOPBACK, Security, names_of, number_of, role_of

LAKEBASE = re.compile(
    r"[A-Za-z][A-Za-z0-9-]{0,62}|projects/[a-z0-9-]+/branches/[a-z0-9-]+/endpoints/[a-z0-9-]+"
)


class LanguageSettings(NamedTuple):
    """Which models may turn words into changes, and how much of them a user may spend.

    `endpoint` is a Databricks serving endpoint: its name, or `sonnet` or `opus` for the newest one
    of that family.
    """

    model: str = "claude-sonnet-5-5"
    endpoint: str = ""
    timeout_s: int = 60
    tokens_per_call: int = 8_000
    tokens_per_day: int = 400_000

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> LanguageSettings:
        """Settings from `LAKESTREAM_LLM_*`. Raises InvalidArgument."""
        return cls(
            model=env.get("LAKESTREAM_LLM_MODEL", cls().model),
            endpoint=env.get("LAKESTREAM_LLM_ENDPOINT", ""),
            timeout_s=number_of(env, "LAKESTREAM_LLM_TIMEOUT_S", cls().timeout_s, 1, 600),
            tokens_per_call=number_of(
                env, "LAKESTREAM_LLM_TOKENS_PER_CALL", cls().tokens_per_call, 1, 64_000
            ),
            tokens_per_day=number_of(
                env, "LAKESTREAM_LLM_TOKENS_PER_DAY", cls().tokens_per_day, 1, 1_000_000_000
            ),
        )


class Settings(NamedTuple):
    """Where data lives, what may be read, and where the server listens.

    `database_url` is None for the SQLite file in `data_dir`. `data_roots` are the folders from
    which a pipeline or a test may read files. `databricks_timeout_s` is for one request,
    `databricks_retry_s` for all tries of one call. `lakebase` names the Lakebase instance or
    endpoint whose passwords are minted. `disk_floor_mb` is what a local run leaves free.
    """

    data_dir: Path
    database_url: str | None = None
    data_roots: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8321
    viewer_url: str = ""
    spark_python: Path | None = None
    role: Role = "deployer"
    allowed_hosts: tuple[str, ...] = ()
    tool_search: bool = False
    databricks_profile: str = ""
    databricks_timeout_s: float = 60
    databricks_retry_s: int = 60
    security: Security = Security()
    lakebase: str = ""
    language: LanguageSettings = LanguageSettings()
    disk_floor_mb: int = 500

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
            role=role_of(env, "LAKESTREAM_ROLE"),
            allowed_hosts=names_of(env, "LAKESTREAM_HOSTS"),
            tool_search=_is_on(env, "LAKESTREAM_TOOL_SEARCH"),
            databricks_profile=env.get("LAKESTREAM_DATABRICKS_PROFILE", ""),
            security=Security.from_env(env),
            lakebase=_lakebase(env),
            language=LanguageSettings.from_env(env),
            disk_floor_mb=_disk_floor_mb(env),
        )

    @property
    def database(self) -> str | Path:
        """Where the store is: a URL, or the SQLite file in the data folder."""
        return self.database_url or self.data_dir / "lakestream.db"

    @property
    def url(self) -> str:
        """The viewer's address, for links in answers."""
        if self.viewer_url:
            return self.viewer_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def check_bind(self) -> None:
        """Refuse to listen beyond this machine unless callers prove who they are."""
        if self.host in LOOPBACK or (self.security.proves and self.allowed_hosts):
            return
        missing = "names no host to be reached by" if self.security.proves else "asks nobody's name"
        raise InvalidArgument(
            f"Listening on {self.host} lets other machines in, and the server {missing}.",
            code="REMOTE_REFUSED",
            where={"argument": "host"},
            got=self.host,
            expected=sorted(LOOPBACK),
            hint="Set LAKESTREAM_TOKENS or LAKESTREAM_JWT_ISSUER, so that callers prove who they "
            "are, and LAKESTREAM_HOSTS to the names that clients use, with commas.",
        )


def _is_on(env: Mapping[str, str], name: str) -> bool:
    return env.get(name, "") in {"1", "true", "yes"}


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


def _lakebase(env: Mapping[str, str]) -> str:
    """The Lakebase instance or endpoint named; it also takes a PostgreSQL to connect to."""
    given = env.get("LAKESTREAM_LAKEBASE", "")
    if given and not LAKEBASE.fullmatch(given):
        raise InvalidArgument(
            "LAKESTREAM_LAKEBASE names no Lakebase database.",
            got=given[:120],
            expected="the name of an instance, or projects/…/branches/…/endpoints/…",
        )
    if given and not (_database_url(env) or "").startswith("postgres"):
        raise InvalidArgument(
            "LAKESTREAM_LAKEBASE mints passwords, but no PostgreSQL is named to use them on.",
            expected="PGHOST, PGUSER and PGDATABASE, or LAKESTREAM_DATABASE_URL",
        )
    by_variables = "PGHOST" in env and not env.get("LAKESTREAM_DATABASE_URL")
    if not given and by_variables and "DATABRICKS_APP_NAME" in env and "PGPASSWORD" not in env:
        raise InvalidArgument(
            "The app has a database and no password for it.",
            expected="LAKESTREAM_LAKEBASE in app.yaml: the database's instance or endpoint",
        )
    return given


def _data_roots(env: Mapping[str, str], data_dir: Path) -> tuple[Path, ...]:
    given = env.get("LAKESTREAM_DATA_ROOTS")
    if given:
        return tuple(Path(p).expanduser().resolve() for p in given.split(os.pathsep) if p)
    here = Path.cwd()
    # A desktop client starts servers in the root folder, which must not become readable.
    return (data_dir,) if here == Path(here.anchor) else (here, data_dir)


def _port(env: Mapping[str, str]) -> int:
    expected = "a number from 0 to 65535"
    return number_of(env, "LAKESTREAM_PORT", 8321, 0, 65535, "is not a port", expected)


def _disk_floor_mb(env: Mapping[str, str]) -> int:
    name, most = "LAKESTREAM_DISK_FLOOR_MB", 10**12 - 1
    return number_of(env, name, 500, 0, most, "is not a size", "megabytes")


def _spark_python(env: Mapping[str, str]) -> Path | None:
    """The Python of the real-Spark environment: as given, else the one beside the checkout."""
    if given := env.get("LAKESTREAM_SPARK_PYTHON"):
        return Path(given)
    beside = Path(__file__).parents[1] / ".venv-spark" / "bin" / "python"
    return beside if beside.exists() else None


def need_databricks_sdk() -> None:
    """Raise DatabricksFailed where the SDK of Databricks, an extra of the package, is not here."""
    try:
        import databricks.sdk  # noqa: F401
    except ModuleNotFoundError:
        raise DatabricksFailed(
            "This needs Databricks' SDK, which is not installed where the server runs.",
            code="DATABRICKS_SDK_MISSING",
            hint="Install the extra: pip install 'lakestream-mcp[databricks]'; then start the "
            "server again. Authoring, tests and code of notebooks do without.",
        ) from None
