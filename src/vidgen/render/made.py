"""A shot after making, and all shots of a run before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from vidgen.media.probe import probe_video
from vidgen.planning.plan import PlannedShot, ProviderUpscale, UserClip
from vidgen.render.own_clips import clip_start
from vidgen.render.resolved import Opening, ResolvedShot
from vidgen.render.spending import Bill
from vidgen.render.take_scores import Verdict
from vidgen.takes.lockfile import Pick
from vidgen.takes.request import Take, Trim, nearest_frames


@dataclass
class MadeShot:
    """One shot after making: its takes, the picked one, who picked it, and what the judge said.

    ``missing`` counts takes that were not at hand when the run started; ``new`` are the numbers of those that were not bought
    either; ``spare`` those that are not needed, since one is good; ``may_grow``: whether more may follow, should all be below
    ``score.floor``. ``resolved`` is None for a user's own clip, and while the shot that it continues has no take yet.
    ``unseen``: the judge failed on some of its takes. ``joined``: why a take was preferred to others that are as good.
    ``trimmed``: the lock file's pick whose trim is used.
    """

    planned: PlannedShot
    resolved: ResolvedShot | None = None
    takes: tuple[Take, ...] = ()
    picked: Take | None = None
    picked_by: Literal["auto", "person", "clip"] = "auto"
    verdict: Verdict | None = None
    missing: int = 0
    new: tuple[int, ...] = ()
    spare: tuple[int, ...] = ()
    may_grow: bool = False
    reused: bool = False
    unseen: bool = False
    joined: str = ""
    trimmed: Pick | None = None

    @property
    def request_key(self) -> str | None:
        """The key of what its takes are asked with, where that is known."""
        return self.resolved.key if self.resolved else None

    @property
    def saved_usd(self) -> float | None:
        """US dollars that the takes which are not needed would cost; None where that is not known."""
        each = self.resolved.take_usd if self.resolved else 0.0
        return 0.0 if not self.spare else None if each is None else round(each * len(self.spare), 6)

    @property
    def pick(self) -> Pick | None:
        """What the lock file says of the shot; None for a user's own clip."""
        if self.request_key is None or self.picked is None or self.picked_by == "clip" or self.enlarges:
            return None
        whole = replace(self.picked, trim=Trim())  # what a trim hides is known again without it
        chosen = self.resolved is not None and whole.has_choice(self.resolved.request)
        start = whole.start if chosen else None
        trim = (self.trimmed.trim, self.trimmed.trim_over) if self.trimmed else (None, None)
        return Pick(self.request_key, self.picked.take, self.picked_by, self.picked.sha256, start, *trim)

    @property
    def enlarges(self) -> bool:
        """Whether it is no shot of the film, but one of its takes made larger by a provider."""
        return isinstance(self.planned, ProviderUpscale)

    def opening(self, child: PlannedShot | None = None) -> Opening | None:
        """What ``child``, which continues this shot, opens with; None while no take is picked. Looks into a user's clip.

        An enlargement is of the part that is in the film. Other shots keep what the take ends with untrimmed: a trim must
        not ask for new takes of them.
        """
        if isinstance(self.planned, UserClip):
            start, end = clip_part(self.planned)
            return Opening(self.planned.clip, end, start)
        if self.picked is None or self.resolved is None:
            return None
        take = self.picked if isinstance(child, ProviderUpscale) else replace(self.picked, trim=Trim())
        shown = take.window(self.resolved.request)
        end = shown.start + shown.frames
        return Opening(take.file, None if end == take.frames else end, shown.start)

    @property
    def why(self) -> str:
        """Why this take is picked, in one sentence; empty while none is."""
        if self.picked is None:
            return "your own clip" if self.picked_by == "clip" else ""
        if self.picked_by == "person":
            return "picked by a person"
        if self.spare and self.verdict and (total := self.verdict.alone.get(self.picked.take)) is not None:
            return f"good enough that no more were made: {total:.2f} on its own"
        if self.verdict is None:
            return "the only take" if len(self.takes) == 1 else "the first take; the judge could not tell"
        if self.joined:
            return self.joined
        return self.verdict.choice.why if self.picked.take == self.verdict.winner else "chosen in an earlier run"

    @property
    def needs_review(self) -> bool:
        """Whether a person should look: nobody picked, and even the best take has a veto or is below ``score.floor``, or the
        judge could not see all.
        """
        return self.picked_by == "auto" and (self.unseen or (self.verdict is not None and self.verdict.needs_review))


def clip_part(planned: UserClip) -> tuple[int, int | None]:
    """The frames of a user's clip that are in the film: the first, and the one behind the last; None: to its end."""
    info = probe_video(planned.clip)
    start = clip_start(planned, info)
    end = start + nearest_frames(Fraction(planned.seconds_each).limit_denominator(100_000), info.rate)
    return start, end if end < info.frames else None


@dataclass(frozen=True)
class Survey:
    """What is at hand and what is not, before anything is made, and what the missing takes would cost."""

    shots: tuple[MadeShot, ...]
    bill: Bill

    @property
    def estimated_usd(self) -> float | None:
        """For the missing takes, in US dollars; None where a price is not known."""
        return self.bill.estimated_usd

    @property
    def missing(self) -> int:
        """Takes to make."""
        return sum(shot.missing for shot in self.shots)

    @property
    def present(self) -> int:
        """Takes at hand."""
        return sum(len(shot.takes) for shot in self.shots)
