"""A place that driver and nodes all reach: a folder, or any URL that fsspec knows. Files lie there by their content.

Where it is named, files go by way of it, and only their names go through Ray. Where it does not work for a node, they go
through Ray as without it.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path
from typing import Any

from vidgen.errors import InputError, MissingError
from vidgen.media.files import sha256_file

VARIABLE = "VIDGEN_CLUSTER_SHARE"


class Share:
    """The place. Raises MissingError ``executor.missing`` where a package for its kind is not installed, InputError
    ``config.invalid`` where it is none.
    """

    def __init__(self, url: str) -> None:
        try:
            import fsspec

            self._system, self._root = fsspec.core.url_to_fs(url)
        except ImportError as error:
            text = f"{VARIABLE} is {url!r}: {error}"
            raise MissingError("executor.missing", text, hint="pip install that package here and on all nodes") from error
        except (ValueError, OSError) as error:
            hint = "name a folder that all machines see, or a URL such as s3://BUCKET/FOLDER"
            raise InputError("config.invalid", f"{VARIABLE} is {url!r}: {error}", hint=hint, where=VARIABLE) from error

    def put(self, file: Path, sha256: str) -> None:
        """Have a file there, unless it is there already. Raises OSError, or what the place raises."""
        target = self._place(sha256)
        if self._size(target) == file.stat().st_size:
            return
        self._system.makedirs(self._root, exist_ok=True)
        if "file" not in self._system.protocol:  # stores of objects show one when it is whole
            self._system.put_file(str(file), target)
            return
        part = f"{self._root}/.{uuid.uuid4().hex}.{os.getpid()}.part"
        try:
            self._system.put_file(str(file), part)
            self._system.mv(part, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                self._system.rm_file(part)

    def get(self, sha256: str, target: Path) -> bool:
        """Have a file from there; False where it is not there, or not whole. Raises OSError, or what the place raises."""
        try:
            self._system.get_file(self._place(sha256), str(target))
        except FileNotFoundError:
            return False
        if sha256_file(target) == sha256:
            return True
        target.unlink()
        return False

    def _place(self, sha256: str) -> str:
        return f"{self._root}/{sha256}"

    def _size(self, place: str) -> int | None:
        try:
            info: dict[str, Any] = self._system.info(place)
        except FileNotFoundError:
            return None
        return int(info["size"])


def share_of(url: str) -> Share | None:
    """The place of that URL; None for none. Raises as ``Share``."""
    return Share(url) if url else None


def absolute(url: str) -> str:
    """The same for processes that work in another folder."""
    return url if "://" in url else str(Path(url).expanduser().absolute())
