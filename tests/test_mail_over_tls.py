"""Mail through a mail server that speaks TLS, from the first byte or by STARTTLS, its certificate of our own making."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crawler.errors import Undelivered
from crawler.notices.mail import Relay
from crawler.notices.message import Message
from crawler.notices.outbox import Outbox

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server does not see TLS that is there first
MESSAGE = Message("5f0c" * 8, "watch", "2 new articles", "Überflutung\n.\n.dots\n", {"watch": "floods", "articles": []})
PASSWORD = "p@ss word"


@dataclass
class Authority:
    """Who vouches for certificates; the file by which others know it."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    name: x509.Name = field(default_factory=lambda: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The desk")]))

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.known_by.write_bytes(self._signed(self.name, self.key, None))

    @property
    def known_by(self) -> Path:
        return self.folder / "authority.pem"

    def server_side(self, *names: x509.GeneralName, expired: bool = False) -> ssl.SSLContext:
        """For a server that goes by these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(x509.Name([]), key, x509.SubjectAlternativeName(names), expired)
        held = self.folder / "server.pem"
        held.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(held)
        return context

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, names: x509.SubjectAlternativeName | None,
        expired: bool = False,
    ) -> bytes:  # fmt: skip
        until = datetime.now(UTC) + timedelta(days=-1 if expired else 2)
        made = x509.CertificateBuilder(
            self.name, subject, key.public_key(), x509.random_serial_number(), until - timedelta(days=9), until
        ).add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
        if names:
            made = made.add_extension(names, critical=True)
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Post:
    """What the mail server took, and whether each came over TLS, from whom."""

    def __init__(self) -> None:
        self.taken: list[tuple[EmailMessage, bool, Any]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd calls it so
        mail = BytesParser(EmailMessage, policy=default).parsebytes(envelope.content)
        encrypted = server.transport.get_extra_info("cipher") is not None
        self.taken.append((mail, encrypted, session.auth_data))
        return "250 taken"


def opened(server: Any, session: Any, envelope: Any, mechanism: str, data: object) -> AuthResult:
    """Whether a user may come in."""
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"desk", PASSWORD.encode())
    return AuthResult(success=known, handled=False, auth_data="desk")


class AnyPort(Controller):
    """Listens where the system has room, and knows where that is."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


LOCALHOST = (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")))
Serve = Callable[..., str]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that this machine trusts, as if it were among those of the system."""
    made = Authority(tmp_path / "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.known_by))
    return made


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def serve(post: Post) -> Iterator[Serve]:
    """Starts a mail server that asks for a password, over TLS only; returns what the settings say of it."""
    with ExitStack() as running:

        def start(context: ssl.SSLContext, query: str, host: str = "127.0.0.1", password: str = PASSWORD) -> str:
            over_tls = {"tls_context": context, "require_starttls": True} if query else {"ssl_context": context}
            server = AnyPort(post, host, 0, authenticator=opened, auth_required=True, **over_tls)
            if not query:
                server.SMTP_kwargs["auth_require_tls"] = False
            server.start()
            running.callback(server.stop)
            user = f"desk:{password.replace('@', '%40').replace(' ', '%20')}"
            return f"{'smtp' if query else 'smtps'}://{user}@{host}:{server.port}{query}"

        yield start


def sent(settings: str) -> None:
    outbox = Outbox("copydesk/test", relay=Relay.read(settings), sender="copydesk@gazette.example")
    outbox.send(MESSAGE, "email", "desk@gazette.example")


BOTH = pytest.mark.parametrize("query", ["", "?starttls=yes"], ids=["from the first byte", "starttls"])


@BOTH
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_mail_goes_out_encrypted(authority: Authority, serve: Serve, post: Post, query: str, host: str) -> None:
    sent(serve(authority.server_side(*LOCALHOST), query, host))
    ((mail, encrypted, user),) = post.taken
    assert (mail["Subject"], mail["To"], user) == ("2 new articles", "desk@gazette.example", "desk")
    assert mail.get_content().replace("\r\n", "\n") == MESSAGE.text
    assert encrypted


@BOTH
def test_nothing_is_said_to_a_server_that_nobody_vouches_for(
    authority: Authority, serve: Serve, post: Post, query: str, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger")
    for context in (
        stranger.server_side(*LOCALHOST),
        authority.server_side(x509.DNSName("mail.example")),
        authority.server_side(*LOCALHOST, expired=True),
    ):
        with pytest.raises(Undelivered, match="certificate verify failed"):
            sent(serve(context, query, "localhost"))
    assert post.taken == []


@BOTH
def test_a_wrong_password_is_told_without_repeating_it(
    authority: Authority, serve: Serve, post: Post, query: str
) -> None:
    with pytest.raises(Undelivered, match="localhost: 535") as caught:
        sent(serve(authority.server_side(*LOCALHOST), query, "localhost", "hunter2"))
    assert "hunter2" not in str(caught.value)
    assert post.taken == []
