"""Small cuts without any file, for the formats that only name them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from vidgen.interchange.cut import Cut, CutShot, CutSound, Mark, Media

NTSC_FILM = Fraction(24_000, 1001)


def take(shot: str, number: int, *, frames: int = 100, rate: Fraction = NTSC_FILM, sound: bool = False) -> Media:
    known = {"take": number, "seed": number * 1000, "sha256": f"{shot}{number}"}
    return Media(f"take {number}", Path(f"takes/{shot}-{number}.mp4"), f"{shot}{number}", frames, rate, known, sound)


def shot(
    name: str,
    frames: int = 48,
    *,
    overlap: int = 0,
    by: str = "dissolve",
    takes: int = 1,
    start: int = 0,
    rate: Fraction = NTSC_FILM,
    marks: tuple[Mark, ...] = (),
) -> CutShot:
    """A shot that uses the last of its takes."""
    media = tuple(take(name, number, rate=rate) for number in range(1, takes + 1))
    row = {"scene": "sc01", "prompt": f"the prompt of {name}", "take": str(takes), "engine": "scripted"}
    return CutShot(
        name,
        frames,
        overlap=overlap,
        transition=by if overlap else "cut",
        transition_frames=overlap,
        media=media,
        used=len(media) - 1 if media else None,
        start=start,
        marks=marks,
        metadata={"shot": name, **(media[-1].metadata if media else {})},
        row=row,
    )


def sound(role: str, at: Fraction | int, length: Fraction | int) -> CutSound:
    media = Media(role, Path(f"{role}.wav"), role, 480_000, Fraction(48_000), {"role": role}, True)
    return CutSound(role, media, Fraction(at), Fraction(length))


def cut(*shots: CutShot, rate: Fraction = NTSC_FILM, sounds: tuple[CutSound, ...] = (), title: str = "Small") -> Cut:
    return Cut(title, rate, shots, sounds, {"storyboard": "film.yaml"})
