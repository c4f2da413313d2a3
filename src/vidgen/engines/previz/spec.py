"""What to draw: a shot's words read into a place, a time, a season, weather and life. Deterministic, no pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from vidgen.engines.previz import counts, words
from vidgen.engines.previz.people.company import Company, all_of, company_of, first_of, room_of, staging
from vidgen.engines.previz.people.outside import outside_of
from vidgen.engines.previz.people.things import things
from vidgen.engines.previz.people.wardrobe import colour_of
from vidgen.takes.request import ShotRequest

THINGS = ("bottle", "cup", "box", "jar", "vase", "can")
"""Features that stand on a table."""
FLOCK = 9
"""Birds that are drawn where their number is not said."""
_STILL = 0.2
"""What is left of the wind where the words say that there is none."""
_COME_AND_GO = ("people", "animals")
"""What may be there in one shot of a world, and not in the next, with every animal."""
_WIDE = ("space", "street", "forest", "desert", "snow", "park", "water")
"""Surroundings in which other places lie."""
_CLOSE = ("mcu", "cu", "ecu")
"""Shot sizes that show one face where nobody else is named."""
_EXTRA = {"table": "tables", "parked": "parked"}
"""What else is said of a shot, and the words of staging.yaml for it."""
_CLOSER = (*_CLOSE, "ms", "two_shot", "ots")
"""Shot sizes that show who drives, and not the car."""


@dataclass(frozen=True)
class SceneSpec:
    """One world. ``place`` is a key of words.yaml's places, or ``card`` where previz would have to fake it.

    ``wind`` 0.1 (nearly still) to 4 (violent), 1 for motion amount 5; ``amount`` is the asked motion amount. ``counts`` says
    how many animals, boats and things there are, where a number is said; ``without`` names what the words deny. ``cast``,
    ``posture``, ``gesture``, ``facing``, ``speaking`` and ``crowd`` are of its ``Company``. ``more`` are the kinds of animals
    and vehicles after the first, ``colours`` theirs where one is said, ``thing`` what a card shows where nothing is alive.
    ``room`` and ``outdoors`` say where a card plays, ``extra`` that there is a table, that vehicles stand still.
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
    counts: Mapping[str, int] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    posture: str = ""
    gesture: str = ""
    facing: bool = False
    speaking: tuple[int, ...] = ()
    crowd: bool = False
    vehicle: str = ""
    more: tuple[str, ...] = ()
    colours: Mapping[str, str] = field(default_factory=dict)
    thing: str = ""
    room: str = ""
    outdoors: str = ""

    @property
    def alive(self) -> bool:
        """Whether there are people, animals on the ground or vehicles."""
        return bool(self.cast or self.vehicles or self.animal not in ("", "birds"))

    @property
    def animals(self) -> tuple[str, ...]:
        """Every kind of animal, the first one first."""
        known = words.table()["implied"]["animals"]
        return tuple(name for name in (self.animal, *self.more) if name in known)

    @property
    def vehicles(self) -> tuple[str, ...]:
        """Every kind of vehicle, the first one first."""
        return tuple(name for name in (self.vehicle, *self.more) if name in staging()["vehicles"])

    @property
    def wind(self) -> float:
        """How fast everything that lives moves: doubles every two and a half steps of amount."""
        return float(2 ** ((self.amount - 5) / 2.2)) * (_STILL if "wind" in self.without else 1)

    @property
    def tempo(self) -> float:
        """How fast people, animals and vehicles move: 1 for motion amount 5."""
        return float(2 ** ((self.amount - 5) / 4))

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
        """Whether a shot can go on in the other's world: all but motion, framing and what comes and goes is the same."""
        return self._lasting() == other._lasting()

    def _lasting(self) -> SceneSpec:
        comes = (*_COME_AND_GO, *words.table()["implied"]["animals"])
        without = tuple(name for name in self.without if name not in comes)
        return SceneSpec(self.place, self.time, self.season, self.weather, self.features, without=without, room=self.room)


