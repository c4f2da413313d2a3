"""The review server: loopback only, one token a run, and no file but the page's own.

The standard library's server is enough for one person's windows, so the base installation can serve.
"""

from __future__ import annotations

import hmac
import json
import logging
import math
import queue
import re
import secrets
import socketserver
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from vidgen.app.more import PriceAsked
from vidgen.errors import BudgetError, InputError, VidgenError
from vidgen.media.os_errors import fault_of
from vidgen.review.desk import Desk
from vidgen.review.media import OURS
from vidgen.review.page import policy
from vidgen.takes.remarks import MOST_TEXT

LOG = logging.getLogger(__name__)
HOST = "127.0.0.1"
MOST_BYTES = 65_536
MOST_TAKES = 16
HEARTBEAT_S = 10.0
STATUS = {"shot.unknown": 404, "pick.unknown": 404, "trim.invalid": 400, "project.busy": 409}
_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}
_RANGE = re.compile(r"bytes=(?!-$)(?P<first>\d{0,15})-(?P<last>\d{0,15})")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """A request that is not answered: the status, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Body:
    """The values of a request's body. Each method raises Refused 400 for a missing or wrong one."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A text that says something."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > MOST_TEXT:
            raise Refused(400, f"{name} is a text of 1 to {MOST_TEXT} characters")
        return value

    def whole(self, name: str, most: int | None = None) -> int:
        """A whole number, from 1 to ``most`` where that is given."""
        value = self.values.get(name)
        if type(value) is not int or (most is not None and not 1 <= value <= most):
            raise Refused(400, f"{name} is a whole number{f' from 1 to {most}' if most else ''}")
        return value

    def frame(self, name: str) -> int | None:
        """The number of a frame, or null; it has to be there."""
        value = self.values.get(name, "")
        if value is not None and (type(value) is not int or value < 0):
            raise Refused(400, f"{name} is the number of a frame, or null")
        return value

    def amount(self, name: str) -> float | None:
        """A number from 0 on; None where it is left out."""
        value = self.values.get(name)
        if value is None:
            return None
        if type(value) not in (int, float) or not math.isfinite(value) or value < 0:
            raise Refused(400, f"{name} is a number from 0 on")
        return float(value)


def _pick(desk: Desk, body: Body) -> dict[str, Any]:
    return desk.pick(body.text("shot"), body.whole("take"))


def _unpick(desk: Desk, body: Body) -> dict[str, Any]:
    return desk.unpick(body.text("shot"))


def _reject(desk: Desk, body: Body) -> dict[str, Any]:
    return desk.reject(body.text("shot"), body.whole("take"), body.text("reason"))


def _trim(desk: Desk, body: Body) -> dict[str, Any]:
    return desk.trim(body.text("shot"), body.frame("start_frame"))


def _more(desk: Desk, body: Body) -> dict[str, Any]:
    return desk.more(body.text("shot"), body.whole("candidates", MOST_TAKES), body.amount("confirm_usd"))


def _render(desk: Desk, body: Body) -> Mapping[str, Any]:
    return desk.render(body.amount("confirm_usd"))


def _note(desk: Desk, body: Body) -> dict[str, Any]:
    take = None if body.values.get("take") is None else body.whole("take")
    return desk.note(body.text("shot"), body.text("text"), take, body.amount("at_s"))


CHANGES: Mapping[str, Callable[[Desk, Body], Mapping[str, Any]]] = {
    "/api/pick": _pick,
    "/api/unpick": _unpick,
    "/api/reject": _reject,
    "/api/trim": _trim,
    "/api/more": _more,
    "/api/note": _note,
    "/api/render": _render,
}


