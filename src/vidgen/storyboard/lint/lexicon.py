"""Word lists and patterns of one language (``words_en.yaml``, ``words_ja.yaml``), compiled once.

A list is a string of comma-separated words; ``nouns`` add their plurals, ``verbs`` their English forms, ``plurals`` the
plurals of another list's nouns, and ``include`` other lists. A pattern is a regular expression over normalised text in which
``{name}`` stands for a list and, in English, a space for any run of spaces and hyphens.

The lists have thousands of words, and compiling all of them takes a second. ``Lexicons`` reads the texts first and leaves out
words
that occur in none of them: the hits are the same, the patterns a tenth of the size.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from vidgen.media.tables import read_table
from vidgen.storyboard.lint.pruning import pruned

LANGUAGES = ("en", "ja")
_PLAIN = str.maketrans("‘’“”‐‑\n\téèêëáàâäíìîïóòôöúùûüñç", "''\"\"--  eeeeaaaaiiiioooouuuunc")
_BLANKS = {" ": "[ -]+", " ?": "[ -]*"}
_BUILT_IN = {
    "en": {"gap": r"[^.!?;]{0,40}?", "near": r"[^.!?;]{0,20}?", "far": r"[^.!?;]{0,90}?", "adv": r"(?:[a-z]+ly |very )*"},
    "ja": {"gap": r"[^。!?]{0,25}?", "near": r"[^。!?、]{0,10}?", "far": r"[^。!?]{0,50}?"},
}


@dataclass(frozen=True)
class Normal:
    """Normalised text for matching. ``origin[i]``: index in the original of character i."""

    text: str
    origin: Sequence[int]


@functools.lru_cache(maxsize=256)
def normalise(text: str) -> Normal:
    """Normalise a text: NFKC, case-folded, with straight quotes and plain hyphens."""
    folded = text.translate(_PLAIN).casefold()
    if len(folded) == len(text) and (folded.isascii() or unicodedata.is_normalized("NFKC", folded)):
        return Normal(folded, range(len(text) + 1))
    out: list[str] = []
    origin: list[int] = []
    for match in re.finditer(r".[゙゚ﾞﾟ\u0300-\u036f]*", text, re.DOTALL):
        piece = unicodedata.normalize("NFKC", match[0].translate(_PLAIN)).casefold().translate(_PLAIN)
        out.append(piece)
        origin += [match.start()] * len(piece)
    return Normal("".join(out), [*origin, len(text)])


def plural(noun: str) -> str:
    """The regular English plural."""
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + "s"


def verb_forms(phrase: str) -> list[str]:
    """``chop onions`` -> chop, chops, chopping, chopped onions: the first word in its regular English forms."""
    verb, _, rest = phrase.partition(" ")
    if re.fullmatch(r"[^aeiou]*[aeiou][bdgklmnprtz]", verb):
        stem, past = verb + verb[-1], verb + verb[-1] + "ed"
    elif verb.endswith("ie"):
        stem, past = verb[:-2] + "y", verb + "d"
    elif verb.endswith("e") and not verb.endswith("ee"):
        stem, past = verb[:-1], verb + "d"
    else:
        stem, past = verb, verb[:-1] + "ied" if re.search(r"[^aeiou]y$", verb) else verb + "ed"
    return [f"{form} {rest}".strip() for form in (verb, plural(verb), stem + "ing", past)]


def any_of(words: Iterable[str]) -> str:
    """A regular expression for any of the words, as a prefix tree, longest match first."""
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return _branch(tree)


def _branch(node: Mapping[str, Any]) -> str:
    letters = sorted(letter for letter in node if letter)
    arms = [("[ -]+" if letter == " " else re.escape(letter)) + _branch(node[letter]) for letter in letters]
    if not arms:
        return ""
    joined = arms[0] if len(arms) == 1 else "(?:" + "|".join(arms) + ")"
    return f"(?:{joined})?" if "" in node else joined


class Lexicon:
    """The lists and rules of one language.

    ``leads``: beginnings of the words that may occur, from ``leads_of``; other words are left out. None: all words.
    """

    def __init__(self, language: str, leads: Set[str] | None = None) -> None:
        self.language, self.leads = language, leads
        self._runs = " ".join(leads or ())
        data = _data(language)
        self._patterns: Mapping[str, str] = data["patterns"]
        self._lists: Mapping[str, Any] = data["lists"]
        self.rules: Mapping[str, Mapping[str, Any]] = data["rules"]
        self.camera: Mapping[str, Any] = data["camera"]
        self.who: Mapping[str, str] = data["who"]
        self.negation: Mapping[str, str] = data["negation"]
        self._expanded: dict[str, str] = dict(_BUILT_IN[language])

    def words(self, name: str) -> list[str]:
        """The words of a list that may occur, with plurals and verb forms."""
        return [word for word in self._words(name) if self.leads is None or _lead(word, self.language) in self.leads]

    def _words(self, name: str) -> list[str]:
        entry = self._lists[name]
        parts = entry if isinstance(entry, Mapping) else {"words": entry}
        found = _split(parts.get("words", ""))
        for noun in _split(parts.get("nouns", "")):
            found += [noun, plural(noun)]
        for name_of_one in _split(parts.get("plurals", "")):
            found += [plural(noun) for noun in _split(self._lists[name_of_one]["nouns"])]
        for verb in _split(parts.get("verbs", "")):
            found += verb_forms(verb)
        for other in _split(parts.get("include", "")):
            found += self._words(other)
        return found

    def expand(self, pattern: str) -> str:
        """A pattern with its ``{list}`` names expanded, without branches that cannot match."""
        if self.leads is not None:
            pattern = pruned(pattern, self._is_there, self._has_words) or _NOTHING
        if self.language == "en":
            pattern = re.sub(r"\[[^\]]*\]| \?| ", lambda match: _BLANKS.get(match[0], match[0]), pattern)
        return re.sub(r"\{([a-z_]+)\}", lambda match: self._group(match[1]), pattern)

    def _is_there(self, run: str) -> bool:
        """Whether literal characters may occur in the texts; in English each run of letters inside one of the texts' runs."""
        if self.language == "en":
            return all(part in self._runs for part in _RUN.findall(run))
        assert self.leads is not None
        return all(pair in self.leads for pair in map("".join, itertools.pairwise(run))) if run[1:] else run in self.leads

    def _has_words(self, name: str) -> bool:
        return name not in self._lists or self._group(name) != _NOTHING

    def _group(self, name: str) -> str:
        if name not in self._expanded and (name == "does" or name in self._patterns):
            self._expanded[name] = self.expand(self.camera["does"] if name == "does" else self._patterns[name])
            self._expanded[name] = f"(?:{self._expanded[name]})"
        if name not in self._expanded:
            group = any_of(self.words(name))
            bounded = rf"(?<![a-z0-9])(?:{group})(?![a-z0-9])" if self.language == "en" else f"(?:{group})"
            self._expanded[name] = bounded if group else _NOTHING
        value = self._expanded[name]
        return value.replace(" ", "[ -]+") if name == "adv" else value

    def compile(self, patterns: Iterable[str], *, before: bool = False, after: bool = False) -> re.Pattern[str] | None:
        """One pattern for any of the patterns; None for none. ``before``: anchored at the end; ``after``: for ``match``."""
        expanded = [self.expand(pattern) for pattern in patterns]
        if not expanded:
            return None
        joined = "|".join(f"(?:{arm})" for arm in expanded if arm != _NOTHING) or _NOTHING
        if self.language == "en" and not before:
            joined = rf"(?<![a-z0-9])(?:{joined})(?![a-z0-9])" if not after else rf"(?:{joined})(?![a-z0-9])"
        return re.compile(rf"(?:{joined})$" if before else joined)


