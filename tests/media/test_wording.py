from __future__ import annotations

import subprocess

import pytest

from vidgen.media.names import shell_word
from vidgen.media.wording import counted, listed, there_are


def test_counts_in_sentences() -> None:
    assert [counted(number, "take") for number in (0, 1, 2)] == ["0 takes", "1 take", "2 takes"]
    assert [listed(range(1, number + 1)) for number in range(4)] == ["", "1", "1 and 2", "1, 2 and 3"]
    assert [there_are(takes) for takes in ((), [1], [2, 1])] == [
        "there are none",
        "there is 1 take: 1",
        "there are 2 takes: 1 and 2",
    ]


@pytest.mark.parametrize(
    "name",
    ["film.yaml", "my film.yaml", "it's.yaml", "$HOME `x`.yaml", "two\nlines.yaml", "tab\t'.yaml", "夜.yaml", "夜\x1b.yaml"],
)
def test_a_shell_reads_a_word_back_as_it_was(name: str) -> None:
    word = shell_word(name)
    assert word.isprintable()
    assert subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout.decode() == name
