"""One shot as the body of one of Kling's operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vidgen.engines.cloud.base import Create
from vidgen.engines.cloud.choices import capabilities_of, cut_end, shape_of, tier, within
from vidgen.engines.cloud.inputs import Blob, opening, picture
from vidgen.engines.cloud.kling.controls import PICTURE, STD_PRO, Notices, Rule, brush_fields, camera_control
from vidgen.engines.cloud.kling.form import SHORT_S, Form, form_of, rule_of
from vidgen.engines.cloud.spoken import BYTES_PER_SECOND, spoken
from vidgen.errors import InputError
from vidgen.media.probe import probe, probe_video
from vidgen.takes.record import manifest_of
from vidgen.takes.request import ShotRequest, TakeRequest

LIP_SYNC = "kling-lip-sync"
MOTION = "-motion-control"
JOB = "job"
SOUND_TYPES = (".mp3", ".wav", ".m4a", ".aac")
MAX_SOUND_BYTES = 5 << 20
SOUND_S = (2.0, 60.0)
SHORTEST_SPEECH_MS = 2000
MOTION_S: Mapping[str, tuple[float, float]] = {"image": (3.0, 10.0), "video": (3.0, 30.0)}
"""Lengths of the clip that lends its motion, by where the figure faces as in."""

Body = dict[str, Any]


def create(take: TakeRequest) -> Create:
    """The request for a take; of lip sync, what is known without the clip's faces. Raises InputError where something of the
    shot does not fit.
    """
    request = take.request
    if is_lip_sync(request):
        clip_to_speak(request)
        return _speech(request)
    notices: Notices = []
    if is_motion(request):
        operation, body, seconds = _motion(request, notices)
    else:
        operation, body, seconds = _clip(request, notices)
    return _create(operation, body, seconds, notices)


def _create(operation: str, body: Body, seconds: float, notices: Notices) -> Create:
    return Create(
        f"v1/videos/{operation}",
        json=body,
        track=operation,
        seconds=seconds,
        notices=tuple(notices),
        reference_field="external_task_id",
    )


def check(request: ShotRequest) -> None:
    """Raises InputError where the model lacks what it cannot do without, as far as can be seen without opening a file."""
    inputs, capabilities = request.inputs, capabilities_of(request)
    opens = bool(inputs.start_frame or inputs.continues)
    if is_lip_sync(request):
        if not inputs.has_voice:
            raise _no_sound(request)
        _check_sound_file(request)
        _check_clip(request)
    elif is_motion(request):
        if not opens and not inputs.references:
            raise _no_figure(request)
        _facing(request)
        _address(request, "motion_reference")
    else:
        pictures = (
            opens or (inputs.end_frame and capabilities.last_frame_alone) or (inputs.references and capabilities.references)
        )
        if not capabilities.from_text and not pictures:
            raise _no_picture(request)


def seconds_of(request: ShotRequest) -> float:
    """Length of the clip that is bought; the most where Kling fetches the clip that decides it."""
    if is_lip_sync(request):
        return SOUND_S[1]
    if is_motion(request):
        return MOTION_S[_facing(request)][1]
    return float(form_of(request).seconds)


def size_of(request: ShotRequest) -> str:
    """What a body says of size and shape."""
    if is_lip_sync(request):
        return ""
    if is_motion(request):
        return _motion_mode(request)
    form = form_of(request)
    return f"{form.mode} {form.shape}"


def _clip(request: ShotRequest, notices: Notices) -> tuple[str, Body, float]:
    """Text or pictures to video."""
    capabilities, form = capabilities_of(request), form_of(request)
    rule, sounds = rule_of(capabilities), capabilities.audio is True
    first = opening(request.inputs, PICTURE, shape=shape_of(form.shape))
    prompt = within(request.prompt, capabilities.prompt_chars, "prompt: Kling", notices)
    body: Body = {"model_name": capabilities.model, "prompt": prompt, "mode": form.mode, "duration": str(form.seconds)}
    if request.negative:
        body["negative_prompt"] = within(request.negative, capabilities.prompt_chars, "negative: Kling", notices)
    if sounds:
        body["sound"] = "on" if request.sound else "off"  # it costs more
    _pictures(request, form, first, body, notices)
    _steered(request, form, first, body, notices)
    if rule.short and form.control and request.duration_s > form.seconds + 0.05:
        text = f"duration: with {form.control}, {capabilities.model} makes {SHORT_S} s; the end is held"
        notices.append(("engine.wish_approximated", text))
    if form.tail:
        notices += cut_end(request.duration_s, form.seconds, "Kling")
    known = ("cfg_scale",) if rule.cfg and form.operation != "multi-image2video" else ()
    _params(request, known, body, notices, own=("audio",) if sounds else ())
    if form.operation != "image2video":
        body["aspect_ratio"] = form.shape
    return form.operation, body, form.seconds


def _pictures(request: ShotRequest, form: Form, first: Blob | None, body: Body, notices: Notices) -> None:
    """Puts the shot's pictures into the body. Raises InputError where the model needs one and there is none."""
    inputs, capabilities = request.inputs, capabilities_of(request)
    if first:
        body["image"] = first
    if form.tail:
        assert inputs.end_frame
        body["image_tail"] = picture(inputs.end_frame, PICTURE, shape=shape_of(form.shape))
    elif inputs.end_frame and inputs.brushes and capabilities.brushes:
        text = f"end_frame: {capabilities.model} takes one not together with motion_brush; left out"
        notices.append(("engine.wish_ignored", text))
    if form.operation == "multi-image2video":
        body["image_list"] = [{"image": picture(file, PICTURE)} for file in inputs.references[: capabilities.references]]
        if len(inputs.references) > capabilities.references:
            notices.append(
                ("engine.wish_ignored", f"references: Kling takes {capabilities.references}; the others are left out")
            )
    elif form.operation == "image2video" and inputs.references:
        notices.append(("engine.wish_ignored", "references: Kling takes none beside start_frame or end_frame; left out"))
    elif form.operation == "text2video" and not capabilities.from_text:
        raise _no_picture(request)


