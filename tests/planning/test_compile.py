"""A storyboard becomes a plan: prompts, seeds, engines, places on the film's frames, prices."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidgen.catalog.engines import capabilities
from vidgen.errors import InputError
from vidgen.planning.compile import Overrides, compile_plan
from vidgen.planning.engine_choice import Machine
from vidgen.planning.plan import Plan
from vidgen.planning.presets import preset
from vidgen.storyboard.loader import parse_storyboard


def plan(text: str, overrides: Overrides = Overrides(), machine: Machine = Machine()) -> Plan:
    board = parse_storyboard("vidgen: 1\n" + text).board
    return compile_plan(board, Path(), overrides=overrides, machine=machine, lookup=capabilities)


KYOTO = """
style: cinematic, film grain, anamorphic lens
shots:
  - scene: Ancient temple in Kyoto surrounded by maple trees
    camera: ドリーイン
    motion: {type: 自然, detail: "leaves gently falling, mist rising"}
"""


def test_the_generic_prompt_is_the_comma_join_of_scene_camera_motion_and_style() -> None:
    (shot,) = plan(KYOTO).shots
    assert shot.request and shot.request.prompt == (
        "Ancient temple in Kyoto surrounded by maple trees, slow dolly forward, approaching subject, "
        "natural movement, wind, water flow, clouds, leaves gently falling, mist rising, cinematic, film grain, anamorphic lens"
    )


PROMPTS = {
    "runway": "Slow dolly forward, approaching subject. Ancient temple in Kyoto surrounded by maple trees. Natural movement, "
    "wind, water flow, clouds, leaves gently falling, mist rising. Cinematic, film grain, anamorphic lens.",
    "veo": "Ancient temple in Kyoto surrounded by maple trees. Natural movement, wind, water flow, clouds, leaves gently "
    "falling, mist rising. Cinematic, film grain, anamorphic lens. Slow dolly forward, approaching subject.",
    "local": "Ancient temple in Kyoto surrounded by maple trees, natural movement, wind, water flow, clouds, leaves gently "
    "falling, mist rising, slow dolly forward, approaching subject, cinematic, film grain, anamorphic lens",
}


@pytest.mark.parametrize(("engine", "prompt"), PROMPTS.items())
def test_each_engine_gets_the_same_shot_in_its_own_order(engine: str, prompt: str) -> None:
    (shot,) = plan(KYOTO, Overrides(engine=engine)).shots
    assert shot.request and shot.request.prompt == prompt


OPENED = {
    "what happens is said, the place is in the picture": ("action: she turns, scene: a street", "she turns"),
    "a scene that is all there is to say is said": ("scene: a girl runs down a street", "a girl runs down a street"),
    "and so is a subject": ("scene: a street, subject: a girl", "a girl, a street"),
}


@pytest.mark.parametrize(("keys", "prompt"), OPENED.values(), ids=OPENED)
def test_a_shot_with_an_opening_picture_is_never_without_words(keys: str, prompt: str) -> None:
    assert opened(keys, "wan2.2-ti2v-5b") == prompt


def opened(keys: str, model: str) -> str:
    """The prompt of a shot of those keys that opens with another's last picture."""
    text = f"shots: [{{id: a, scene: dawn}}, {{{keys}, continue_from: a}}]"
    _, shot = plan(text, Overrides(engine="local", model=model)).shots
    assert shot.request
    return shot.request.prompt


def test_both_halves_of_a_long_shot_are_told_what_to_show() -> None:
    first, second = plan(
        "shots: [{scene: a girl dances, duration: 8}]", Overrides(engine="local", model="wan2.2-ti2v-5b")
    ).shots
    assert first.request and second.request and second.continues == first.id
    assert first.request.prompt == second.request.prompt == "a girl dances"


def test_a_model_that_takes_no_picture_is_told_the_whole_scene() -> None:
    assert opened("scene: a street, action: she turns, lighting: dusk", "wan2.1-t2v-1.3b") == "a street, she turns, dusk"


def test_an_odd_size_is_made_even_and_said() -> None:
    odd, even = (plan(f"resolution: {size}\nshots: [{{scene: sea}}]") for size in ("97x65", "96x64"))
    assert (odd.width, odd.height) == (98, 66)
    assert [notice.code for notice in odd.notices] == ["plan.even_size"] and "97x65" in odd.notices[0].message
    assert not even.notices


