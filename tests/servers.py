"""Real servers on loopback for messages: SMTP by aiosmtpd, and a gateway that speaks Nexmo's protocol."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mailbox:
    """What the SMTP server received; `answer` is what it says after a message's data."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK"
        self.refused: set[str] = set()  # addresses nobody has
        self.rude = False  # goes without a word when it is bidden farewell
        self.mute = False  # goes without a word when it has the mail
        self.late = 0.0  # seconds that it looks through a mail before it answers
        self.port = free_port()

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        """aiosmtpd's hook for a recipient."""
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: object, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd's hook for a message."""
        await asyncio.sleep(self.late)
        if self.answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        if self.mute:
            server.transport.abort()
        return self.answer

    async def handle_QUIT(self, server: Any, _session: object, _envelope: object) -> str:  # noqa: N802
        """aiosmtpd's hook for the farewell."""
        if self.rude:
            server.transport.abort()
        return "221 Bye"


@contextmanager
def smtp() -> Iterator[Mailbox]:
    """An SMTP server that keeps what it gets."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


class Gateway:
    """What the SMS gateway received, and what it answers."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.accepted: list[dict[str, str]] = []
        self.status = 200
        self.statuses = ["0"]
        self.body: bytes | None = None
        self.kind = "application/json"
        self.url = ""
        self.left: str | None = None  # what the account holds, said with each answer
        self.balance: str | None = None  # ... and when asked
        self.asked = 0

    def answer(self) -> bytes:
        """The body of the next answer."""
        if self.body is not None:
            return self.body
        parts = [{"status": status, "error-text": f"text of {status}"} for status in self.statuses]
        if self.left is not None:
            parts = [{**part, "remaining-balance": self.left} for part in parts]
        return json.dumps({"message-count": str(len(parts)), "messages": parts}).encode()


@contextmanager
def sms() -> Iterator[Gateway]:
    """A gateway that speaks Nexmo's protocol over HTTP."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            answer = gateway.answer()
            gateway.forms.append(form)
            if b'"status": "0"' in answer:
                gateway.accepted.append(form)
            self._say(answer)

        def do_GET(self) -> None:
            gateway.asked += 1
            self._say(json.dumps({"value": gateway.balance}).encode())

        def _say(self, answer: bytes) -> None:
            self.send_response(gateway.status)
            self.send_header("Content-Type", gateway.kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(ConnectionError):  # who asked may have been killed
                self.wfile.write(answer)

        def log_message(self, *_words: object) -> None:
            """Says nothing: a test's output is for its failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