def _steered(request: ShotRequest, form: Form, first: Blob | None, body: Body, notices: Notices) -> None:
    """Adds the motion brush or the camera; says what of them is only in words."""
    capabilities = capabilities_of(request)
    rule = rule_of(capabilities)
    if form.control == "camera control":
        body["camera_control"], remarks = camera_control(request.camera, presets=rule.presets)
        notices += remarks
        return
    if form.control == "a motion brush":
        assert first
        fields, remarks = brush_fields(request.inputs.brushes, first)
        body |= fields
        notices += remarks
        _camera_in_words(request, rule, "beside a motion brush", notices)
        return
    if capabilities.brushes and request.inputs.brushes:
        notices.append(("engine.wish_ignored", "motion_brush: it works on a picture, so it needs start_frame; left out"))
    if form.tail:
        _camera_in_words(request, rule, "beside end_frame", notices)
    elif rule.camera and rule.camera != form.operation:
        _camera_in_words(request, rule, "with an opening picture" if first else "without an opening picture", notices)
    elif rule.short and request.duration_s > SHORT_S + 0.05:
        _camera_in_words(request, rule, f"beyond {SHORT_S} s", notices)


def _camera_in_words(request: ShotRequest, rule: Rule, where: str, notices: Notices) -> None:
    """Says that a move which this model could control is only in the prompt here."""
    if rule.camera and camera_control(request.camera, presets=rule.presets)[0]:
        text = f"camera: Kling has no camera control {where}; {request.camera.move} is said in the prompt"
        notices.append(("engine.wish_approximated", text))


def _motion(request: ShotRequest, notices: Notices) -> tuple[str, Body, float]:
    """The motion of a clip on the figure of a picture. The clip's own length is made."""
    inputs = request.inputs
    figure = opening(inputs, PICTURE) or (picture(inputs.references[0], PICTURE) if inputs.references else None)
    if figure is None:
        raise _no_figure(request)
    facing = _facing(request)
    if inputs.motion_reference:
        seconds = probe_video(inputs.motion_reference).duration_s
        least, most = MOTION_S[facing]
        if not least - 0.05 <= seconds <= most + 0.05:
            text = (
                f"the clip has {seconds:.1f} s; Kling takes {least:g} to {most:g} s where the figure faces as in the {facing}"
            )
            raise _lacking(request, "motion_reference", text, "cut it to that length")
    body: Body = {
        "model_name": (request.model or "").removesuffix(MOTION),
        "prompt": within(request.prompt, capabilities_of(request).prompt_chars, "prompt: Kling", notices),
        "image_url": figure,
        "video_url": _address(request, "motion_reference"),
        "keep_original_sound": "no",
        "character_orientation": facing,
        "mode": _motion_mode(request),
    }
    _params(request, (), body, notices, own=("video_url", "character_orientation"))
    return "motion-control", body, seconds_of(request)


