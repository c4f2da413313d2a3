"""Command lines that a person can type as they stand, to settle what a run cannot settle by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidgen.errors import Notice
from vidgen.media.names import shell_word
from vidgen.speech.saying import SPOKEN
from vidgen.takes.journal import Attempt
from vidgen.takes.lockfile import lock_path


@dataclass(frozen=True)
class Commands:
    """Those of one project. ``film``: whether it has a storyboard; a clip of ``vidgen shot`` has none, and its project goes by
    the name that one would have.
    """

    board: Path
    work: Path | None = None
    film: bool = True

    @property
    def pick_files(self) -> tuple[str, str]:
        """Names of the lock file and the storyboard, which say what is picked."""
        return lock_path(self.board).name, self.board.name

    def line(self, *words: object) -> str:
        """``vidgen WORDS``, where the storyboard is among them, with ``--work`` where that was given."""
        work = ("--work", self.work) if self.work else ()
        return " ".join(["vidgen", *(shell_word(_not_a_flag(word)) for word in (*words, *work))])

    def takes_list(self) -> str:
        """What was bought."""
        return self.line("takes", "list", self.board)

    def found(self, attempt: int, job: str = "ID") -> str:
        """Settle an attempt: it is that job."""
        return self.line("takes", "resolve", self.board, attempt, "--job", job)

    def lost(self, attempt: int) -> str:
        """Settle an attempt: it was never accepted, or is given up."""
        return self.line("takes", "resolve", self.board, attempt, "--lost")

    def pick(self, shot: str, take: object) -> str:
        """Pin a take."""
        return self.line("pick", self.board, shot, take)

    def settle_answer(self, attempt: Attempt) -> str:
        """What to do where the answer to a paid request was lost: first find out, and buy it anew only on demand."""
        there, not_there = self.found(attempt.id), self.lost(attempt.id)
        return (
            f"look for it at {attempt.engine} (our reference: {attempt.reference}); where it is there: {there};"
            f" where it is not: {not_there}{self._anew(attempt, '; to buy it once more all the same')}"
        )

    def unfinished(self, attempt: Attempt) -> Notice:
        """What the user has to hear of an attempt whose submission was interrupted (state ``unknown``)."""
        return Notice(
            "take.unfinished",
            f"take {attempt.take} was sent to {attempt.engine} on {attempt.created[:19]}, but whether it was accepted is not"
            f" known ({attempt.words}); {self.settle_answer(attempt)}",
            attempt.shot,
        )

    def settle_result(self, attempt: Attempt) -> str:
        """What to do where a job that is paid for gives no take."""
        return (
            f"look at job {attempt.job_id} at {attempt.engine}; to give it up at its price, so that a render may buy it anew:"
            f" {self.lost(attempt.id)}{self._anew(attempt, '; to do both at once')}"
        )

    def _anew(self, attempt: Attempt, words: str) -> str:
        if not self.film:
            return ""
        shot = attempt.shot.partition(".")[0] if attempt.engine.endswith(SPOKEN) else attempt.shot
        return f"{words}: {self.line('render', self.board, '--regenerate', shot)}"


def _not_a_flag(word: object) -> str:
    """A word of a command line; a path that begins with ``-`` is written as one in this folder."""
    return f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word)
