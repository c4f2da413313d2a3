"""The table of engines against the providers' SDKs: small made-up ones, and those that are pinned."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Optional, Required, Union

import pytest
from typing_extensions import TypedDict

from support import Vidgen
from vidgen.catalog.engines import engine_table
from vidgen.engines.cloud.drift import Finding, Offer, Sdk, compared, findings, read
from vidgen.inventory.staleness import stale_rows


class First(TypedDict, total=False):
    model: Required[Literal["pan-1"]]
    ratio: Required[Annotated[Literal["1280:720", "720:1280"], "wire name"]]
    duration: Literal[4, 8]


class Second(TypedDict, total=False):
    model: Required[Literal["pan-2", "pan-3"]]
    ratio: Optional[Literal["1280:720"]]  # noqa: UP045 - as SDKs write it
    duration: Union[Literal["auto"], int]  # noqa: UP007


class Options(TypedDict, total=False):
    duration: Literal["5s", "10s"]


MakeSdk = Callable[..., Sdk]


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> MakeSdk:
    """An SDK of these types, for one of our engines."""

    def make(*kinds: Any, engine: str = "runway", only: str = "", **names: Any) -> Sdk:
        module = types.ModuleType("made_up_sdk")
        vars(module).update({kind.__name__: kind for kind in kinds} | names)
        monkeypatch.setitem(sys.modules, "made_up_sdk", module)
        return Sdk("made-up-sdk", engine, ("made_up_sdk",), only)

    return make


def test_models_lengths_and_shapes_are_read_out_of_types(sdk: MakeSdk) -> None:
    assert read(sdk(First, Second)) == {
        "pan-1": Offer(frozenset({4.0, 8.0}), frozenset({"1280:720", "720:1280"})),
        "pan-2": Offer(frozenset(), frozenset({"1280:720"})),
        "pan-3": Offer(frozenset(), frozenset({"1280:720"})),
    }


def test_options_that_stand_apart_hold_for_every_model_and_pictures_are_no_clips(sdk: MakeSdk) -> None:
    made = sdk(Options, only="ray", Model=Union[Literal["ray-9", "uni-1"], str])  # noqa: UP007
    assert read(made) == {"ray-9": Offer(frozenset({5.0, 10.0}))}


def test_what_was_added_removed_and_renamed(sdk: MakeSdk) -> None:
    made = sdk()
    both = Offer(frozenset({4.0, 8.0}), frozenset({"1280:720"}))
    known = {"pan-1": Offer(frozenset({4.0, 6.0}), frozenset({"1280:720"})), "pan-2.1": both, "brand-new": both}
    rows = {"pan-1": both, "pan-2": both, "long-gone": both}
    assert list(compared(made, known, rows)) == [
        Finding("runway", "long-gone", "removed", "model is not in the SDK", wrong=True),
        Finding("runway", "pan-2", "renamed", "model is perhaps called pan-2.1 now", wrong=True),
        Finding("runway", "brand-new", "added", "model is not in the table"),
        Finding("runway", "pan-1", "removed", "length: 8 s", wrong=True),
        Finding("runway", "pan-1", "added", "length: 6 s"),
    ]


def test_an_sdk_that_is_not_here_is_said() -> None:
    found, missing = findings([Sdk("no-such-sdk", "runway", ("no_such_sdk.types",))])
    assert not found and missing == ["runway: the package no-such-sdk is not here, or has other modules"]


def test_the_table_offers_nothing_that_the_pinned_sdks_do_not_know() -> None:
    found, missing = findings()
    assert [one for one in found if one.wrong] == [] and missing == []


def test_rows_grow_old_by_their_oldest_date(sdk: MakeSdk) -> None:
    cloud = [able for rows in engine_table().values() for able in rows if able.kind == "cloud" and not able.retired_on]
    dates = {
        date.fromisoformat(price.as_of) for able in cloud for price in (able.price, *able.task_prices.values()) if price.as_of
    }
    first, last = min(dates), max(*dates, *(date.fromisoformat(able.as_of) for able in cloud))
    assert stale_rows(first + timedelta(days=60), [])[0] == []
    assert {row["as_of"] for row in stale_rows(first + timedelta(days=61), [])[0]} == {first.isoformat()}
    assert len(stale_rows(last + timedelta(days=61), [])[0]) == len(cloud)


def test_the_command_lists_old_and_contradicted_rows(sdk: MakeSdk, monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen) -> None:
    import vidgen.inventory.staleness as staleness

    monkeypatch.setattr(staleness.stale_rows, "__defaults__", ([sdk(First)],))
    rows = vidgen("engines", "--stale", "--json").data["stale"]
    gone = [row["model"] for row in rows if row["why"] == "sdk"]
    assert "gen4.5" in gone and all(row["days"] > 60 for row in rows if row["why"] == "age")
    assert "gen4.5: the SDK disagrees: model is not in the SDK" in vidgen("engines", "--stale").out
