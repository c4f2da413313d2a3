"""What a vision model says of takes: each clause of the prompt, a few questions about physics, and takes two by two."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import combinations

from vidgen.config import config
from vidgen.critics import endpoint
from vidgen.critics.clauses import clauses, table
from vidgen.critics.endpoint import Answered, Question
from vidgen.critics.pictures import moments
from vidgen.media.frames import Frame
from vidgen.scoring.scorer import Clip, ClipScorer, GroupScorer, Measurement, Scorer
from vidgen.scoring.types import Expectation

SIDE = 512
GRADES = {"yes": 1.0, "partly": 0.5, "no": 0.0}
NOT_SHOWN = "none"
"""The answer where nothing in the video concerns a question about physics: it is then not counted."""


class _Vision(Scorer):
    """What all have in common."""

    better = "high"
    unit = "share"
    deterministic = False

    @property
    def version(self) -> str:  # type: ignore[override]
        """The server, the model, and how it is asked."""
        return f"1 {endpoint.mark()}"

    def available(self) -> str | None:
        """What is to be configured."""
        return endpoint.missing()

    @property
    def pictures(self) -> int:
        """Moments of a clip that are sent."""
        vision = config().score.vision
        return vision.frames if vision else 0


class _Asked(_Vision, ClipScorer):
    """Mean grade of questions about one clip: yes 1, partly 0.5, no 0."""

    noise = 0.1
    answers: tuple[str, ...] = tuple(GRADES)

    @abstractmethod
    def questions(self, expectation: Expectation) -> list[str]:
        """What is asked."""

    def estimate(self, clips: Sequence[Clip], expectation: Expectation) -> float | None:
        """By the configured price."""
        return endpoint.estimate(len(clips) * len(self.questions(expectation)), self.pictures)

    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        """See the class."""
        asked = self.questions(expectation)
        if not asked:
            return Measurement(None, "there is no prompt")
        seen = moments(clip, self.pictures, SIDE)
        choice = f"Answer with one word: {', '.join(self.answers[:-1])} or {self.answers[-1]}."
        answered = endpoint.ask([Question((f"{text} {choice}", *seen), self.answers) for text in asked])
        cost = _cost(answered)
        if why := next((one.why for one in answered if one.word is None), ""):
            return Measurement(None, why, cost_usd=cost)
        grades = [GRADES[one.word] for one in answered if one.word in GRADES]
        if not grades:
            return Measurement(None, "nothing in the clip concerns the questions", cost_usd=cost)
        return Measurement(sum(grades) / len(grades), cost_usd=cost)


class VisionPrompt(_Asked):
    """Share of the prompt's clauses that are seen in the clip (object, number, action, camera, style, text).

    Unit: share, 0 to 1. As good as the model that is asked; fast motion between the moments is not seen.
    """

    name = "vision-prompt"
    family = "prompt"

    def questions(self, expectation: Expectation) -> list[str]:
        """One for each clause."""
        return [f'{table()["questions"][clause.kind]} "{clause.text}"' for clause in clauses(expectation)]


class VisionPhysics(_Asked):
    """Share of fixed questions about plausibility that are answered with yes (shape and number, bodies, gravity, light).

    Unit: share, 0 to 1. What the shot does not show is not counted. A fantastic prompt is judged by the same questions.
    """

    name = "vision-physics"
    family = "physics"
    answers = (*GRADES, NOT_SHOWN)

    def questions(self, expectation: Expectation) -> list[str]:
        """The same for every shot."""
        return [f"{text} If the video shows nothing of the kind, answer {NOT_SHOWN}." for text in table()["physics"]]


class VisionPairs(_Vision, GroupScorer):
    """Which of two takes follows the prompt better, asked in both orders; only what is said in both counts as won.

    Unit: wins less losses, as a share of the other takes, -1 to 1.
    """

    name = "vision-pairs"
    family = "prompt"
    noise = 0.25
    answers = ("a", "b", "same")

    def estimate(self, clips: Sequence[Clip], expectation: Expectation) -> float | None:
        """By the configured price."""
        return endpoint.estimate(len(clips) * (len(clips) - 1), 2 * self.pictures)

    def score_all(self, clips: Sequence[Clip], expectation: Expectation) -> list[Measurement]:
        """See the class."""
        if not expectation.prompt or len(clips) < 2:
            why = "there is no prompt" if len(clips) > 1 else "there is no other take to compare with"
            return [Measurement(None, why)] * len(clips)
        seen = [moments(clip, self.pictures, SIDE) for clip in clips]
        pairs = list(combinations(range(len(clips)), 2))
        orders = [order for one, other in pairs for order in ((one, other), (other, one))]
        answered = endpoint.ask([self._question(expectation.prompt, seen[one], seen[other]) for one, other in orders])
        each = _cost(answered) / len(clips)
        if why := next((one.why for one in answered if one.word is None), ""):
            return [Measurement(None, why, cost_usd=each)] * len(clips)
        won = [0] * len(clips)
        for (one, other), there, back in zip(pairs, answered[::2], answered[1::2], strict=True):
            points = {("a", "b"): 1, ("b", "a"): -1}.get((str(there.word), str(back.word)), 0)
            won[one] += points
            won[other] -= points
        return [Measurement(points / (len(clips) - 1), cost_usd=each) for points in won]

    def _question(self, prompt: str, first: Sequence[Frame], second: Sequence[Frame]) -> Question:
        ask = f'Two videos were made for this prompt: "{prompt}" Which follows it better? Answer with one word: a, b or same.'
        return Question((ask, "Video a:", *first, "Video b:", *second), self.answers)


def _cost(answered: Sequence[Answered]) -> float:
    return sum(one.cost_usd for one in answered)
