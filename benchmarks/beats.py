"""``python -m benchmarks.beats``: how well beats and bars of pieces with known beats are found, and how long it takes."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.click_tracks import Piece, f_measure, write_wav
from benchmarks.songs import KINDS as SONGS
from benchmarks.songs import Song
from vidgen.music import find_beats

SONG_TEMPOS = (66, 84, 96, 112, 128, 144, 170)
TEMPOS = (60, 72, 85, 97, 110, 121, 134, 147, 163, 180)
KINDS = {
    "clicks": Piece(0),
    "clicks, accents every 4": Piece(0, accents=4),
    "clicks, drifting by 5 %": Piece(0, drift=0.05),
    "clicks, swung": Piece(0, swing=2 / 3),
    "clicks in noise": Piece(0, noise_db=-26),
    "drums, accents every 4": Piece(0, sound="drum", accents=4),
    "drums, accents every 3, drifting": Piece(0, sound="drum", accents=3, drift=0.05),
    "drums, swung lightly, drifting": Piece(0, sound="drum", swing=0.62, drift=0.03),
    "drums in noise, after silence": Piece(0, sound="drum", accents=4, noise_db=-30, lead=2.3),
    "tones": Piece(0, sound="tone"),
    "tones, drifting, in noise": Piece(0, sound="tone", drift=0.05, noise_db=-40),
}


def table() -> str:
    """The table of the benchmark."""
    rows = [
        "| pieces of 30 s, 60-180 bpm | least F (70 ms) | middle F | largest median error | bars right |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in KINDS.items():
            scores, errors, bars = [], [], 0
            for bpm in TEMPOS:
                piece = replace(kind, bpm=bpm, seed=bpm)
                found = find_beats(write_wav(Path(folder) / f"{bpm}-{len(rows)}.wav", piece.play()))
                heard, wanted = [one / 1000 for one in found.beats], piece.beats()
                scores.append(f_measure(wanted, heard))
                bars += f_measure(piece.bars(), [one / 1000 for one in found.bars]) > 0.9
                errors.append(np.median([min(abs(one - other) for other in heard) for one in wanted]) if heard else 1)
            right = f"{bars} of {len(TEMPOS)}" if kind.accents else "not heard in it"
            rows.append(f"| {name} | {min(scores):.3f} | {np.median(scores):.3f} | {1000 * max(errors):.0f} ms | {right} |")
        songs = [song_row(kind, Path(folder)) for kind in SONGS]
        long = write_wav(Path(folder) / "long.wav", Piece(117, seconds=180, sound="drum", accents=4, drift=0.03).play())
        begin = time.process_time()
        find_beats(long)
        rows.append(f"\nThree minutes of music take {time.process_time() - begin:.1f} s of one processor.")
    head = [
        "",
        f"| songs of 24 s, {SONG_TEMPOS[0]}-{SONG_TEMPOS[-1]} bpm | tempo and beats right | half or double |",
        "|---|---|---|",
    ]
    return "\n".join([*rows, *head, *songs])


def song_row(kind: str, folder: Path) -> str:
    """How many songs of a kind have their beats found, and of how many the half or double tempo is taken."""
    right = related = 0
    for bpm in SONG_TEMPOS:
        song = Song(kind, bpm, seed=bpm)
        heard = [one / 1000 for one in find_beats(write_wav(folder / f"{kind}-{bpm}.wav", song.play())).beats]
        beats = song.beats()
        twice = [one + part * 30 / bpm for one in beats for part in (0, 1)]
        right += f_measure(beats, heard) >= 0.95
        related += max(f_measure(other, heard) for other in (beats[::2], beats[1::2], twice)) >= 0.95
    return f"| {SONGS[kind]} | {right} of {len(SONG_TEMPOS)} | {related} |"


if __name__ == "__main__":
    print(table())