def _motion_mode(request: ShotRequest) -> str:
    return tier(min(request.width, request.height), STD_PRO)


def _facing(request: ShotRequest) -> str:
    """Where the figure faces as in: the picture or the clip."""
    facing = str(request.params.get("character_orientation", "video"))
    if facing not in MOTION_S:
        raise _lacking(request, "params.character_orientation", f"there is no {facing!r}", f"one of: {', '.join(MOTION_S)}")
    return facing


def is_motion(request: ShotRequest) -> bool:
    """Whether the motion of a clip is put on a figure."""
    return (request.model or "").endswith(MOTION)


def is_lip_sync(request: ShotRequest) -> bool:
    """Whether the shot is a clip that is to speak."""
    return request.model == LIP_SYNC


def clip_to_speak(request: ShotRequest) -> Body:
    """Which clip: the one at Kling that the continued take is (by its id, or by the job that made it, under ``JOB``), or the
    one that ``params`` names by id or address. All of it speaks: Kling cannot be told that the film leaves a clip early.
    """
    _sound(request)
    if given := request.params.get("video_id"):
        return {"video_id": str(given)}
    if "video_url" in request.params:
        return {"video_url": _address(request, "lip_sync")}
    continued = request.inputs.continues
    known = manifest_of(continued) if continued else {}
    if known.get("engine") == "kling":
        if known.get("video_id"):
            return {"video_id": str(known["video_id"])}
        if known.get("job"):  # the record was made anew from the journal, which has no more
            return {JOB: str(known["job"])}
    raise _no_clip(request)


def _check_clip(request: ShotRequest) -> None:
    """Raises InputError where there will be no clip to speak, whatever becomes of the shot that is continued."""
    if request.params.get("video_id"):
        return
    if "video_url" in request.params:
        _address(request, "lip_sync")
    elif request.inputs.continues is None or request.inputs.continues_engine not in (None, "kling"):
        raise _no_clip(request)


def with_face(create: Create, request: ShotRequest, found: Mapping[str, Any]) -> Create:
    """The composed request with the face that speaks; ``found`` is what Kling saw in the clip. Raises InputError where it is
    not there for long enough.
    """
    faces = [face for face in found.get("face_data") or () if isinstance(face, dict)]
    number = request.params.get("face", 1)
    if not faces or not isinstance(number, int) or not 1 <= number <= len(faces):
        text = f"Kling sees {len(faces)} faces in the clip" + (f", not number {number}" if faces else "")
        raise _lacking(request, "lip_sync", text, "use a clip with a face from the front; params: {face: 1} chooses one")
    face = faces[number - 1]
    notices: Notices = []
    assert create.json is not None
    (speech,) = create.json["face_choose"]
    starts, length = _spoken(request, face, speech["sound_end_time"], notices)
    placed = {"face_id": str(face.get("face_id")), "sound_end_time": length, "sound_insert_time": starts}
    body: Body = {"session_id": str(found.get("session_id")), "face_choose": [{**speech, **placed}]}
    return replace(create, json=body, notices=(*notices, *create.notices))


def _spoken(request: ShotRequest, face: Mapping[str, Any], length: int, notices: Notices) -> tuple[int, int]:
    """Where in the clip the sound begins and how much of it is used, in ms: Kling wants it over the face for 2 s at least.

    Raises InputError where the face is not there for so long.
    """
    starts, ends = int(face.get("start_time") or 0), int(face.get("end_time") or 0)
    if ends <= starts:  # Kling does not say when it is there
        return 0, length
    seen = f"the face can be seen for {(ends - starts) / 1000:.1f} s"
    if ends - starts < SHORTEST_SPEECH_MS:
        raise _lacking(request, "lip_sync", f"{seen}; Kling wants 2 s", "use a clip with a face from the front")
    if length > ends - starts:
        notices.append(("engine.wish_approximated", f"lip_sync: {seen}; the rest of the sound moves no mouth"))
        return starts, ends - starts
    if min(length, ends) - starts >= SHORTEST_SPEECH_MS:
        return 0, length
    text = f"lip_sync: the sound begins after {starts / 1000:.1f} s, where the face can be seen"
    notices.append(("engine.wish_approximated", text))
    return starts, length


