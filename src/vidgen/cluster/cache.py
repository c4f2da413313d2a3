"""Files by content on one node: what has come once does not come again, up to a limit of bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from pathlib import Path

from vidgen.media.files import sha256_file


class FileCache:
    """A folder of files that are named by their SHA-256. Several processes share it.

    A file that is in use is linked into the folder of its work, so it may be cleared away here at any time.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder, limit
        folder.mkdir(parents=True, exist_ok=True)

    def has(self, sha256: str) -> bool:
        """Whether the content is here; it counts as used just now."""
        try:
            os.utime(self._file(sha256))
        except FileNotFoundError:
            return False
        return True

    def link(self, sha256: str, target: Path) -> bool:
        """Have the content at ``target``; False where it is not here."""
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self._file(sha256), target)
        except FileExistsError:
            return True
        except FileNotFoundError:
            return False
        return True

    def part(self) -> Path:
        """A name for content that is still coming."""
        return self._folder / f".{uuid.uuid4().hex}.{os.getpid()}.part"

    def adopt(self, part: Path, sha256: str) -> bool:
        """Keep a file that has come whole, and clear away what was not used for longest. False, and the file is gone, where
        its content is another.
        """
        if sha256_file(part) != sha256:
            part.unlink(missing_ok=True)
            return False
        self._file(sha256).parent.mkdir(exist_ok=True)
        part.replace(self._file(sha256))
        self._trim(keep=sha256)
        return True

    def _file(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _trim(self, keep: str) -> None:
        found = []
        for file in self._folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                stat = file.stat()
                found.append((stat.st_mtime_ns, stat.st_size, file))
        total = sum(size for _, size, _ in found)
        for _, size, file in sorted(found):
            if total <= self._limit:
                break
            if file.name != keep:
                file.unlink(missing_ok=True)
                total -= size


def digest_of(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
