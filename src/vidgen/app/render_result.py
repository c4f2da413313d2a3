"""What came of a render: as the contract's JSON, and as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vidgen.app.results import shot_data
from vidgen.cut.sound import Levels
from vidgen.errors import ReviewError, VidgenError
from vidgen.media.rate import json_rate
from vidgen.media.wording import counted
from vidgen.planning.plan import Plan
from vidgen.render.colour_match import ColourMatch
from vidgen.render.deliveries import Delivered
from vidgen.render.film_captions import Captions
from vidgen.render.forecast import RenderForecast
from vidgen.render.made import MadeShot
from vidgen.render.speaking import speech_data, speech_summary
from vidgen.speech.voices import FilmVoices
from vidgen.takes.request import Take


@dataclass(frozen=True)
class RenderResult:
    """What came of a render; ``output`` is None after a dry run."""

    plan: Plan
    output: Path | None
    shots: tuple[MadeShot, ...]
    estimated_usd: float | None
    cost_usd: float | None
    diffusion: bool
    needs_review: tuple[str, ...] = ()
    cut: Mapping[str, Any] = field(default_factory=dict)
    larger: Mapping[str, Take] = field(default_factory=dict)
    """Takes that a provider enlarged, by the id of their shot."""
    missing: int = 0
    """How many takes a dry run would make."""
    delivered: Delivered | None = None
    expected: RenderForecast | None = None
    """What a dry run says would be made."""
    contact_sheet: Path | None = None
    sidecar: Path | None = None
    captions: Captions | None = None
    colour: Mapping[str, ColourMatch] = field(default_factory=dict)
    """Shots that were brought to the light of another."""
    levels: Levels | None = None
    """How loud the film is; None without sound."""
    voices: FilmVoices | None = None
    """What is said in the film."""
    executor: Mapping[str, Any] | None = None
    """Which cluster has done the work; None: this machine."""
    nodes: Mapping[tuple[str, int], str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``render --json``."""
        plan = self.plan
        return {
            "output": str(self.output) if self.output else None,
            "contact_sheet": str(self.contact_sheet) if self.contact_sheet else None,
            "sidecar": str(self.sidecar) if self.sidecar else None,
            "colour": [one.as_dict() for one in self.colour.values()],
            "captions": self.captions.as_list() if self.captions else [],
            "duration_s": round(plan.duration_s, 6),
            "frames": plan.total_frames,
            "fps": json_rate(plan.fps),
            "width": plan.width,
            "height": plan.height,
            "shots": [shot_data(shot, self.larger.get(shot.planned.id), self.nodes) for shot in self.shots],
            "speech": speech_data(self.voices, plan) if self.voices else [],
            "loudness": asdict(self.levels) if self.levels else None,
            "cost_usd": self.cost_usd,
            "estimated_usd": self.estimated_usd,
            "saved_usd": self.saved_usd,
            "diffusion": self.diffusion,
            "needs_review": list(self.needs_review),
            "cut": dict(self.cut),
            **({"executor": dict(self.executor)} if self.executor else {}),
            **(self.delivered.as_dict() if self.delivered else {}),
            **(self.expected.as_dict() if self.expected else {}),
        }

    @property
    def saved_usd(self) -> float | None:
        """US dollars that takes would cost which were not needed (``score.good``); None where a price is not known."""
        each = [shot.saved_usd for shot in self.shots]
        return None if None in each else round(sum(usd or 0.0 for usd in each), 6)

    def summary(self) -> list[str]:
        """The lines that a person reads at the end."""
        if self.output is None:
            price = "an unknown price" if self.estimated_usd is None else f"${self.estimated_usd:.2f}"
            lines = [*self._speech(), *(self.expected.lines() if self.expected else [])]
            return [*lines, f"would make {counted(self.missing, 'take')} for {price}; nothing was made"]
        plan = self.plan
        lines = [
            f"{self.output}: {plan.duration_s:.2f} s, {counted(plan.total_frames, 'frame')} at {float(plan.fps):g} frames/s, "
            f"{plan.width}x{plan.height}, {counted(len(plan.shots), 'shot')}"
        ]
        drawn = [shot for shot in self.shots if shot.picked and not shot.picked.diffusion]
        if drawn:
            some = f"{', '.join(shot.planned.id for shot in drawn)}: " if len(drawn) < len(self.shots) else ""
            engines = ", ".join(dict.fromkeys(shot.planned.engine for shot in drawn))
            lines.append(f"{some}drawn by {engines}: an animatic, not diffusion")
        lines += self._speech()
        if self.levels:
            lines.append(self.levels.line)
        lines += [
            f"{shot.planned.id}: take {shot.picked.take} of {len(shot.takes)}: {shot.why}"
            for shot in self.shots
            if shot.picked and len(shot.takes) > 1
        ]
        if self.delivered:
            lines += self.delivered.lines()
        lines += [f"{one['file']}: captions ({one['language']})" for one in (self.captions.as_list() if self.captions else ())]
        lines += [one.line for one in self.colour.values()]
        if self.contact_sheet:
            lines.append(f"{self.contact_sheet}: a picture of every shot")
        if self.needs_review:
            lines += [f"needs review: {name}: {why}" for name, why in self._reviews()]
        return lines

    def _speech(self) -> list[str]:
        return speech_summary(self.voices, self.plan) if self.voices else []

    def _reviews(self) -> Iterator[tuple[str, str]]:
        """Each shot at which a person should look, and why."""
        for shot in self.shots:
            if shot.planned.id in self.needs_review:
                why = _why_review(shot)
                yield shot.planned.id, f"take {shot.picked.take}: {why}" if shot.picked else why

    def review_error(self) -> VidgenError | None:
        """The error that ``--strict`` makes of shots that need review."""
        if not self.needs_review:
            return None
        reviews = "; ".join(f"{name}: {why}" for name, why in self._reviews())
        return ReviewError(
            "render.needs_review", f"needs review: {reviews}", hint="vidgen pick BOARD.yaml SHOT TAKE, or new takes"
        )


def _why_review(shot: MadeShot) -> str:
    """Why a person should look at a shot."""
    vetoes = shot.verdict.vetoes(shot.picked.take) if shot.verdict and shot.picked else []
    if vetoes:
        return ", ".join(str(veto["detail"]) for veto in vetoes)
    if shot.unseen or not shot.verdict:
        return "the judge could not see all of its takes"
    return shot.verdict.below
