"""Who calls: the headers of an App, static tokens, tokens of an issuer; others are kept out."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.exceptions import MCPError

from lakestream_mcp.errors import InvalidArgument, Unauthenticated
from lakestream_mcp.identity import Identity
from lakestream_mcp.security import Security
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.cli import main
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.http import application
from lakestream_mcp.surfaces.identity.sources import identity_of, source_of
from lakestream_mcp.surfaces.identity.tokens import made

from .callers import BASE
from .personas import app_host, headers_of
from .served import served

AUDIENCE = "https://lake.example/mcp"
Answers = Callable[..., httpx2.Response]


def asker(host: Host) -> Answers:
    """GET an address of the application, as it is without any server around it."""
    app = application(host, host.workspace.settings)

    def ask(path: str = "/api/access", headers: Any = None) -> httpx2.Response:
        async def get() -> httpx2.Response:
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.get(path, headers=headers)

        return asyncio.run(get())

    return ask


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Mapping[str, str]], Answers]]:
    """The application with the settings of an environment."""
    hosts: list[Host] = []

    def start(environ: Mapping[str, str]) -> Answers:
        settings = Settings.from_env({"LAKESTREAM_DATA_DIR": str(tmp_path / "store")} | environ)
        hosts.append(Host.serving(settings))
        return asker(hosts[-1])

    yield start
    for host in hosts:
        host.workspace.close()


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}


def you(response: httpx2.Response) -> dict[str, str]:
    """Whom the server takes the caller for."""
    assert response.status_code == 200, response.text
    found: dict[str, str] = response.json()["you"]
    return found


APP = {"DATABRICKS_APP_NAME": "mcp-lake", "DATABRICKS_APP_PORT": "8000"}
ANN = headers_of("ann@example.com")


def test_an_app_takes_the_user_of_its_proxy(serve: Any) -> None:
    ask = serve(APP | {"LAKESTREAM_ADMINS": "root@example.com"})
    ann = you(ask(headers=ANN))
    assert ann == {"name": "ann@example.com", "role": "viewer", "everywhere": "viewer"}
    assert you(ask(headers=headers_of("root@example.com")))["role"] == "deployer"


@pytest.mark.parametrize("missing", list(ANN))
def test_an_app_fails_closed(serve: Any, missing: str) -> None:
    ask = serve(APP)
    refused = ask(headers={k: v for k, v in ANN.items() if k != missing})
    assert refused.status_code == 401
    assert missing in refused.json()["error"]["message"]
    twice = [*ANN.items(), (missing, "bob@example.com")]
    assert ask(headers=twice).status_code == 401


def test_nothing_but_an_app_trusts_those_headers(serve: Any, tmp_path: Path) -> None:
    local = serve({})
    assert you(local(headers=ANN))["name"] != "ann@example.com"
    file = tmp_path / "tokens.json"
    file.write_text('{"tokens": []}')
    assert serve({"LAKESTREAM_TOKENS": str(file)})(headers=ANN).status_code == 401


def test_the_apps_token_is_at_hand_for_the_call_and_shown_nowhere(serve: Any) -> None:
    settings = Settings.from_env(APP)
    identity = source_of(settings).identify(ANN)
    assert identity.token == ANN["x-forwarded-access-token"]
    assert identity.token not in repr(identity)
    assert identity.token not in f"{identity} {identity!s}"


def token(file: Path, *words: str) -> str:
    """A new token, made by the command."""
    line = ["make-token", *words, "--file", str(file)]
    result = CliRunner().invoke(main, line)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_static_tokens_are_kept_as_hashes_and_can_be_revoked(serve: Any, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    ann, bob = token(file, "ann", "--role", "author"), token(file, "bob", "--role", "viewer")
    assert ann not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    ask = serve({"LAKESTREAM_TOKENS": str(file)})
    assert you(ask(headers=bearer(ann))) == {
        "name": "ann",
        "role": "author",
        "everywhere": "author",
    }
    assert you(ask(headers=bearer(bob)))["role"] == "viewer"
    kept = json.loads(file.read_text())["tokens"][1:]
    file.write_text(json.dumps({"tokens": kept}))
    assert ask(headers=bearer(ann)).status_code == 401
    assert ask(headers=bearer(bob)).status_code == 200
    file.write_text("{")
    assert ask(headers=bearer(bob)).status_code == 401, "an unreadable file lets nobody in"


def test_a_token_expires(serve: Any, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    today = datetime.now(UTC).date()
    ended = token(file, "ann", "--expires", str(today - timedelta(days=1)))
    lasts = token(file, "bob", "--expires", str(today))
    ask = serve({"LAKESTREAM_TOKENS": str(file)})
    refused = ask(headers=bearer(ended))
    assert refused.status_code == 401
    assert "expired" in refused.json()["error"]["message"]
    assert ask(headers=bearer(lasts)).status_code == 200


@pytest.mark.parametrize("text", ["{", "[]", '{"tokens": [{"name": "a"}]}', None])
def test_a_file_of_tokens_that_cannot_be_read_is_refused(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "tokens.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InvalidArgument) as refused:
        Host.serving(Settings(tmp_path, security=Security(("tokens",), tokens=file)))
    assert refused.value.code == "TOKENS_INVALID"


@given(st.text(max_size=80))
def test_no_text_but_the_token_is_the_token(text: str) -> None:
    import tempfile

    secret, line = made("ann", "deployer")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tokens.json"
        file.write_text(json.dumps({"tokens": [line.model_dump(mode="json")]}))
        source = source_of(Settings(file, security=Security(("tokens",), tokens=file)))
        for given_text in (text, secret[:-1], f"{secret}x", line.sha256):
            with pytest.raises(Unauthenticated):
                source.identify({"authorization": f"Bearer {given_text}"})
        assert source.identify({"authorization": f"bearer {secret}"}).name == "ann"


class Issuer:
    """An issuer of tokens, whose keys are served over HTTP."""

    def __init__(self) -> None:
        self.key = new_key()
        self.fetched = 0
        issuer = self

        class Keys(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetched += 1
                body = json.dumps({"keys": [issuer.public()]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def public(self) -> dict[str, Any]:
        algorithm = jwt.algorithms.RSAAlgorithm
        return json.loads(algorithm.to_jwk(self.key.public_key())) | {"kid": "k1", "use": "sig"}

    def token(self, key: RSAPrivateKey | str | None = None, **claims: Any) -> str:
        """A token with some claims of its own; None leaves one out."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "ann", "exp": now + 600}
        usual["scope"] = "openid lakestream:author"
        said = {k: v for k, v in (usual | claims).items() if v is not None}
        algorithm = "HS256" if isinstance(key, str) else "RS256"
        return jwt.encode(said, key or self.key, algorithm, headers={"kid": "k1"})

    def environ(self, **more: str) -> dict[str, str]:
        """The settings of a server that accepts its tokens."""
        named = {"LAKESTREAM_JWT_ISSUER": self.url, "LAKESTREAM_JWT_AUDIENCE": AUDIENCE}
        return named | more


