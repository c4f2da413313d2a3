"""3D LUTs: read, check, build and write .cube files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vidgen.errors import InputError
from vidgen.media.answers import once_a_file

MAX_SIZE = 65
MAX_BYTES = 64 * 1024 * 1024

Table = npt.NDArray[np.float64]
"""[blue, green, red, 3] float64: output colours, usually 0-1. The axes are the input colours."""


@dataclass(frozen=True)
class Cube:
    """A 3D LUT and the range of its inputs (DOMAIN_MIN, DOMAIN_MAX)."""

    table: Table
    low: tuple[float, float, float] = (0.0, 0.0, 0.0)
    high: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def size(self) -> int:
        """Points along each axis."""
        return int(self.table.shape[0])


@once_a_file
def read_cube(path: Path) -> Cube:
    """Read a .cube file. Raises InputError, with the line, unless it is a 3D table of 2 to 65 points with finite values."""
    if not path.is_file():
        raise InputError("media.not_found", f"{path} does not exist", hint="check the path of the LUT", where=str(path))
    if path.stat().st_size > MAX_BYTES:
        raise _bad(path, 0, f"has more than {MAX_BYTES} bytes")
    size = 0
    rows: list[tuple[float, float, float]] = []
    bounds = {"DOMAIN_MIN": (0.0, 0.0, 0.0), "DOMAIN_MAX": (1.0, 1.0, 1.0)}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        fields = line.split("#")[0].split()
        if not fields or fields[0] == "TITLE":
            continue
        if fields[0] == "LUT_3D_SIZE":
            size = _size(path, number, fields)
        elif fields[0] == "LUT_1D_SIZE":
            raise _bad(path, number, "is a 1D table; a 3D table is needed")
        elif fields[0] in bounds:
            bounds[fields[0]] = _triple(path, number, fields[1:])
        elif fields[0][0].isalpha() and fields[0].lower() not in ("nan", "inf", "infinity"):
            continue  # a keyword of another program
        elif not size:
            raise _bad(path, number, "has values before LUT_3D_SIZE")
        elif len(rows) == size**3:
            raise _bad(path, number, f"has more than {size**3} rows")
        else:
            rows.append(_triple(path, number, fields))
    if not size or len(rows) != size**3:
        raise _bad(path, 0, f"has {len(rows)} of {size**3} rows" if size else "has no LUT_3D_SIZE")
    if any(low >= high for low, high in zip(bounds["DOMAIN_MIN"], bounds["DOMAIN_MAX"], strict=True)):
        raise _bad(path, 0, "has an empty DOMAIN")
    return Cube(np.array(rows).reshape(size, size, size, 3), bounds["DOMAIN_MIN"], bounds["DOMAIN_MAX"])


def _size(path: Path, number: int, fields: list[str]) -> int:
    if len(fields) != 2 or not fields[1].isdigit() or not 2 <= int(fields[1]) <= MAX_SIZE:
        raise _bad(path, number, f"a LUT_3D_SIZE is a whole number from 2 to {MAX_SIZE}")
    return int(fields[1])


def _triple(path: Path, number: int, fields: list[str]) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(word) for word in fields)
    except ValueError:
        raise _bad(path, number, "three numbers are needed") from None
    if not all(math.isfinite(value) and abs(value) <= 1000 for value in (red, green, blue)):
        raise _bad(path, number, "values must be finite")
    return red, green, blue


def _bad(path: Path, number: int, what: str) -> InputError:
    place = f"{path}:{number}" if number else str(path)
    return InputError("post.bad_lut", f"{place}: {what}", hint="give a 3D .cube file of 2 to 65 points", where=place)


def write_cube(path: Path, cube: Cube) -> None:
    """Write a .cube file for ffmpeg."""
    lines = [f"LUT_3D_SIZE {cube.size}"]
    lines += ["DOMAIN_MIN {:.6f} {:.6f} {:.6f}".format(*cube.low), "DOMAIN_MAX {:.6f} {:.6f} {:.6f}".format(*cube.high)]
    lines += ["{:.6f} {:.6f} {:.6f}".format(*row) for row in cube.table.reshape(-1, 3)]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def identity(size: int = 33) -> Table:
    """The identity LUT with ``size`` points along each axis."""
    axis = np.linspace(0.0, 1.0, size)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    return np.stack([red, green, blue], axis=-1)