def _speech(request: ShotRequest) -> Create:
    """The sound that is spoken; which face speaks, and when, is known once Kling has looked at the clip."""
    sound, seconds = _sound(request)
    speech = {"sound_file": sound, "sound_start_time": 0, "sound_end_time": int(seconds * 1000)}
    body: Body = {"face_choose": [speech]}
    notices: Notices = []
    _params(request, (), body, notices, own=("video_id", "video_url", "face"))
    return _create("advanced-lip-sync", body, seconds_of(request), notices)


def _sound(request: ShotRequest) -> tuple[Blob, float]:
    """The sound of lip sync and its length in seconds. Raises InputError where Kling does not take it."""
    file = request.inputs.lip_sync_audio
    if file is None:
        seconds = min(max(request.duration_s, SOUND_S[0]), MAX_SOUND_BYTES // BYTES_PER_SECOND)
        lines = spoken(request, seconds)
        if lines is None:
            raise _no_sound(request)
        return lines, seconds
    seconds = _check_sound_file(request)
    return Blob(file.read_bytes(), "audio/mpeg", file.name), seconds


def _check_sound_file(request: ShotRequest) -> float:
    """The length in seconds of the sound that is given as a file, 0.0 without one. Raises InputError where Kling does not take
    it.
    """
    least, most = SOUND_S
    file = request.inputs.lip_sync_audio
    if file is None:
        return 0.0
    if file.suffix.lower() not in SOUND_TYPES:
        raise _lacking(request, "lip_sync.audio", f"{file.name} is of a type that Kling does not take", ", ".join(SOUND_TYPES))
    seconds = probe(file).audio_duration_s
    if not least <= seconds <= most:
        raise _lacking(request, "lip_sync.audio", f"{file.name} has {seconds:.1f} s", f"{least:g} to {most:g} s")
    if file.stat().st_size > MAX_SOUND_BYTES:
        raise _lacking(request, "lip_sync.audio", f"{file.name} is larger than 5 MB", "give it as mp3")
    return seconds


def _params(request: ShotRequest, known: tuple[str, ...], body: Body, notices: Notices, own: tuple[str, ...] = ()) -> None:
    """Adds what ``params`` may say; tells of the rest. ``own``: what has been used elsewhere."""
    body |= {name: request.params[name] for name in known if name in request.params}
    if unknown := sorted(set(request.params) - {*known, *own}):
        notices.append(("engine.wish_ignored", f"params: Kling does not take {', '.join(unknown)} here; left out"))


def _address(request: ShotRequest, key: str) -> str:
    """The public address of a clip. Kling fetches clips itself and takes no files. Raises InputError where there is none."""
    url = str(request.params.get("video_url") or "")
    if not url.startswith("https://"):
        text = "Kling fetches the clip itself, by an address, and takes no file"
        raise _lacking(
            request, key, text, "put the clip on a public https address and give it: params: {video_url: https://...}"
        )
    return url


def _no_sound(request: ShotRequest) -> InputError:
    return _lacking(
        request,
        "lip_sync",
        "there is no sound to speak",
        "lip_sync: dialogue with a line that can be spoken, or lip_sync: {audio: FILE}",
    )


def _no_clip(request: ShotRequest) -> InputError:
    return _lacking(
        request,
        "lip_sync",
        "Kling makes a clip speak that exists already, and this one it does not know",
        "continue_from a shot that Kling made, or params: {video_url: https://...}",
    )


def _no_figure(request: ShotRequest) -> InputError:
    return _lacking(request, "motion_reference", "there is no figure to move", "give start_frame, or a reference picture")


def _no_picture(request: ShotRequest) -> InputError:
    text = f"{capabilities_of(request).model} makes nothing from text alone"
    return _lacking(request, "model", text, "give start_frame, or choose another model")


def _lacking(request: ShotRequest, key: str, text: str, hint: str) -> InputError:
    return InputError("engine.cannot", f"{key}: {text}", hint=hint, where=request.shot)