def new_key() -> RSAPrivateKey:
    """A key of an issuer."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """One issuer for all tests."""
    made_issuer = Issuer()
    yield made_issuer
    made_issuer.server.shutdown()


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({}, "author"),
        ({"scope": "lakestream:viewer lakestream:deployer"}, "deployer"),
        ({"scope": None, "scp": ["lakestream:viewer"]}, "viewer"),
    ],
)
def test_scopes_of_an_issuers_token_are_roles(
    serve: Any, issuer: Issuer, claims: dict[str, Any], role: str
) -> None:
    ask = serve(issuer.environ())
    assert you(ask(headers=bearer(issuer.token(**claims)))) == {
        "name": "ann",
        "role": role,
        "everywhere": role,
    }


def wrong_tokens(issuer: Issuer) -> dict[str, str]:
    """Tokens that nobody may come in with."""
    good = issuer.token()
    head, body, signature = good.split(".")
    unsigned = jwt.encode(jwt.decode(good, options={"verify_signature": False}), None, "none")
    public = json.dumps(issuer.public()) * 2
    return {
        "another key": issuer.token(new_key()),
        "the public key as a secret": issuer.token(public),
        "no signature": unsigned,
        "a changed body": f"{head}.{body[:-2]}AA.{signature}",
        "another issuer": issuer.token(iss="https://evil.example"),
        "for somebody else": issuer.token(aud="https://other.example"),
        "expired": issuer.token(exp=int(time.time()) - 100),
        "for ever": issuer.token(exp=None),
        "nobody": issuer.token(sub=None),
        "everybody": issuer.token(sub="*"),
        "no token at all": "nonsense",
    }


def test_wrong_tokens_are_kept_out(serve: Any, issuer: Issuer) -> None:
    ask = serve(issuer.environ(LAKESTREAM_FAILURES_PER_MINUTE="0"))
    for what, text in wrong_tokens(issuer).items():
        for path in ("/api/access", "/docs", "/", "/metrics"):
            refused = ask(path, bearer(text))
            assert refused.status_code == 401, what
            assert 'error="invalid_token"' in refused.headers["www-authenticate"]


def test_a_token_without_our_scopes_is_told_so(serve: Any, issuer: Issuer) -> None:
    refused = serve(issuer.environ())(headers=bearer(issuer.token(scope="openid")))
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert refused.json()["error"]["code"] == "INSUFFICIENT_SCOPE"


def test_clients_learn_where_to_get_a_token(serve: Any, issuer: Issuer) -> None:
    ask = serve(issuer.environ(LAKESTREAM_VIEWER_URL=BASE))
    challenge = ask("/mcp").headers["www-authenticate"]
    address = challenge.split('resource_metadata="')[1].split('"')[0]
    told = ask(address.removeprefix(BASE)).json()
    assert told["resource"] == f"{BASE}/mcp"
    assert told["authorization_servers"] == [issuer.url]


def test_unknown_keys_are_not_asked_for_again_and_again(serve: Any, issuer: Issuer) -> None:
    ask, before = serve(issuer.environ()), issuer.fetched
    for number in range(5):
        forged = jwt.encode({"sub": "x"}, new_key(), "RS256", headers={"kid": f"k{number + 2}"})
        assert ask(headers=bearer(forged)).status_code == 401
    assert issuer.fetched - before <= 2


def test_an_issuer_that_is_away_is_no_verdict(serve: Any, issuer: Issuer) -> None:
    ask = serve(issuer.environ(LAKESTREAM_JWT_KEYS="http://127.0.0.1:9/keys"))
    answer = ask(headers=bearer(issuer.token()))
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "ISSUER_UNREACHABLE"


def test_tokens_of_a_file_and_of_an_issuer_side_by_side(
    serve: Any, issuer: Issuer, tmp_path: Path
) -> None:
    file = tmp_path / "tokens.json"
    ci = token(file, "ci")
    ask = serve(issuer.environ(LAKESTREAM_TOKENS=str(file)))
    assert you(ask(headers=bearer(ci)))["name"] == "ci"
    assert you(ask(headers=bearer(issuer.token())))["name"] == "ann"
    refused = ask(headers=bearer("nonsense"))
    assert "resource_metadata" in refused.headers["www-authenticate"]


def test_mcp_with_a_token_over_a_real_server(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    ann = token(file, "ann", "--role", "viewer")
    security = Security(("tokens",), tokens=file)

    async def names(url: str) -> set[str]:
        transport = StreamableHttpTransport(f"{url}/mcp", headers=bearer(ann))
        async with Client(transport) as client:
            return {tool.name for tool in await client.list_tools()}

    async def without(url: str) -> None:
        async with Client(f"{url}/mcp") as client:
            await client.list_tools()

    with app_host(tmp_path / "store", security) as host, served(host) as url:
        assert "edit_pipeline" not in asyncio.run(names(url))
        assert httpx2.post(f"{url}/mcp", json={}).status_code == 401
        with pytest.raises(MCPError):
            asyncio.run(without(url))


@pytest.mark.parametrize(
    "environ",
    [
        {"LAKESTREAM_IDENTITY": "jwt"},
        {"LAKESTREAM_IDENTITY": "tokens"},
        {"LAKESTREAM_IDENTITY": "local,databricks-app"},
        {"LAKESTREAM_IDENTITY": "anybody"},
        {"LAKESTREAM_JWT_ISSUER": "https://id.example"},
        {"LAKESTREAM_JWT_AUDIENCE": "us"},
        {
            "LAKESTREAM_JWT_ISSUER": "http://id.example",
            "LAKESTREAM_JWT_AUDIENCE": "us",
        },
        {
            "LAKESTREAM_JWT_ISSUER": "https://id.example",
            "LAKESTREAM_JWT_AUDIENCE": "us",
            "LAKESTREAM_JWT_ALGORITHM": "HS256",
        },
        {
            "LAKESTREAM_JWT_ISSUER": "https://id.example",
            "LAKESTREAM_JWT_AUDIENCE": "us",
            "LAKESTREAM_JWT_KEYS": "http://127.0.0.1.evil.example/keys",
        },
        {"LAKESTREAM_DEFAULT_ROLE": "boss"},
        {"LAKESTREAM_EDITS_PER_MINUTE": "many"},
        {"LAKESTREAM_EDITS_PER_MINUTE": "10000000"},
        {"LAKESTREAM_PORT": "²"},
        {"LAKESTREAM_PORT": "65536"},
        {"LAKESTREAM_DISK_FLOOR_MB": "²"},
        {"LAKESTREAM_DISK_FLOOR_MB": "1" * 13},
        {"LAKESTREAM_LLM_TIMEOUT_S": "0"},
        {"LAKESTREAM_LLM_TIMEOUT_S": "1" * 5000},
        {"LAKESTREAM_LOG": "xml"},
    ],
)
def test_settings_that_would_let_somebody_in_by_mistake(environ: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument):
        Settings.from_env(environ)


@pytest.mark.parametrize("name", ["", "*", "a\nb", "x" * 201, "\x00"])
def test_names_that_could_be_taken_for_something_else(name: str) -> None:
    with pytest.raises(Unauthenticated):
        identity_of(name, "deployer", "deployer", Security())


def test_an_administrators_weak_token_stays_weak() -> None:
    security = Security(admins=("ann",))
    assert identity_of("ann", "viewer", "viewer", security) == Identity(
        "ann", "viewer", most="viewer"
    )
