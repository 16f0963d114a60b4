"""What a Java must be told of the machine's network, since it reads neither proxy nor certificates
from where other programs find them."""

from __future__ import annotations

import hashlib
import re
import ssl
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
USUAL = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
PASSWORD = "changeit"
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def java_options(environ: Mapping[str, str], cache: Path) -> list[str]:
    """Options for any Java: the proxy and the certificates that other programs here use."""
    options = list(_proxy_options(environ))
    named = [environ[name] for name in BUNDLES if environ.get(name)]
    usual = [ssl.get_default_verify_paths().cafile or "", *USUAL]
    bundle = next((Path(file) for file in [*named, *usual] if file and Path(file).is_file()), None)
    if bundle is not None:
        cache.mkdir(parents=True, exist_ok=True)
        store = cache / "certificates.jks"
        store.write_bytes(trust_store(bundle.read_text(encoding="utf-8", errors="replace")))
        options += [
            f"-Djavax.net.ssl.trustStore={store}",
            f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",
        ]
    return options


def _proxy_options(environ: Mapping[str, str]) -> Iterator[str]:
    for scheme in ("http", "https"):
        name = f"{scheme}_proxy"
        proxy = urlsplit(environ.get(name) or environ.get(name.upper()) or "")
        if proxy.hostname:
            yield f"-D{scheme}.proxyHost={proxy.hostname}"
            yield f"-D{scheme}.proxyPort={proxy.port or 80}"


def trust_store(pem: str) -> bytes:
    """The certificates of a PEM bundle in Java's own format (JKS)."""
    certificates = [ssl.PEM_cert_to_DER_cert(text) for text in CERTIFICATE.findall(pem)]
    body = struct.pack(">III", 0xFEEDFEED, 2, len(certificates))
    for number, certificate in enumerate(certificates):
        body += struct.pack(">I", 2) + _text(f"certificate-{number}") + struct.pack(">Q", 0)
        body += _text("X.509") + struct.pack(">I", len(certificate)) + certificate
    salt = PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite"
    return body + hashlib.sha1(salt + body).digest()


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()
