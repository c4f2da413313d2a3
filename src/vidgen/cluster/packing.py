"""Values that name files, for another machine: the files go by their content, and the value says which belongs where.

A value is pickled. In place of each path of a file that is here stands the file's SHA-256; who unpacks it says where that
content lies on his machine. Both sides run the same version of vidgen, which is checked before.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from vidgen.media.answers import content_of


class FileRef(NamedTuple):
    """A file by its content. ``folder`` is the same for files that lie beside each other, so that they do so again."""

    sha256: str
    folder: str
    name: str


class Seen(NamedTuple):
    """A file as the driver sees it: whoever sees the same at that path has that very file, on a disk that both share."""

    path: str
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Seen:
        """Look at a file."""
        stat = path.stat()
        return cls(str(path.resolve()), stat.st_ino, stat.st_size, stat.st_mtime_ns)

    def is_here(self) -> bool:
        """Whether it is seen on this machine, too."""
        try:
            stat = Path(self.path).stat()
        except OSError:
            return False
        return (stat.st_ino, stat.st_size, stat.st_mtime_ns) == (self.inode, self.size, self.mtime_ns)


@dataclass(frozen=True)
class Packed:
    """A value without its files, and the files: what lies where here."""

    value: bytes
    files: Mapping[FileRef, Seen]


class _PlainPacker(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        return (dict, (dict(value),)) if isinstance(value, MappingProxyType) else NotImplemented


class _Packer(_PlainPacker):
    def __init__(self, out: io.BytesIO) -> None:
        super().__init__(out, protocol=5)
        self.files: dict[FileRef, Seen] = {}

    def persistent_id(self, value: Any) -> FileRef | None:
        if not isinstance(value, Path) or not value.is_file():
            return None
        folder = hashlib.sha256(os.fsencode(value.absolute().parent)).hexdigest()[:12]
        ref = FileRef(content_of(value), folder, value.name)
        self.files[ref] = Seen.of(value)
        return ref


class _Unpacker(pickle.Unpickler):
    def __init__(self, value: bytes, place: Callable[[FileRef], Path]) -> None:
        super().__init__(io.BytesIO(value))
        self._place = place

    def persistent_load(self, pid: Any) -> Path:
        return self._place(FileRef(*pid))


def pack(value: Any) -> Packed:
    """A value and the files that it names. Raises OSError where one cannot be read."""
    out = io.BytesIO()
    packer = _Packer(out)
    packer.dump(value)
    return Packed(out.getvalue(), packer.files)


def pack_plainly(value: Any) -> bytes:
    """A value whose paths stay what they are."""
    out = io.BytesIO()
    _PlainPacker(out, protocol=5).dump(value)
    return out.getvalue()


def unpack(value: bytes, place: Callable[[FileRef], Path]) -> Any:
    """The value again; ``place`` says where a file is on this machine. Only for what the other side of one run has packed."""
    return _Unpacker(value, place).load()
