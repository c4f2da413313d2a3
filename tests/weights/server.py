"""A small web server on this machine that behaves as badly as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What each path answers. ``broken_first`` paths lose their connection half way, once; ``asked`` lists (path, Range)."""

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    broken_first: set[str] = field(default_factory=set)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            site.asked.append((self.path, wanted))
            if target := site.redirects.get(self.path):
                self._head(302, 0, Location=target)
            elif (content := site.files.get(self.path)) is None:
                self._head(404, 0)
            elif self.path in site.broken_first:
                site.broken_first.remove(self.path)
                self._head(200, len(content), ETag='"1"')
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
            else:
                start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
                extra = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if wanted else {}
                self._head(206 if wanted else 200, len(content) - start, **extra)
                self.wfile.write(content[start:])

        def _head(self, status: int, length: int, **headers: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
