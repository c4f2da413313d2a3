"""Voices for tests: a small program that speaks in tones, and a server of the OpenAI speech protocol on this machine."""

from __future__ import annotations

import io
import json
import math
import struct
import sys
import threading
import wave
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TALKER = """\
import math, struct, sys, wave
from pathlib import Path
words = sys.stdin.buffer.read().decode("utf-8").strip()
with (Path(__file__).parent / "said.txt").open("a", encoding="utf-8") as log:
    log.write("|".join([words, *sys.argv[1:]]) + "\\n")
tone = [int(12000 * math.sin(i * 0.25)) for i in range(len(words) * 800)]
with wave.open(sys.stdout.buffer, "wb") as out:
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(16000)
    out.writeframes(struct.pack(f"<{len(tone)}h", *tone))
"""
"""20 letters a second; what it was told goes to a file."""


class Talker:
    """A program that speaks. ``top``: what a storyboard says to use it."""

    def __init__(self, folder: Path) -> None:
        self.file, self._log = folder / "talk.py", folder / "said.txt"
        self.file.write_text(TALKER)
        command = json.dumps([sys.executable, "talk.py", "{voice}", "{language}"])
        self.top = f"speech: {{command: {command}}}\n"

    @property
    def said(self) -> list[tuple[str, ...]]:
        """Words, voice and language of each line, in the order in which they were spoken."""
        lines = self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
        return [tuple(line.split("|")) for line in lines]


def tone(seconds: float, rate: int = 24000) -> bytes:
    """A WAV file with a tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        samples = [int(9000 * math.sin(index * 0.2)) for index in range(int(seconds * rate))]
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


class SpeechServer:
    """Answers ``POST /v1/audio/speech`` with a tone. ``replies`` (status, content) come first, one for each request."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.replies: list[tuple[int, bytes]] = []
        self.on_request: Callable[[], None] = lambda: None
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.bodies.append(body)
                server.keys.append(self.headers.get("Authorization"))
                server.on_request()
                usual = (200, tone(len(body["input"]) / 20))
                status, content = server.replies.pop(0) if server.replies else usual
                if status == 0:  # no answer at all
                    self.connection.close()
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def said(self) -> list[str]:
        """The words of each request."""
        return [body["input"] for body in self.bodies]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
