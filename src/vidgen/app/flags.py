"""Words about a request as the person typed it: ``vidgen shot`` has flags where a storyboard has keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidgen.errors import Notice, VidgenError
from vidgen.render.events import Listener

FLAGS: Mapping[str, str] = {
    "scene": "PROMPT",
    "prompt": "PROMPT",
    "start_frame": "--image",
    "end_frame": "--end-image",
    "source_video": "--video",
    "references": "--reference",
    "own_sound": "--sound",
    "camera.move": "--camera",
    "camera": "--camera",
    "motion.amount": "--motion-amount",
    "motion.detail": "--motion",
    "motion.type": "--motion",
    "motion": "--motion",
    **{name: f"--{name}" for name in ("style", "negative", "duration", "aspect", "resolution", "fps", "seed", "candidates")},
    **{name: f"--{name}" for name in ("engine", "model")},
}
"""The flag of each key of a storyboard that ``vidgen shot`` has one for."""

_ANYWHERE = [key for key in FLAGS if "_" in key or "." in key]
"""Keys that are no plain words, so that they mean the key wherever they stand. The others do so only before a colon."""


def flag_of(*path: str | int) -> str:
    """The flag of a key, given as the path to it in the storyboard; ``--key`` where the table has none."""
    names = [str(part) for part in path if isinstance(part, str)]
    for key in (*(".".join(names[start:]) for start in range(len(names))), *names):
        if key in FLAGS:
            return FLAGS[key]
    return "--" + (names[0] if names else "").replace("_", "-")


class Typed:
    """Translates what is said about a request.

    Args:
        files: each file as it was typed, and its flag.
    """

    def __init__(self, files: Iterable[tuple[Path, str]]) -> None:
        self._files = {str(file.absolute()): (str(file), flag) for file, flag in files}
        paths = "|".join(re.escape(name) for name in sorted(self._files, key=len, reverse=True))
        anywhere, first = ("|".join(re.escape(key) for key in keys) for keys in (_ANYWHERE, FLAGS))
        self._words = re.compile(
            rf"(?P<file>{paths or '(?!)'})"
            rf"|(?<![\w/\\.-])(?P<key>{anywhere})(?![\w/\\-]|\.\w)(?:: (?=[A-Z]{{2}}))?"
            rf"|(?:^|(?<=; ))(?P<first>{first})(?=: )",
            re.MULTILINE,
        )

    def words(self, text: str) -> str:
        """A message in the words of the command line. One that is about a file begins with the file's flag."""
        flags = [flag for name, (_, flag) in self._files.items() if name in text]
        message = self._words.sub(self._word, text)
        return message if not flags or "--" in message else f"{flags[0]}: {message}"

    def _word(self, found: re.Match[str]) -> str:
        if found["file"]:
            return self._files[found["file"]][0]
        key = found["key"] or found["first"]
        return FLAGS[key] + (" " if found[0].endswith(": ") else "")

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Errors that leave the block are in the words of the command line."""
        try:
            yield
        except VidgenError as error:
            error.message, error.hint = self.words(error.message), self.words(error.hint)
            error.args = (error.message,)
            error.where = self._files.get(error.where, (error.where, ""))[0]
            raise

    def warn(self, warn: Callable[[Iterable[Notice]], None]) -> Callable[[Iterable[Notice]], None]:
        """Passes notices on, in the words of the command line."""
        return lambda notices: warn([replace(notice, message=self.words(notice.message)) for notice in notices])

    def listener(self, listener: Listener) -> Listener:
        """The same for events."""

        def translated(event: str, /, **values: Any) -> None:
            listener(event, **{**values, "message": self.words(values["message"])} if "message" in values else values)

        return translated
