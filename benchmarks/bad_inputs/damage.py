"""How good input becomes bad: bytes, lines of YAML, words of a command line, names of files."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

WORDS = (
    *("", " ", "0", "-1", "1e9", "nan", "inf", "1e-9", "99999999999999999999", "0x10", "12:30", "16:9", "1/0", "24000/1001"),
    *("true", "null", "~", "[]", "{}", "[1, 2", "{a: 1", "'", '"', "&a", "*a", "!!python/object:os.system", "- - -", "|", ">"),
    *(
        "../../etc/passwd",
        "/dev/null",
        "/dev/full",
        ".",
        "..",
        "-",
        "--",
        "-o",
        "%d",
        "$(id)",
        ";id",
        "file:x",
        "http://127.0.0.1/",
    ),
    *(
        "京都の秋",
        "ドリーイン",
        "é",
        "e\u0301",
        "🍁",
        "\u202e",
        "\u200b",
        "\ufeff",
        "[/red]",
        "[bold]",
        "{\\fs200}",
        "\x1b[31m",
        "\t",
    ),
    *("4s", "96f", "-3f", "5 bars", "dolly_in", "doly_in", "previz", "runway", "local", "rife", "4k", "64p", "1x1", "99999x2"),
)
"""What a person, a script or an attacker may write where something else belongs."""


def bytes_damaged(data: bytes, luck: random.Random) -> bytes:
    """The bytes with bits flipped, a piece overwritten, lost, doubled or put in between, or the end cut off."""
    found = bytearray(data or b"\0")
    place, piece = luck.randrange(len(found)), luck.choice([1, 4, 16, 100, 1000])
    ways: Sequence[Callable[[], object]] = (
        lambda: [_flip(found, luck.randrange(len(found)), luck) for _ in range(luck.choice([1, 3, 10, 50]))],
        lambda: [_flip(found, luck.randrange(min(1500, len(found))), luck) for _ in range(luck.choice([1, 2, 5]))],
        lambda: [_flip(found, -1 - luck.randrange(min(1500, len(found))), luck) for _ in range(luck.choice([1, 2, 5]))],
        lambda: found.__delitem__(slice(place, None)),
        lambda: found.__setitem__(slice(place, place + piece), bytes(piece)),
        lambda: found.__setitem__(slice(place, place + piece), luck.randbytes(piece)),
        lambda: found.__delitem__(slice(place, place + piece)),
        lambda: found.__setitem__(slice(place, place), luck.randbytes(piece)),
        lambda: found.__setitem__(slice(place, place), found[place : place + piece]),
        lambda: found.clear(),
    )
    luck.choices(ways, [4, 4, 2, 3, 2, 2, 2, 2, 1, 0.2])[0]()
    return bytes(found)


def _flip(data: bytearray, place: int, luck: random.Random) -> None:
    data[place] ^= 1 << luck.randrange(8)


def text_damaged(text: str, luck: random.Random) -> bytes:
    """Lines lost, doubled, moved, indented otherwise; values and keys exchanged for others; another encoding; raw damage."""
    lines = text.splitlines(keepends=True) or [""]
    for _ in range(luck.choice([1, 1, 1, 2, 4])):
        at = luck.randrange(len(lines))
        match luck.choices(["value", "key", "lose", "double", "swap", "indent", "insert"], [8, 4, 2, 2, 2, 2, 3])[0]:
            case "value":
                key, colon, rest = lines[at].partition(":")
                lines[at] = f"{key}: {word(luck)}\n" if colon else f"{word(luck)}\n" + rest
            case "key":
                lines[at] = lines[at].replace(luck.choice(lines[at].split() or [" "]), word(luck), 1)
            case "lose" if len(lines) > 1:
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "swap":
                other = luck.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case "indent":
                lines[at] = luck.choice([" ", "  ", "\t", "- "]) + lines[at]
            case _:
                lines.insert(at, f"{word(luck)}: {word(luck)}\n")
    changed = "".join(lines)
    match luck.choices(["utf-8", "utf-16", "latin-1", "bom", "crlf", "bytes"], [12, 1, 1, 1, 1, 2])[0]:
        case "utf-16":
            return changed.encode("utf-16", "surrogatepass")
        case "latin-1":
            return changed.encode("latin-1", "replace")
        case "bom":
            return b"\xef\xbb\xbf" + changed.encode("utf-8", "surrogatepass")
        case "crlf":
            return changed.replace("\n", "\r\n").encode("utf-8", "surrogatepass")
        case "bytes":
            return bytes_damaged(changed.encode("utf-8", "surrogatepass"), luck)
        case _:
            return changed.encode("utf-8", "surrogatepass")


def word(luck: random.Random) -> str:
    """One unlikely word."""
    if luck.random() < 0.15:
        return "".join(
            chr(luck.choice([luck.randrange(32, 127), luck.randrange(0x3040, 0x30FF)])) for _ in range(luck.randrange(300))
        )
    return luck.choice(WORDS)


def name(luck: random.Random, ending: str) -> str:
    """An unlikely file name that a file system takes."""
    stems = (
        *(
            "a: b",
            "12:30",
            "%03d",
            "-y",
            "--help",
            "a*b?",
            "[x]",
            "it's",
            'say "hi"',
            "a\\b",
            " lead",
            "trail ",
            ".hidden",
            "京都の秋",
        ),
        *(
            "e\u0301",
            "é",
            "🍁",
            "\u202egnp",
            "a\nb",
            "a\tb",
            "concat:x",
            "file:x",
            "data:x",
            "n" * 200,
            "京" * 70,
            "a;b",
            "$(id)",
            "&",
            "#",
        ),
    )
    return luck.choice(stems) + ending