def read_request(request: ShotRequest) -> SceneSpec:
    """Read a shot's words, in order of authority: scene, then subject and action, lighting, style, and the prompt last."""
    w, table, motion = request.words, words.table(), request.motion.type
    said = [text for text in (w.scene, w.subject, w.action) if text] or [request.prompt]
    what = " . ".join((w.scene, w.subject, w.action)).strip(" .") or request.prompt
    everything = " . ".join((what, request.motion.detail or "", w.lighting, w.extra))
    without = _without(everything, words.unwanted(request.negative))
    features = _features(everything, w.style, without)
    negative = words.unwanted(request.negative)
    places = _places(what, negative)
    size = request.camera.size or first_of(what, staging()["sizes"])
    company = _company(request, said, without, size in _CLOSE)
    place, room = _place(what, places, motion, bool(company.people))
    if company.posture == "drive" and company.people and (place == "card" or size in _CLOSER):
        place, room = "card", "car_inside"
    weather = [name for name in words.named(everything, table["weather"]) if name not in without]
    time = _first_time(everything) if motion == "timelapse" else None
    time = time or _time(w.lighting, what, everything, weather, features)
    season = _season(what, everything, weather, without)
    cast = " . ".join((what, *(text for text in w.characters if not counts.people([text]))))  # a dog may be a character
    animals, vehicles = _animals(cast, motion, without), _vehicles(cast, place, features, company.posture)
    animal, vehicle, more = _first(animals), _first(vehicles), (*animals[1:], *vehicles[1:])
    alone = not (company.people or vehicle or animal not in ("", "birds")) or size == "insert"
    alone = alone or (size == "ecu" and words.mentions(what, staging()["parts_of_a_face"]))
    return SceneSpec(
        place=place,
        time=time,
        season=season,
        weather=tuple(_weather(weather, season)),
        features=(*features, *(name for name in places if name != place)),
        people=len(company.people),
        animal=animal,
        motion=motion,
        later=_later(time, everything, motion),
        amount=float(request.motion.amount),
        size=size,
        extra=tuple(name for name, listed in _EXTRA.items() if words.mentions(what, staging()[listed])),
        angle=request.camera.angle or "",
        counts=_counts(cast, [*animals, *vehicles], features, company.posture == "run"),
        without=without,
        cast=company.people,
        posture=company.posture,
        gesture=company.gesture,
        facing=company.facing,
        speaking=company.speaking,
        crowd=company.crowd,
        vehicle=vehicle,
        more=more,
        colours=_colours(cast, [*animals, *vehicles]),
        thing=first_of(what, {name: row["words"] for name, row in things().items()}, staging()["things_not"])
        if alone and place == "card"
        else "",
        room=room,
        outdoors=_set(what),
    )


def _without(text: str, negative: str) -> tuple[str, ...]:
    """What is not to be drawn: denied in the text, or named in the ``negative``."""
    table = words.table()
    listed: dict[str, list[str]] = {}
    for group in (table["features"], table["weather"], table["animals"], table["denied"], table["absent"]):
        for name, named in group.items():
            listed.setdefault(name, []).extend(() if group is table["absent"] else named)
    falling = table["weather"]["snow"]
    out = {
        name
        for name, named in listed.items()
        if named and (words.denies(text, named, falling if name == "snowy" else ()) or words.names(negative, named))
    }
    out |= {name for name, phrases in table["absent"].items() if words.mentions(text, phrases)}
    if counts.nobody_is_there(text) or words.names(negative, table["people"]["anyone"]):
        out.add("people")
    for name, also in table["implied"].items():
        out |= set(also) if name in out else set()
    return tuple(sorted(out))


def _features(everything: str, style: str, without: tuple[str, ...]) -> list[str]:
    table = words.table()["features"]
    features = words.named(everything, table)
    if words.mentions(style, table["neon"]) and "neon" not in features:
        features.append("neon")
    looks = ("ukiyoe", "mono")
    features += [name for name in looks if name not in features and words.mentions(f"{everything} . {style}", table[name])]
    return [name for name in features if name not in without]


def _places(what: str, negative: str) -> list[str]:
    """The places that are named, but those that the ``negative`` names, too, where others are left."""
    named = words.named(words.blanked(what, words.table()["places_not"]), words.table()["places"])
    return [name for name in named if not words.names(negative, words.table()["places"][name])] or named


def _place(what: str, places: list[str], motion: str, people: bool) -> tuple[str, str]:
    """The place that is drawn, and the room where it is a card."""
    place = _outdoors(what, places, motion)
    first = min(
        (at for name in places if (at := words.position(what, words.table()["places"][name])) is not None), default=None
    )
    room = room_of(what, people, first if place not in ("card",) else None)
    return ("card" if room and not (place == "tabletop" and not people) else place), room


