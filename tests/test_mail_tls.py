"""Mail over TLS, to a real server: the password goes to nobody whose certificate is not trusted."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.settings import load
from flask_app import send_email_sms
from flask_app.boiler.deliveries import Message, Outcome
from tests.servers import free_port

MAIL = Message("mail", "house@example.org", "Water", "55.8 °C")


class Server:
    """Keeps the passwords and the mails that it is given."""

    def __init__(self) -> None:
        self.passwords: list[bytes] = []
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook for a message."""
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 OK"

    def login(self, _server: object, _session: object, _envelope: object, _way: str, given: Any) -> AuthResult:
        """aiosmtpd's hook for a login."""
        self.passwords.append(given.password)
        return AuthResult(success=True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + made.public_bytes(pem)
    )
    return path


@pytest.fixture(params=["starttls", "ssl"])
def server(request: pytest.FixtureRequest, certificate: Path, environ: dict[str, str]) -> Iterator[Server]:
    """An SMTP server with that certificate, which this installation's mail goes to."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    found = Server()
    given: dict[str, Any] = (
        {"ssl_context": context}
        if request.param == "ssl"
        else {"tls_context": context, "require_starttls": True, "auth_require_tls": True}
    )
    port = free_port()
    controller = Controller(
        found,
        hostname="127.0.0.1",
        port=port,
        authenticator=found.login,
        **{"auth_require_tls": False, **given},
    )
    environ |= {
        "CHAUDIERE_MAIL_SERVER": "127.0.0.1",
        "CHAUDIERE_MAIL_PORT": str(port),
        "CHAUDIERE_MAIL_SECURITY": request.param,
        "CHAUDIERE_MAIL_USERNAME": "boiler@example.org",
        "CHAUDIERE_MAIL_PASSWORD": "not for everybody",
    }
    controller.start()
    yield found
    controller.stop()


def test_a_server_that_nobody_vouches_for_gets_no_password(server: Server, environ: dict[str, str]) -> None:
    answer = send_email_sms.send(MAIL, load(environ))

    assert answer.outcome is Outcome.RETRY
    assert "certificate verify failed" in answer.words
    assert server.passwords + server.mails == []


def test_a_server_that_is_trusted_gets_the_mail(
    server: Server, environ: dict[str, str], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    answer = send_email_sms.send(MAIL, load(environ))

    assert answer.outcome is Outcome.SENT
    assert server.passwords == [b"not for everybody"]
    assert len(server.mails) == 1
