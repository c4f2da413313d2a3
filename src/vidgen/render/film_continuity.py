"""Looks over the whole film when all takes are there: do people and places stay the same from shot to shot?

Takes are made in any order, several shots at once. Here they are gone through in film order, so that each is compared with what
was picked before it. A person's pick, a pick of an earlier run and a take that another shot continues stay as they are.
Animatics are left out: what previz draws by a name is nobody else, and no real person looks like it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.errors import Notice, VidgenError
from vidgen.media.files import sha256_file
from vidgen.media.names import named_file
from vidgen.media.probe import probe_video
from vidgen.planning.plan import FilmShot, ProviderUpscale, UserClip
from vidgen.render.made import MadeShot, clip_part
from vidgen.scoring.scorer import Clip
from vidgen.storyboard.model import Character
from vidgen.takes.request import Take

if TYPE_CHECKING:
    from vidgen.scoring.continuity import ContinuityBank, Shown
    from vidgen.scoring.looks import Look
    from vidgen.scoring.scorers import Measured, Scorers


@dataclass(frozen=True)
class FilmContinuity:
    """Continuity of one film.

    Args:
        fps: of the film. folder: of the storyboard. characters: those of the storyboard, by name. cache: where looks are kept.
    """

    fps: Fraction
    folder: Path
    characters: Mapping[str, Character]
    cache: Path

    def go_over(self, shots: Sequence[MadeShot], scorers: Scorers, choose: Callable[[MadeShot], None]) -> list[Notice]:
        """Judge again, in film order, each shot that shares people or a place with an earlier one. Returns what is to be said.

        Args:
            shots: all of the film, in its order. scorers: those that ``choose`` asks; continuity is measured through them.
            choose: judges the takes of a shot again, and picks.
        """
        real = [shot for shot in shots if not isinstance(shot.planned, ProviderUpscale) and not _is_animatic(shot)]
        if not real:
            return []
        from vidgen.scoring.continuity import ContinuityBank

        placed = [(shot, self._shown(shot.planned)) for shot in real if not isinstance(shot.planned, ProviderUpscale)]
        bank, notices = ContinuityBank(), []
        self._add_references(bank, [shown for _, shown in placed])
        for index, (shot, shown) in enumerate(placed):
            if not any(shown.shares(other) for at, (_, other) in enumerate(placed) if at != index) and not bank.knows(shown):
                continue
            if shot.verdict is not None and bank.knows(shown):
                scorers.in_film = partial(self._columns, bank, shown)
                try:
                    choose(shot)
                finally:
                    scorers.in_film = None
            look = self._picked_look(shot)
            if look is not None:
                swapped = bank.compare(shown, look).swapped
                notices += [Notice("continuity.swapped", text, shot.planned.id) for text in swapped]
                bank.add(shown, look, "doubted" if swapped and shot.picked_by == "auto" else "picked")
        return notices

    def _columns(self, bank: ContinuityBank, shown: Shown, clips: Sequence[Clip]) -> list[Measured]:
        return bank.measured(shown, [self._seen(clip) for clip in clips])

    def _shown(self, planned: FilmShot) -> Shown:
        """What a shot is meant to show, from its words and its place in the film."""
        from vidgen.scoring.continuity import Shown

        start, end = (float(frame / self.fps) for frame in (planned.start_frame, planned.start_frame + planned.frames))
        return Shown.of(planned.shot, planned.id, start, end)

    def _add_references(self, bank: ContinuityBank, shots: Sequence[Shown]) -> None:
        from vidgen.scoring.continuity import Shown
        from vidgen.scoring.looks import look_of_picture

        cast = {name for shown in shots for name in shown.cast}
        for name, character in self.characters.items():
            for file in character.references if name in cast else ():
                try:
                    look = look_of_picture(named_file(self.folder, file))
                except VidgenError:
                    continue  # the storyboard's checks speak of it
                bank.add(Shown(f"the reference {file}", frozenset({name})), look, "reference")

    def _picked_look(self, shot: MadeShot) -> Look | None:
        if isinstance(shot.planned, UserClip):
            start, end = clip_part(shot.planned)
            window = None if not start and end is None else (start, (end or probe_video(shot.planned.clip).frames) - start)
            return self._seen(Clip(shot.planned.clip, sha256_file(shot.planned.clip), window))
        return self._look(shot, shot.picked) if shot.picked else None

    def _look(self, shot: MadeShot, take: Take) -> Look | None:
        assert shot.resolved is not None  # it has takes
        part = take.window(shot.resolved.request)
        return self._seen(Clip(take.file, take.sha256, None if part.frames == take.frames else (part.start, part.frames)))

    def _seen(self, clip: Clip) -> Look | None:
        from vidgen.scoring.looks import look_of

        try:
            return look_of(clip, self.cache)
        except VidgenError:
            return None


def _is_animatic(shot: MadeShot) -> bool:
    return shot.picked is not None and shot.picked.engine == "previz"
