"""What to draw: a shot's words read into a place, a time, a season, weather and life. Deterministic, no pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from vidgen.engines.previz import words
from vidgen.takes.request import ShotRequest

THINGS = ("bottle", "cup", "box", "jar", "vase", "can")
"""Features that stand on a table."""


@dataclass(frozen=True)
class SceneSpec:
    """One world. ``place`` is a key of words.yaml's places, or ``card`` where previz would have to fake it.

    ``wind`` 0.1 (nearly still) to 4 (violent), 1 for motion amount 5; ``amount`` is the asked motion amount.
    """

    place: str
    time: str
    season: str
    weather: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    people: int = 0
    animal: str = ""
    motion: str = "natural"
    later: str = ""
    amount: float = 5.0
    size: str = ""
    angle: str = ""
    extra: tuple[str, ...] = field(default=())

    @property
    def wind(self) -> float:
        """How fast everything that lives moves: doubles every two and a half steps of amount."""
        return float(2 ** ((self.amount - 5) / 2.2))

    def has(self, *names: str) -> bool:
        """Whether any of these features or weathers is there."""
        return any(name in self.features or name in self.weather for name in names)

    def as_dict(self) -> dict[str, Any]:
        """JSON values; ``from_dict`` reads them back."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SceneSpec:
        """The spec that ``as_dict`` gave."""
        plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
        return cls(**plain)

    def same_world(self, other: SceneSpec) -> bool:
        """Whether a shot can go on in the other's world: all but motion and framing is the same."""
        return replace(self, motion="", later="", amount=5, size="", angle="", people=0, animal="", extra=()) == replace(
            other, motion="", later="", amount=5, size="", angle="", people=0, animal="", extra=()
        )


def read_request(request: ShotRequest) -> SceneSpec:
    """Read a shot's words, in order of authority: scene, then subject and action, lighting, style, and the prompt last."""
    w, table = request.words, words.table()
    what = " . ".join((w.scene, w.subject, w.action)).strip(" .") or request.prompt
    everything = " . ".join((what, request.motion.detail or "", w.lighting, w.extra))
    styled = f"{everything} . {w.style}"
    features = words.named(everything, table["features"])
    if words.mentions(w.style, table["features"]["neon"]) and "neon" not in features:
        features.append("neon")
    features += [
        name for name in ("ukiyoe", "mono") if name not in features and words.mentions(styled, table["features"][name])
    ]
    places = words.named(what, table["places"])
    place = _place(what, places, request.motion.type)
    weather = words.named(everything, table["weather"])
    time = _first_time(everything) if request.motion.type == "timelapse" else None
    time = time or _time(w.lighting, what, everything, weather, features)
    season = _season(what, everything, features, weather)
    motion = request.motion.type
    return SceneSpec(
        place=place,
        time=time,
        season=season,
        weather=tuple(_weather(weather, season, features, motion)),
        features=(*features, *(name for name in places if name != place)),
        people=_people(what, motion),
        animal=_animal(what, motion),
        motion=motion,
        later=_later(time, everything, motion),
        amount=float(request.motion.amount),
        size=request.camera.size or "",
        angle=request.camera.angle or "",
    )


def _place(what: str, places: list[str], motion: str) -> str:
    beyond = words.mentions(what, words.table()["beyond"])
    outdoors = [place for place in places if place not in ("abstract", "tabletop")]
    if beyond:
        return "card"
    if "tabletop" in places and outdoors and not words.mentions(what, ("table", "studio", "product", "テーブル", "机", "商品")):
        places = outdoors
    if words.mentions(what, words.table()["features"]["seaofclouds"]):
        return "sky"
    if motion == "abstract" and not outdoors:
        return "abstract"
    if not places and words.mentions(what, ("table", "studio", "product", "テーブル", "机", "商品")):
        return "tabletop" if words.named(what, {name: words.table()["features"][name] for name in THINGS}) else "card"
    return places[0] if places else "card"


def _time(lighting: str, what: str, everything: str, weather: list[str], features: list[str]) -> str:
    found = words.first_named((lighting, what, everything), words.table()["times"])
    if found:
        return "golden" if found == "golden_2" else found
    if "neon" in features or any(name in features for name in ("stars", "aurora", "moon", "bigmoon")) or "fireflies" in weather:
        return "night"
    if "rain" in weather:
        return "overcast"
    return "morning" if "mist" in weather else "golden" if "sunset" in features else "noon"


def _first_time(text: str) -> str | None:
    """The time of day that is said first: a time-lapse starts there."""
    found = {
        name: place for name, listed in words.table()["times"].items() if (place := words.position(text, listed)) is not None
    }
    first = min(found, key=lambda name: found[name], default=None)
    return "golden" if first == "golden_2" else first


def _season(what: str, everything: str, features: list[str], weather: list[str]) -> str:
    found = words.first_named((what, everything), words.table()["seasons"])
    return found or ("winter" if "snow" in weather else "summer")


def _weather(found: list[str], season: str, features: list[str], motion: str) -> list[str]:
    out = list(found)
    if "petals" in out and season != "spring":
        out.remove("petals")
    if "leaves" in out and season != "autumn":
        out.remove("leaves")
    if "clear" in out and "clouds" in out:
        out.remove("clouds")
    return out


def _people(what: str, motion: str) -> int:
    if words.mentions(what, words.table()["people"]):
        return 3 if words.mentions(what, words.table()["several"]) else 1
    return 1 if motion == "people" else 0


def _animal(what: str, motion: str) -> str:
    found = words.first_named((what,), words.table()["animals"])
    return found or ("birds" if motion == "animal" or words.mentions(what, words.table()["features"]["birds"]) else "")


_NEXT = {
    "dawn": "noon", "morning": "golden", "noon": "dusk", "golden": "blue_hour", "dusk": "night", "blue_hour": "night",
    "night": "dawn", "overcast": "dusk", "storm": "golden", "neon": "night",
}  # fmt: skip


def _later(time: str, everything: str, motion: str) -> str:
    if motion != "timelapse":
        return ""
    if words.mentions(
        everything, ("turning to night", "day to night", "into night", "until night", "昼から夜", "夜になる", "夜へ")
    ):
        return "night"
    if words.mentions(everything, ("night to day", "turning to day", "into day", "夜から朝", "夜明けまで")):
        return "morning"
    return _NEXT.get(time, "night")
