"""Takes of every kind drawn side by side in threads, as in a process that has just begun, and one after the other.

``python -m tests.previz.side_by_side 200 1`` draws one shot of every kind two hundred times, in other threads each time, and
ends with 1 at the first frame that differs; ``20 8`` draws eight shots of every kind. The suite draws one of each, once.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from tests.previz.shots import shot

from vidgen.engines.previz.render import _source
from vidgen.engines.previz.slate import Slate
from vidgen.takes.request import Inputs, TakeRequest

KINDS = {
    "people": "a robot dances on the moon . three people play cards . a chef cooks . a boxer waits . two detectives talk . "
    "a nurse runs . children laugh in a kitchen . a violinist on stage",
    "japanese": "二人の刑事が車の中で話す . 台所で母が料理する . 会議室で話し合う社員たち . 教室で先生が黒板に書く . "
    "少年が電話をかける . 老人が将棋を指す . 舞台で歌う歌手 . 病院の廊下を医師が走る",
    "landscape": "calm sea at dawn . misty forest . mountains in winter . a river in autumn . desert at noon . "
    "waterfall in the rain . northern lights over a lake . 棚田と夕焼け",
    "town": "city at night . harbour town . Kyoto old town in autumn . temple in the rain . torii in the sea . "
    "a village in snow . Tokyo in neon . road at dusk",
    "table": "perfume bottle . a cup of tea . vase with flowers . gift box on a table . soda can . cosmetics jar . "
    "coffee cup in the morning . 湯のみと急須",
    "abstract": "particles . light streaks . ink in water . kaleidoscope . nebula . golden dust particles . geometric shapes . "
    "光の筋",
    "weather": "thunderstorm over the sea . snow falling on pines . fireflies by a river . cherry petals over a lake . "
    "heavy rain in the city . mist in a valley . autumn leaves on a road . 吹雪の山",
    "still": " . ".join("harbour" for _ in range(8)),
}  # fmt: skip
"""Eight shots of each kind of picture that previz can make."""
MOVES = ("pan_right", "dolly_in", "crane_up", "orbit_left", "handheld", "zoom_out", "tilt_down", "truck_left")


def takes(folder: Path, each: int) -> list[TakeRequest]:
    """``each`` shots of every kind, small and short; pictures for the stills are written to ``folder``."""
    requests = []
    for kind, words in KINDS.items():
        for number, text in enumerate(words.split(" . ")[:each]):
            request = shot(text, width=64, height=36, frames=2, move=MOVES[number])
            request = replace(request, shot=f"{kind}{number}", params={"slate": True})
            if kind == "still":
                spots = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
                cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(spots, (80, 60), interpolation=cv2.INTER_CUBIC))
                request = replace(request, inputs=Inputs(start_frame=folder / f"{number}.png"))
            requests.append(TakeRequest(request, 1, number + 1))
    return requests


def drawn(take: TakeRequest) -> str:
    """The checksum of a take's frames."""
    request, digest = take.request, hashlib.sha256()
    source, _ = _source(take, [])
    source.prepare()
    slate = Slate(request.shot, request.camera.move, request.width, request.height, float(request.fps), request.frames)
    slate.prepare()
    for index in range(request.frames):
        frame = source.frame(index)
        slate.draw(frame, index)
        digest.update(np.ascontiguousarray(frame))
    return digest.hexdigest()


def forget() -> None:
    """Empty every cache of vidgen, as when a process begins."""
    for name, module in list(sys.modules.items()):
        if name.startswith("vidgen."):
            for value in list(vars(module).values()):
                if not isinstance(value, type) and callable(getattr(value, "cache_clear", None)):
                    value.cache_clear()


@contextmanager
def often_switched(seconds: float = 1e-6) -> Iterator[None]:
    """Threads are switched as often as Python can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def side_by_side(requests: Sequence[TakeRequest], jobs: int = 4) -> list[str]:
    """What each take looks like when ``jobs`` of them are drawn at once."""
    forget()
    with often_switched(), ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(drawn, requests))


def main() -> None:
    times, each, began = int(sys.argv[1]), int(sys.argv[2]), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        requests = takes(Path(folder), each)
        alone = [drawn(take) for take in requests]
        for number in range(1, times + 1):
            found = side_by_side(requests)
            if wrong := [take.request.shot for take, one, other in zip(requests, alone, found, strict=True) if one != other]:
                sys.exit(f"round {number}: {', '.join(wrong)} differ")
            print(
                f"round {number} of {times}: {len(requests)} takes as drawn alone, {time.monotonic() - began:.0f} s", flush=True
            )


if __name__ == "__main__":
    main()