@pytest.mark.parametrize(
    ("top", "size", "said"),
    [
        ("resolution: 181p", (322, 182), "resolution: 181p has an odd side"),
        ("resolution: 64x65", (64, 66), "resolution: 64x65 has an odd side"),
        ("resolution: 160x90\npost: {upscale: {height: 181}}", (322, 182), "post.upscale.height: 181 has an odd side"),
        ("resolution: 160x90\ndefaults: {post: {upscale: 45}}", (80, 46), "post.upscale.height: 45 has an odd side"),
    ],
)
def test_every_odd_size_that_is_asked_for_is_said(top: str, size: tuple[int, int], said: str) -> None:
    made = plan(f"{top}\nshots: [{{scene: sea}}]")
    (notice,) = made.notices
    assert (made.width, made.height) == size and notice.code == "plan.even_size"
    assert notice.message.startswith(said) and notice.message.endswith(f"it is {size[0]}x{size[1]}")


def test_a_prompt_written_out_is_used_word_for_word() -> None:
    (shot,) = plan("style: noir\nshots: [{scene: a lake, prompt: 'Just this.'}]").shots
    assert shot.request and shot.request.prompt == "Just this."


def test_style_characters_and_references_reach_every_shot(tmp_path: Path) -> None:
    (tmp_path / "aki.png").write_bytes(b"x")
    text = """
vidgen: 1
style: film grain
characters: {aki: {description: a woman in a navy kimono, references: [aki.png]}}
shots: [{scene: a street, characters: [aki]}, {scene: a bridge, characters: [aki]}]
"""
    board = parse_storyboard(text, tmp_path / "film.yaml").board
    made = compile_plan(
        board, tmp_path, overrides=Overrides(engine="kling", model="kling-v1-6"), machine=Machine(), lookup=capabilities
    )
    for shot in made.shots:
        assert shot.request
        assert "a woman in a navy kimono" in shot.request.prompt and "film grain" in shot.request.prompt
        assert shot.request.inputs.references == (tmp_path / "aki.png",)


def test_references_of_characters_that_an_engine_does_not_take_are_said(tmp_path: Path) -> None:
    for name in ("aki.png", "back.png"):
        (tmp_path / name).touch()
    said = {}
    for engine in ("local", "previz"):
        text = f"""
vidgen: 1
characters: {{aki: {{description: a woman in a navy kimono, references: [aki.png, back.png]}}}}
shots:
  - {{id: a, scene: sea, characters: [aki], engine: {engine}}}
"""
        board = parse_storyboard(text, tmp_path / "film.yaml").board
        notices = compile_plan(board, tmp_path, overrides=Overrides(), machine=Machine(), lookup=capabilities).notices
        said[engine] = [notice.message for notice in notices if notice.message.startswith("references:")]
    assert said["local"] == ["references: local diffusion (GPU) accepts no reference pictures; 2 of the shot's 2 left out"]
    assert said["previz"] == ["references: previz (built in) accepts 1 reference picture; 1 of the shot's 2 left out"]


def test_a_local_model_that_makes_no_sound_is_said() -> None:
    def ignored(model: str) -> bool:
        made = plan(f"shots: [{{scene: sea, engine: local, model: {model}, own_sound: true}}]")
        return any(one.message.startswith("own_sound:") for one in made.notices)

    assert ignored("wan2.1-t2v-1.3b") and not ignored("ltx-2")


def test_words_that_a_models_text_encoder_would_not_read_are_said() -> None:
    scene = "a calm sea at dawn with gulls over it, " * 12
    said = [one.code for one in plan(f"shots: [{{scene: '{scene}', engine: local, model: animatediff-v2}}]").notices]
    assert "engine.prompt_too_long" in said
    said = [one.code for one in plan(f"shots: [{{scene: '{scene}', engine: local, model: wan2.1-t2v-1.3b}}]").notices]
    assert "engine.prompt_too_long" not in said


def test_a_model_that_no_gpu_will_run_is_said_once_for_the_film() -> None:
    board = "shots: [{scene: a}, {scene: b, model: wan2.1-t2v-1.3b}, {scene: c, engine: previz}]\ndefaults: {engine: local}"
    said = [one for one in plan(board, machine=Machine(gpu=False)).notices if one.code == "engine.no_gpu"]
    assert [one.message.split(" will")[0] for one in said] == ["no GPU was found: wan2.1-t2v-1.3b"]
    assert not [one for one in plan(board).notices if one.code == "engine.no_gpu"]


def test_the_same_words_always_get_the_same_seed_and_a_board_seed_changes_all() -> None:
    board = "shots: [{scene: a}, {scene: b}, {scene: c, seed: 42}]"
    seeds = [shot.request.base_seed for shot in plan(board).shots if shot.request]
    again = [shot.request.base_seed for shot in plan(board).shots if shot.request]
    others = [shot.request.base_seed for shot in plan("seed: 5\n" + board).shots if shot.request]
    assert seeds == again and len(set(seeds)) == 3 and seeds[2] == others[2] == 42
    assert seeds[:2] != others[:2]


