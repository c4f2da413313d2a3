"""The finish: bloom, a film's tone curve, vignette, grain. The same for every scene, so that shots sit together."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz.noise import Array, random_for
from vidgen.engines.previz.spec import SceneSpec

_GRAIN_TILES = 6


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
        """Finish one frame [H, W, 3] uint8; ``index`` chooses the grain."""
        assert self._vignette is not None and self._curves is not None and self._grain is not None
        out = self._bloomed(frame)
        if self.spec.has("mono"):
            out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        out = cv2.LUT(out, self._curves)
        out = cv2.multiply(out, self._vignette, out, scale=1 / 255)
        rng = random_for(self.seed, "grain-at", index)
        dy, dx = (int(value) for value in rng.integers(0, 64, 2))
        grain = self._grain[dy : dy + self.height, dx : dx + self.width]
        return cv2.addWeighted(out, 1.0, grain, 1.0, -128, out)

    def _bloomed(self, frame: Array) -> Array:
        assert self._glow_curve is not None
        size = max(8, self.width // 4), max(8, self.height // 4)
        half = cv2.resize(frame, (size[0] * 2, size[1] * 2), interpolation=cv2.INTER_AREA)  # twice a half is the faster quarter
        small = cv2.LUT(cv2.resize(half, size, interpolation=cv2.INTER_AREA), self._glow_curve)
        sigma = max(1.0, size[1] / 26)
        less = cv2.resize(small, (max(4, size[0] // 2), max(4, size[1] // 2)), interpolation=cv2.INTER_AREA)
        near = cv2.resize(cv2.GaussianBlur(less, (0, 0), sigma * 0.225), size, interpolation=cv2.INTER_LINEAR)
        tiny = cv2.resize(small, (max(4, size[0] // 3), max(4, size[1] // 3)), interpolation=cv2.INTER_AREA)
        wide = cv2.resize(cv2.GaussianBlur(tiny, (0, 0), sigma), size, interpolation=cv2.INTER_LINEAR)
        light = cv2.addWeighted(near, 0.55, wide, 0.7, 0)
        light = cv2.resize(light, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        out = cv2.multiply(frame, cv2.bitwise_not(light), scale=1 / 255)
        return cv2.add(out, light, out)


def _tone(spec: SceneSpec) -> Array:
    """[256, 1, 3] uint8: lifted blacks, soft shoulder, a little teal in the shadows and warmth in the lights."""
    x = np.linspace(0, 1, 256, dtype=np.float32)
    curve = x + 0.085 * np.sin((x - 0.5) * 2 * np.pi) * 0.55
    curve = 0.018 + curve * 0.972
    tint = 0.012 if spec.time in ("golden", "dusk", "dawn", "morning") else 0.006
    red = curve + tint * np.clip(x * 2 - 0.7, 0, 1) - 0.006 * (1 - x) ** 2
    blue = curve - tint * 0.9 * np.clip(x * 2 - 0.7, 0, 1) + 0.012 * (1 - x) ** 2
    table = np.clip(np.stack([red, curve, blue], axis=-1), 0, 1) * 255
    return np.asarray(table, np.uint8).reshape(256, 1, 3)
