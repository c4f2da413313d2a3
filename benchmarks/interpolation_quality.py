"""How close interpolated frames come to real ones: every second frame of real clips is dropped and made again.

PSNR (over RGB) and SSIM (of grey levels) against the dropped frames, for blending, optical flow (DIS), two settings of ffmpeg's
minterpolate, the network called plainly, and our engine. Then the same where the truth is computed: a picture that is shifted
or turned by fractions of a pixel. ``python -m benchmarks.interpolation_quality [EVERY]``: each EVERY-th dropped frame.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import torch

from benchmarks.real_clips import CLIPS, real_clip
from vidgen.media.ffmpeg import find_ffmpeg
from vidgen.media.probe import probe_video
from vidgen.media.rate import rate_text
from vidgen.post.rife.engine import Rife, load
from vidgen.post.rife.ifnet import padding, warp
from vidgen.post.scene_changes import SceneChangeDetector
from vidgen.post.stages import Pair
from vidgen.weights.store import pull

Frame = npt.NDArray[np.uint8]
Way = Callable[[Frame, Frame, float], Frame]

MINTERPOLATE = {"minterpolate mci": "mi_mode=mci", "minterpolate mci, vsbmc": "mi_mode=mci:vsbmc=1"}
WAYS = ("blend", "DIS flow", *MINTERPOLATE, "RIFE 4.0 plain", "our rife")
MOVING = 30.0
"""Frames whose blend is below so many dB are frames that move."""
EVERY = 4
MOMENTS = (0.2, 0.4, 0.6, 0.8)


@dataclass
class Scores:
    """PSNR and SSIM of each frame, by way."""

    psnr: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    ssim: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})

    def add(self, way: str, made: Frame, real: Frame) -> None:
        self.psnr[way].append(psnr(made, real))
        self.ssim[way].append(ssim(made, real))

    def moving(self) -> list[int]:
        return [index for index, value in enumerate(self.psnr["blend"]) if value < MOVING]


def psnr(made: Frame, real: Frame) -> float:
    """In dB, over all samples; 60 where nothing differs."""
    error = float(np.mean((made.astype(np.float32) - real) ** 2))
    return min(60.0, 10 * float(np.log10(255**2 / max(error, 1e-9))))


def ssim(made: Frame, real: Frame) -> float:
    """Structural similarity of grey levels, windows of 11 pixels (Wang et al. 2004)."""
    one, other = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (made, real))

    def soft(image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return cv2.GaussianBlur(image, (11, 11), 1.5)

    mean, mean_other = soft(one), soft(other)
    spread, spread_other = soft(one * one) - mean**2, soft(other * other) - mean_other**2
    common = soft(one * other) - mean * mean_other
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean * mean_other + first) * (2 * common + second)
    return float((top / ((mean**2 + mean_other**2 + first) * (spread + spread_other + second))).mean())


def blend(before: Frame, after: Frame, time: float) -> Frame:
    return (before * (1 - time) + after * time).round().astype(np.uint8)


def dis(before: Frame, after: Frame, time: float) -> Frame:
    """Both pictures moved along OpenCV's DIS flow, then blended."""
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (before, after)]
    finder = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    there, back = finder.calc(grey[0], grey[1], None), finder.calc(grey[1], grey[0], None)
    down, across = np.mgrid[: before.shape[0], : before.shape[1]].astype(np.float32)
    moved = [
        cv2.remap(
            picture,
            across - flow[..., 0] * share,
            down - flow[..., 1] * share,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for picture, flow, share in ((before, there, time), (after, back, 1 - time))
    ]
    return blend(moved[0], moved[1], time)


def plain(rife: Rife) -> Way:
    """The network as its release calls it: one order of the pictures, full size, weighed by its mask."""

    def way(before: Frame, after: Frame, time: float) -> Frame:
        height, width = before.shape[:2]
        rows, columns = padding(height, width, 1.0)
        with torch.inference_mode():
            one, other = (
                torch.nn.functional.pad(rife.tensor([picture]), (0, columns, 0, rows), mode="replicate")
                for picture in (before, after)
            )
            moment = torch.full((1, 1, 1, 1), time, dtype=one.dtype, device=one.device)
            motion, mask = rife.net(one, other, moment, 1.0, both_ways=False)
            share = torch.sigmoid(mask)
            image = warp(one, motion[:, :2]) * share + warp(other, motion[:, 2:]) * (1 - share)
        whole = (image[0, :, :height, :width].float().clamp(0, 1) * 255).round()
        return whole.permute(1, 2, 0).cpu().numpy().astype(np.uint8)

    return way


def ours(rife: Rife) -> Way:
    return lambda before, after, time: rife.between([Pair(before, after, (time,))])[0][0].astype(np.uint8)


def decoded(name: str, filters: str = "null") -> npt.NDArray[np.uint8]:
    info = probe_video(real_clip(name))
    argv = [find_ffmpeg().path, "-v", "error", "-nostdin", "-i", str(info.path), "-vf", filters]
    argv += ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(argv, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, info.height, info.width, 3)


def minterpolated(name: str, options: str) -> npt.NDArray[np.uint8]:
    """The clip from every second of its frames; kept frames stay where they were."""
    rate = rate_text(probe_video(real_clip(name)).rate)
    kept = f"setpts=N/({rate})/TB,select='not(mod(n,2))',tpad=stop=4:stop_mode=clone"
    return decoded(name, f"{kept},minterpolate=fps={rate}:{options}")


def measured(name: str, every: int, ways: dict[str, Way]) -> Scores:
    """All ways on one clip. Frames dropped at a cut are left out: there nothing is to be made."""
    frames = decoded(name)
    others = {way: minterpolated(name, options) for way, options in MINTERPOLATE.items()}
    detector = SceneChangeDetector()
    for _ in detector.watch(iter(frames[::2]), 0):
        pass
    dropped = [index for index in range(1, len(frames) - 1, 2) if (index + 1) // 2 not in detector.changes]
    scores = Scores()
    for index in dropped[1::every]:
        for way, make in ways.items():
            scores.add(way, make(frames[index - 1], frames[index + 1], 0.5), frames[index])
        for way, made in others.items():
            scores.add(way, made[index], frames[index])
    return scores


def synthetic(ways: dict[str, Way]) -> list[str]:
    """A real picture shifted by 7.4 and 2.6 pixels, and turned by 3 degrees: exact pictures at any moment."""
    whole = decoded("bigbuckbunny", "select='eq(n,20)'")[0]

    def moved(time: float, kind: str) -> Frame:
        matrix = np.array([[1, 0, 7.4 * time], [0, 1, 2.6 * time]])
        if kind == "turn":
            matrix = cv2.getRotationMatrix2D((640, 360), 3 * time, 1)
        large = cv2.warpAffine(whole, matrix, (1280, 720), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT)
        return np.ascontiguousarray(large[180:540, 320:960])

    lines = []
    for kind in ("shift", "turn"):
        for time in MOMENTS:
            pair = moved(0, kind), moved(1, kind)
            values = [psnr(make(*pair, time), moved(time, kind)) for make in ways.values()]
            lines.append(f"| {kind}, t = {time} | " + " | ".join(f"{value:.2f}" for value in values) + " |")
    head = f"| computed truth, PSNR | {' | '.join(ways)} |"
    return [head, "|---" * (len(ways) + 1) + "|", *lines]


def mean(values: Sequence[float], which: Sequence[int] | None = None) -> str:
    some = list(values) if which is None else [values[index] for index in which]
    return f"{np.mean(some):.2f}" if some else "-"


def rows(clips: dict[str, Scores]) -> list[str]:
    lines = ["| clip | frames | " + " | ".join(WAYS) + " |", "|---" * (len(WAYS) + 2) + "|"]
    for name, scores in clips.items():
        moving = scores.moving()
        ssims = [f"{np.mean(scores.ssim[way]):.4f}" for way in WAYS]
        lines.append(f"| {name}, PSNR | {len(scores.psnr['blend'])} | {' | '.join(mean(scores.psnr[w]) for w in WAYS)} |")
        lines.append(f"| {name}, moving | {len(moving)} | {' | '.join(mean(scores.psnr[w], moving) for w in WAYS)} |")
        lines.append(f"| {name}, SSIM | {len(scores.psnr['blend'])} | {' | '.join(ssims)} |")
    return lines


def table(every: int = EVERY) -> str:
    rife = load(pull("rife-4.0"))
    ways: dict[str, Way] = {"blend": blend, "DIS flow": dis, "RIFE 4.0 plain": plain(rife), "our rife": ours(rife)}
    clips = {}
    total = Scores()
    for name in CLIPS:
        clips[name] = measured(name, every, ways)
        for way in WAYS:
            total.psnr[way] += clips[name].psnr[way]
            total.ssim[way] += clips[name].ssim[way]
        print("\n".join(rows({name: clips[name]})[2:]), file=sys.stderr, flush=True)
    clips["all"] = total
    return "\n".join([*rows(clips), "", *synthetic(ways)])


if __name__ == "__main__":
    print(table(*map(int, sys.argv[1:2])))
