"""The finish: bloom, a film's tone curve, vignette, grain. The same for every scene, so that shots sit together."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz.noise import Array, random_for
from vidgen.engines.previz.spec import SceneSpec


@dataclass
class Grade:
    """Finishes frames of one size in place."""

    spec: SceneSpec
    width: int
    height: int
    seed: int
    bloom: float = 0.5
    grain: float = 1.0
    _vignette: Array | None = field(default=None, repr=False)
    _grain: Array | None = field(default=None, repr=False)
    _curves: Array | None = field(default=None, repr=False)
    _glow_curve: Array | None = field(default=None, repr=False)

    def prepare(self) -> None:
        """Tables and masks for this size."""
        w, h = self.width, self.height
        x, y = np.linspace(-1, 1, w, dtype=np.float32)[None, :], np.linspace(-1, 1, h, dtype=np.float32)[:, None]
        away = np.sqrt((x * x + y * y) / 2)
        mask = 1 - 0.26 * np.clip((away - 0.35) / 0.65, 0, 1) ** 2
        self._vignette = np.repeat((mask * 255).astype(np.uint8)[..., None], 3, axis=2)
        rng = random_for(self.seed, "grain")
        noise: Array = rng.normal(0, self.grain * 1.6, (h + 64, w + 64)).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), max(0.55, h / 1500))
        noise = noise * (self.grain / max(float(noise.std()), 1e-6))
        grain: Array = np.clip(np.round(noise) + 128, 0, 255).astype(np.uint8)
        self._grain = cv2.cvtColor(grain, cv2.COLOR_GRAY2RGB)
        self._curves = _tone(self.spec)
        level = np.arange(256, dtype=np.float32) / 255
        glow = np.clip((level - 0.60) / 0.40, 0, 1) ** 1.6 * level * self.bloom
        self._glow_curve = (glow * 255).astype(np.uint8)

    def apply(self, frame: Array, index: int) -> Array:
        """One frame [H, W, 3] uint8 finished; ``index`` chooses the grain."""
        assert self._vignette is not None and self._curves is not None and self._grain is not None
        light = self._light(frame)
        out = cv2.multiply(frame, cv2.bitwise_not(light), scale=1 / 255)
        cv2.add(out, light, out)
        if self.spec.has("mono"):
            cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB, out)
        cv2.merge([cv2.LUT(plane, curve) for plane, curve in zip(cv2.split(out), self._curves, strict=True)], out)
        cv2.multiply(out, self._vignette, out, scale=1 / 255)
        rng = random_for(self.seed, "grain-at", index)
        dy, dx = (int(value) for value in rng.integers(0, 64, 2))
        grain = self._grain[dy : dy + self.height, dx : dx + self.width]
        return cv2.addWeighted(out, 1.0, grain, 1.0, -128, out)

    def _light(self, frame: Array) -> Array:
        """The bloom: [H, W, 3] uint8, what bright spots shed around them."""
        assert self._glow_curve is not None
        size = max(8, self.width // 4), max(8, self.height // 4)
        half = cv2.resize(frame, (size[0] * 2, size[1] * 2), interpolation=cv2.INTER_AREA)  # twice a half is the faster quarter
        small = cv2.LUT(cv2.resize(half, size, interpolation=cv2.INTER_AREA), self._glow_curve)
        sigma = max(1.0, size[1] / 26)
        near, wide = (_spread(small, sigma * reach, parts) for reach, parts in ((0.45, 2), (3.0, 6)))
        light = cv2.addWeighted(near, 0.55, wide, 0.7, 0)
        return cv2.resize(light, (self.width, self.height), interpolation=cv2.INTER_LINEAR)


def _spread(light: Array, sigma: float, parts: int) -> Array:
    """The light blurred, at one pixel for ``parts`` x ``parts``: what is soft needs no more."""
    high, wide = light.shape[:2]
    few = cv2.resize(light, (max(4, wide // parts), max(4, high // parts)), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(few, (0, 0), sigma / parts), (wide, high), interpolation=cv2.INTER_LINEAR)


def _tone(spec: SceneSpec) -> Array:
    """[3, 256] uint8: lifted blacks, soft shoulder, a little teal in the shadows and warmth in the lights."""
    x = np.linspace(0, 1, 256, dtype=np.float32)
    curve = x + 0.085 * np.sin((x - 0.5) * 2 * np.pi) * 0.55
    curve = 0.018 + curve * 0.972
    tint = 0.012 if spec.time in ("golden", "dusk", "dawn", "morning") else 0.006
    red = curve + tint * np.clip(x * 2 - 0.7, 0, 1) - 0.006 * (1 - x) ** 2
    blue = curve - tint * 0.9 * np.clip(x * 2 - 0.7, 0, 1) + 0.012 * (1 - x) ** 2
    table = np.clip(np.stack([red, curve, blue], axis=-1), 0, 1) * 255
    return np.ascontiguousarray(np.asarray(table, np.uint8).T)