class ReviewServer(ThreadingHTTPServer):
    """Serves one desk. ``url`` is where a person opens it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, desk: Desk, port: int = 0) -> None:
        """Raises InputError where the port cannot be had."""
        self.desk, self.token = desk, secrets.token_urlsafe(32)
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            text = f"port {port} cannot be used: {getattr(error, 'strerror', None) or error}"
            raise InputError("usage.invalid", text, hint="--port with another number, or without --port") from error
        self.hosts = {f"{name}:{self.server_port}" for name in (HOST, "localhost", "[::1]")}

    def server_bind(self) -> None:
        """Bind without asking any name server."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    @property
    def url(self) -> str:
        """The address with its token."""
        return f"http://{HOST}:{self.server_port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The name of the cookie that keeps the token; other servers of this machine have others."""
        return f"vidgen-{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A window that is closed in the middle of an answer is no fault."""
        LOG.debug("a connection ended", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "vidgen", ""
    timeout = 60

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer(self._get)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed, and no token is logged."""

    def _answer(self, act: Callable[[str], None]) -> None:
        path, _, query = self.path.partition("?")
        try:
            self._admit(query)
            act(path)
        except Refused as why:
            self._fail(why.status, {"code": "usage.invalid", "message": str(why), "hint": None, "where": None})
        except PriceAsked as asked:
            self._fail(402, asked.as_dict(), estimated_usd=asked.usd)
        except VidgenError as error:
            other = 402 if isinstance(error, BudgetError) else 422 if isinstance(error, InputError) else 500
            self._fail(STATUS.get(error.code, other), error.as_dict())
        except ConnectionError:
            self.close_connection = True
        except Exception as error:  # a fault of ours ends this answer, not the server
            LOG.error("%s failed", path, exc_info=error)
            self._fail(500, fault_of("the answer", error).as_dict())

    def _admit(self, query: str) -> None:
        """Refuse whoever has not the token, or is another page in the same browser."""
        headers, hosts = self.headers, self.server.hosts
        named = headers.get_all("Host") or []
        if len(named) != 1 or named[0].lower() not in hosts:
            raise Refused(403, "this is not the server's name")
        for origin in headers.get_all("Origin") or ():
            if origin.lower().removeprefix("http://") not in hosts or not origin.lower().startswith("http://"):
                raise Refused(403, "this page may not ask")
        if headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            raise Refused(403, "this page may not ask")
        given = [*parse_qs(query).get("token", ()), *self._tokens()]
        if not any(hmac.compare_digest(one.encode("utf-8", "replace"), self.server.token.encode()) for one in given):
            raise Refused(403, "the token is missing or wrong; use the address that vidgen review printed")

    def _tokens(self) -> list[str]:
        """Tokens in the headers: the page's cookie, or those of other programs."""
        try:
            kept = SimpleCookie(self.headers.get("Cookie", "")).get(self.server.cookie)
        except CookieError:
            kept = None
        bearer = re.fullmatch(r"(?i)bearer\s+(\S+)", self.headers.get("Authorization", ""))
        found = [kept.value if kept else None, bearer[1] if bearer else None, self.headers.get("X-Vidgen-Token")]
        return [one for one in found if one]

    def _get(self, path: str) -> None:
        if path in ("/", "/index.html"):
            cookie = f"{self.server.cookie}={self.server.token}; Path=/; HttpOnly; SameSite=Strict"
            self._send(self.server.desk.page().encode(), "text/html; charset=utf-8", {"Set-Cookie": cookie})
        elif path == "/part":
            shot = parse_qs(self.path.partition("?")[2]).get("shot", [""])[0]
            self._send(self.server.desk.part(shot).encode(), "text/html; charset=utf-8")
        elif path == "/api/state":
            self._send_json(200, self.server.desk.state())
        elif path == "/api/events":
            self._events()
        elif path.startswith("/media/"):
            self._media(path.removeprefix("/media/"))
        elif path in CHANGES:
            raise Refused(405, "POST it")
        else:
            raise Refused(404, "there is nothing of that name")

    def _post(self, path: str) -> None:
        change = CHANGES.get(path)
        if change is None:
            raise Refused(404, "there is nothing of that name")
        self._send_json(200, change(self.server.desk, self._body()))

    def _body(self) -> Body:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,9}", length) or self.headers.get("Transfer-Encoding"):
            raise Refused(400, "the body needs a Content-Length")
        if int(length) > MOST_BYTES:
            raise Refused(413, f"the body has more than {MOST_BYTES} bytes")
        try:
            values = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise Refused(400, "the body is not JSON") from None
        if not isinstance(values, dict):
            raise Refused(400, "the body is not a JSON object")
        return Body(values)

    def _events(self) -> None:
        """Server-sent events, until the window or the server goes."""
        self.close_connection = True
        self._head(200, "text/event-stream", {"Connection": "close"})
        desk = self.server.desk
        with desk.window() as told:
            self.wfile.write(b": here\n\n")
            while not desk.ended.is_set():
                try:
                    event, values = told.get(timeout=HEARTBEAT_S)
                    self.wfile.write(f"event: {event}\ndata: {json.dumps(values)}\n\n".encode())
                except queue.Empty:
                    self.wfile.write(b": still here\n\n")
                self.wfile.flush()

    def _media(self, name: str) -> None:
        """A small copy or a still, or the part of it that the player asks for."""
        file = self.server.desk.media / name
        if not OURS.fullmatch(name) or not file.is_file():
            raise Refused(404, "there is nothing of that name")
        size = file.stat().st_size
        asked = _RANGE.fullmatch(self.headers.get("Range", "").strip())
        wanted = _range(asked, size)
        if wanted is None:
            self._head(416, _TYPES[file.suffix], {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
            return
        first, last = wanted
        part = {"Content-Range": f"bytes {first}-{last}/{size}"} if asked else {}
        more = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=31536000, immutable"}
        kind = 206 if part else 200
        self._head(kind, _TYPES[file.suffix], {**more, **part, "Content-Length": str(last - first + 1)})
        if self.command != "HEAD":
            self._copy(file, first, last + 1 - first)

    def _copy(self, file: Path, first: int, left: int) -> None:
        with file.open("rb") as opened:
            opened.seek(first)
            while left and (piece := opened.read(min(left, 1 << 20))):
                self.wfile.write(piece)
                left -= len(piece)

    def _send_json(self, status: int, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=True, default=str)
        self._send(text.encode(), "application/json", status=status)

    def _send(self, content: bytes, kind: str, more: Mapping[str, str] | None = None, status: int = 200) -> None:
        self._head(status, kind, {**(more or {}), "Content-Length": str(len(content))})
        if self.command != "HEAD":
            self.wfile.write(content)

    def _head(self, status: int, kind: str, more: Mapping[str, str]) -> None:
        self.send_response(status)
        safe = f"{policy('served')}; frame-ancestors 'none'"
        for name, value in {**_HEADERS, "Content-Security-Policy": safe, "Content-Type": kind, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _fail(self, status: int, error: Mapping[str, Any], **more: Any) -> None:
        self.close_connection = True  # the rest of the request may be unread
        try:
            text = json.dumps({"error": error, **more}, default=str).encode()
            self._send(text, "application/json", {"Connection": "close"}, status)
        except ConnectionError:
            pass


def _range(asked: re.Match[str] | None, size: int) -> tuple[int, int] | None:
    """First and last byte that are asked for, all without a range; None where there are none such."""
    if asked is None:
        return (0, size - 1)
    first, last = asked["first"], asked["last"]
    if not first:
        return (max(0, size - int(last)), size - 1) if int(last) else None
    end = min(int(last), size - 1) if last else size - 1
    return (int(first), end) if int(first) <= end else None