def _set(what: str) -> str:
    """Where a card plays outdoors: a place of its own (a rooftop, a court) goes before what it lies in (a street, a park)."""
    text, sets = words.blanked(what, words.table()["places_not"]), staging()["outdoors"]
    own = {name: listed for name, listed in sets.items() if name not in _WIDE}
    seen = outside_of(what).where
    seen = seen if seen in sets else ""
    return ("rooftop" if seen == "rooftop" else "") or first_of(what, own) or first_of(text, sets) or seen


def _outdoors(what: str, places: list[str], motion: str) -> str:
    beyond = words.mentions(what, words.table()["beyond"])
    outdoors = [place for place in places if place not in ("abstract", "tabletop")]
    if beyond or (places == ["road"] and words.mentions(what, words.table()["town_roads"])):
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


def _season(what: str, everything: str, weather: list[str], without: tuple[str, ...]) -> str:
    found = words.first_named((what, everything), words.table()["seasons"])
    season = found or ("winter" if "snow" in weather else "summer")
    return "bare" if season == "winter" and "snowy" in without else season


def _weather(found: list[str], season: str) -> list[str]:
    """The weather that is drawn: petals fall in spring and leaves in autumn, and a clear sky has no clouds."""
    never = {"petals": season != "spring", "leaves": season != "autumn", "clouds": "clear" in found}
    return [name for name in found if not never.get(name)]


def _company(request: ShotRequest, said: list[str], without: tuple[str, ...], close: bool) -> Company:
    """Who is there: as the words say; somebody where the motion is people's and the words deny none."""
    negative, motion = words.unwanted(request.negative), request.motion
    if words.names(negative, words.table()["people"]["anyone"]):
        return Company()
    found = company_of(request.words, said, motion.detail or "", negative, close)
    if not found.people and motion.type == "people" and "people" not in without:
        return replace(found, people=("person/1",))
    return found


def _animals(what: str, motion: str, without: tuple[str, ...]) -> list[str]:
    """The kinds of animals, in the order in which the words name them; birds last."""
    kinds = {**words.table()["animals"], **staging()["more_animals"]}
    named = all_of(what, kinds, staging()["animals_not"])
    named += words.named(what, {"birds": words.table()["features"]["birds"]})
    if motion == "animal" and not named:
        named.append("birds")
    return [name for name in named if name not in without and "animals" not in without]


def _first(names: list[str]) -> str:
    return names[0] if names else ""


def _vehicles(what: str, place: str, features: list[str], posture: str) -> list[str]:
    """The kinds of vehicles, but a boat on drawn water, which is one of the features."""
    found = all_of(what, staging()["vehicles"], staging()["vehicle_not"])
    if place != "card" and "boat" in features:
        found = [name for name in found if name not in ("rowboat", "ship")]
    return found or (["car"] if posture == "drive" and place != "card" else [])


def _colours(what: str, kinds: list[str]) -> dict[str, str]:
    """The colours that the words say of animals and vehicles."""
    nouns = {**words.table()["animals"], **staging()["more_animals"], **staging()["vehicles"]}
    found = {kind: colour_of(what, nouns[kind]) for kind in kinds if kind in nouns}
    return {kind: colour for kind, colour in found.items() if colour}


def _mentioned(what: str, nouns: list[str]) -> list[str]:
    text = words.blanked(what, staging()["vehicle_not"])
    return [found[0].lower().removesuffix("s") for found in words.affirmed(text, nouns)]


def _counts(what: str, alive: list[str], features: list[str], chase: bool) -> dict[str, int]:
    """How many there are of the animals, the vehicles and the features that are counted, where the words say."""
    table = words.table()
    nouns = {**table["animals"], **staging()["more_animals"], **staging()["vehicles"], **table["features"]}
    countable = [*alive, *(name for name in (*THINGS, "boat") if name in features)]
    found = {name: counts.number_said(what, nouns[name], *([FLOCK] if name == "birds" else [])) for name in countable}
    if chase:  # "a police car chases a taxi"
        found |= {name: max(found[name], len(set(_mentioned(what, nouns[name])))) for name in alive if name in found}
    found = {name: min(number, int(table["people"]["most"])) for name, number in found.items()}
    return {name: number for name, number in found.items() if number not in (0, FLOCK if name == "birds" else 1)}


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