_NOTHING = "(?!)"
"""A pattern that never matches."""


def _split(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


@functools.cache
def _data(language: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = read_table("vidgen.storyboard.lint", f"words_{language}.yaml")
    return data


@functools.cache
def _complete(language: str) -> Lexicon:
    return Lexicon(language)


def leads_of(text: str, language: str) -> Set[str]:
    """The beginnings of words that may occur in normalised text.

    In English these are runs of letters, because lists match whole words; in Japanese all pairs of characters and single ones.
    """
    if language == "en":
        return set(_RUN.findall(text))
    return {*map("".join, itertools.pairwise(text)), *text}


def _lead(word: str, language: str) -> str:
    if language == "ja":
        return word[:2]
    run = _RUN.match(word)
    return run[0] if run else ""


def _cut(words: Iterable[str]) -> Set[str]:
    """Parts of words that may be cut off at the ends of a text window around a match, up to the longest word of the lists."""
    sizes = ((word, size) for word in words for size in range(1, min(len(word), _LONGEST + 1)))
    return {part for word, size in sizes for part in (word[:size], word[-size:])}


_RUN = re.compile(r"[a-z0-9]+")
_LONGEST = 40
"""Longest word of the lists in letters."""


class Lexicons:
    """The lexicons of all languages for given texts. Create one for all texts to be checked. Without texts: all words."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        different = {normalise(text).text for text in texts}
        self._known = {language: {""}.union(*(leads_of(text, language) for text in different)) for language in LANGUAGES}
        self._made: dict[str, Lexicon] = {}

    def of(self, language: str, *texts: str) -> Lexicon:
        """The lexicon for normalised texts; the complete one if they have words that the original texts did not have."""
        if not all(leads_of(text, language) <= self._known[language] for text in texts):
            return _complete(language)
        if language not in self._made:
            known = self._known[language]
            self._made[language] = Lexicon(language, known | _cut(known) if language == "en" else known)
        return self._made[language]


ALL_WORDS = Lexicons()


def languages_of(text: str) -> tuple[str, ...]:
    """The languages of a text: ``ja`` if it has kana or kanji, ``en`` if it has English words."""
    japanese = re.search(r"[぀-ヿ㐀-鿿ｦ-ﾟ]", text) is not None
    english = len(re.findall(r"[A-Za-z]{2,}", text)) >= (3 if japanese else 1)
    return tuple(name for name, here in (("ja", japanese), ("en", english)) if here)