def test_a_scene_without_shots_is_split_and_its_parts_continue() -> None:
    made = plan("scenes: [{id: lake, scene: a lake, duration: 12}, {shots: [{scene: b, continue_from: lake}]}]")
    assert [shot.id for shot in made.shots] == ["lakea", "lakeb", "lakec", "s01"]
    assert [shot.continues for shot in made.shots] == [None, "lakea", "lakeb", "lakec"]


@pytest.mark.parametrize(
    ("machine", "engine", "named", "expected"),
    [
        (Machine(), None, "", "previz"),
        (Machine(local_model="wan"), None, "", "local"),
        (Machine(configured_engine="runway"), None, "", "runway"),
        (Machine(local_model="wan", configured_engine="runway"), "auto", ", engine: luma", "local"),
        (Machine(), None, ", engine: luma", "luma"),
        (Machine(), "previz", ", engine: luma", "previz"),
    ],
)
def test_auto_takes_the_gpu_then_the_configuration_then_previz(
    machine: Machine, engine: str | None, named: str, expected: str
) -> None:
    (shot,) = plan(f"shots: [{{scene: a{named}}}]", Overrides(engine=engine), machine).shots
    assert shot.engine == expected and shot.why_engine


def test_clips_are_billed_at_the_next_legal_length() -> None:
    (shot,) = plan("shots: [{scene: a, duration: 4, candidates: 3}]", Overrides(engine="luma")).shots
    assert shot.seconds_each == 5 and shot.estimated_usd == pytest.approx(3 * 5 * 0.24)


def test_a_preset_named_on_the_line_wins_over_the_storyboard() -> None:
    made = plan("resolution: 360p\nfps: 24\nshots: [{scene: a}]", Overrides(preset=preset("web-4k60")))
    assert (made.width, made.height, made.fps) == (3840, 2160, 60)
    assert (made.source_width, made.source_height, made.source_fps) == (1920, 1080, 24)
    assert made.total_frames == 240


def test_a_transition_that_does_not_fit_is_shortened_with_a_notice() -> None:
    made = plan("shots: [{scene: a, duration: 12f}, {scene: b, duration: 12f, transition: {type: dissolve, duration: 2}}]")
    assert made.shots[1].overlap == 11 and made.notices[0].code == "plan.transition_shortened"


@settings(max_examples=60)
@given(
    shots=st.lists(st.tuples(st.integers(1, 400), st.integers(0, 120)), min_size=1, max_size=8),
    rates=st.sampled_from([(24, 24), (24, 60), (25, 50), (30, 60)]),
)
def test_the_cut_takes_every_plan_as_it_is(shots: list[tuple[int, int]], rates: tuple[int, int]) -> None:
    from vidgen.cut.timeline import Timeline, TimelineShot, Transition, settle

    source, delivered = rates
    listed = "".join(
        f"  - {{scene: s{index}, duration: {frames}f, transition: {{type: dissolve, duration: {overlap}f}}}}\n"
        for index, (frames, overlap) in enumerate(shots)
    )
    made = plan(f"fps: {source}\npost: {{interpolate: {{fps: {delivered}}}}}\nshots:\n{listed}")
    timeline = Timeline(
        Fraction(delivered),
        64,
        36,
        tuple(
            TimelineShot(shot.id, Path("x.mp4"), "0", shot.frames, Transition("dissolve", shot.overlap))
            for shot in made.shots
        ),
    )  # fmt: skip
    settled, notices = settle(timeline)
    assert notices == [] and settled.frames == made.total_frames
    assert settled.starts == [shot.start_frame for shot in made.shots]


def test_what_this_version_cannot_do_is_said_never_dropped_in_silence() -> None:
    made = plan("shots: [{scene: a, voiceover: It begins., dialogue: [Hello]}]")
    assert [notice.message.split(":")[0] for notice in made.notices] == ["voiceover", "dialogue"]


def test_a_model_that_the_table_does_not_know_is_refused_unless_allowed() -> None:
    board = "shots: [{id: s1, scene: a, engine: kling, model: kling-v33}]"
    with pytest.raises(InputError, match="did you mean kling-v3") as caught:
        plan(board)
    assert caught.value.code == "engine.unknown_model" and "--allow-unknown-model" in caught.value.hint
    made = plan(board, Overrides(allow_unknown_model=True))
    assert made.shots[0].estimated_usd is None
    assert "engine.model_unknown" in [notice.code for notice in made.notices]
