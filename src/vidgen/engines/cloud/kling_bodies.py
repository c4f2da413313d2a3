"""One shot as the body of one of Kling's operations."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidgen.catalog.engines import capabilities
from vidgen.engines.cloud.base import Create
from vidgen.engines.cloud.choices import at_least, cut_end, nearest_shape, tier, within
from vidgen.engines.cloud.inputs import Blob, opening, picture
from vidgen.engines.cloud.kling_controls import PICTURE, RULES, STD_PRO, Notices, Rule, brush_fields, camera_control
from vidgen.errors import InputError
from vidgen.media.probe import probe, probe_video
from vidgen.takes.record import manifest_of
from vidgen.takes.request import ShotRequest, TakeRequest

DEFAULT = "kling-v3"
LIP_SYNC = "kling-lip-sync"
MOTION = "-motion-control"
ASPECTS = ("16:9", "9:16", "1:1")
SHORT_S = 5
MAX_REFERENCES = 4
SOUND_TYPES = (".mp3", ".wav", ".m4a", ".aac")
MAX_SOUND_BYTES = 5 << 20
SOUND_S = (2.0, 60.0)
SHORTEST_SPEECH_MS = 2000
MAX_WORDS = 2500
"""Characters of a prompt, and of a negative one."""
MOTION_S: Mapping[str, tuple[float, float]] = {"image": (3.0, 10.0), "video": (3.0, 30.0)}
"""Lengths of the clip that lends its motion, by where the figure faces as in."""

Body = dict[str, Any]


def create(take: TakeRequest, reference: str) -> Create:
    """The request for a take; of lip sync, what is known without the clip's faces. Raises InputError where something of the
    shot does not fit.
    """
    request = take.request
    if is_lip_sync(request):
        clip_to_speak(request)
        return _speech(request, {})
    notices: Notices = []
    if (request.model or "").endswith(MOTION):
        operation, body, seconds = _motion(request, notices)
    else:
        operation, body, seconds = _clip(request, notices)
    body["external_task_id"] = reference
    return Create(f"v1/videos/{operation}", json=body, track=operation, seconds=seconds, notices=tuple(notices))


def check(request: ShotRequest) -> None:
    """Raises InputError where the model lacks what it cannot do without, as far as can be seen without opening a file."""
    inputs, model = request.inputs, request.model or DEFAULT
    opens = bool(inputs.start_frame or inputs.continues)
    if is_lip_sync(request):
        if inputs.lip_sync_audio is None:
            raise _no_sound(request)
    elif model.endswith(MOTION):
        if not opens and not inputs.references:
            raise _no_figure(request)
        _facing(request)
        _address(request, "motion_reference")
    else:
        rule = RULES.get(model, Rule())
        pictures = opens or (inputs.end_frame and rule.tail_alone) or (inputs.references and rule.many)
        if not rule.text and not pictures:
            raise _no_picture(request, model)


def _clip(request: ShotRequest, notices: Notices) -> tuple[str, Body, float]:
    """Text or pictures to video. Camera, closing picture and brush exclude each other: brush first, then the picture."""
    model = request.model or DEFAULT
    rule = RULES.get(model, Rule())
    first = opening(request.inputs, PICTURE, shape=request.width / request.height)
    words = within(request.prompt, MAX_WORDS, "prompt: Kling", notices)
    body: Body = {"model_name": model, "prompt": words, "mode": tier(min(request.width, request.height), rule.modes)}
    if request.negative:
        body["negative_prompt"] = within(request.negative, MAX_WORDS, "negative: Kling", notices)
    if rule.sound:
        body["sound"] = "on" if request.sound else "off"  # it costs more
        body["mode"] = (request.sound and rule.sound_mode) or body["mode"]
    operation = _pictures(request, rule, first, body, notices)
    seconds = _seconds(request, model)
    steered = _steered(request, rule, operation, first, body, notices)
    if rule.short and steered and seconds > SHORT_S:
        notices.append(("engine.wish_approximated", f"duration: with {steered}, {model} makes {SHORT_S} s; the end is held"))
        seconds = SHORT_S
    if "image_tail" in body:
        notices += cut_end(request.duration_s, seconds, "Kling")
    body["duration"] = str(seconds)
    known = ("cfg_scale",) if rule.cfg and operation != "multi-image2video" else ()
    _params(request, known, body, notices, own=("audio",) if rule.sound else ())
    if operation != "image2video":
        body["aspect_ratio"] = nearest_shape(request.width, request.height, ASPECTS)
    return operation, body, seconds


def _pictures(request: ShotRequest, rule: Rule, first: Blob | None, body: Body, notices: Notices) -> str:
    """Puts the shot's pictures into the body, and says which operation they make it."""
    inputs = request.inputs
    if first:
        body["image"] = first.bare
    if inputs.end_frame and (first or rule.tail_alone) and not (rule.brush and inputs.brushes):
        body["image_tail"] = picture(inputs.end_frame, PICTURE, shape=request.width / request.height).bare
        body["mode"] = rule.tail_mode or body["mode"]
    elif inputs.end_frame:
        why = "not together with motion_brush" if inputs.brushes and rule.brush else "only together with start_frame"
        notices.append(("engine.wish_ignored", f"end_frame: {body['model_name']} takes one {why}; left out"))
    if first or "image_tail" in body:
        if inputs.references:
            notices.append(("engine.wish_ignored", "references: Kling takes none beside start_frame or end_frame; left out"))
        return "image2video"
    if inputs.references and rule.many:
        body["image_list"] = [{"image": picture(file, PICTURE).bare} for file in inputs.references[:MAX_REFERENCES]]
        if len(inputs.references) > MAX_REFERENCES:
            notices.append(("engine.wish_ignored", f"references: Kling takes {MAX_REFERENCES}; the others are left out"))
        return "multi-image2video"
    if not rule.text:
        raise _no_picture(request, body["model_name"])
    return "text2video"


def _steered(request: ShotRequest, rule: Rule, operation: str, first: Blob | None, body: Body, notices: Notices) -> str:
    """Adds the motion brush or the camera; names the control that is in the body, empty where there is none."""
    if rule.brush and request.inputs.brushes:
        if first:
            fields, told = brush_fields(request.inputs.brushes, first)
            body |= fields
            notices += told
            _camera_in_words(request, rule, "beside a motion brush", notices)
            return "a motion brush"
        notices.append(("engine.wish_ignored", "motion_brush: it works on a picture, so it needs start_frame; left out"))
    if "image_tail" in body:
        _camera_in_words(request, rule, "beside end_frame", notices)
        return "a closing picture"
    if not rule.camera:
        return ""
    if rule.camera != operation:
        _camera_in_words(request, rule, "with an opening picture" if first else "without an opening picture", notices)
        return ""
    if rule.short and request.duration_s > SHORT_S + 0.05:
        _camera_in_words(request, rule, f"beyond {SHORT_S} s", notices)
        return ""
    control, told = camera_control(request.camera, presets=rule.presets)
    if control is None:
        return ""
    body |= {"camera_control": control, "mode": rule.camera_mode}
    notices += told
    return "camera control"


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
    seconds = 0.0
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
        "prompt": within(request.prompt, MAX_WORDS, "prompt: Kling", notices),
        "image_url": figure.bare,
        "video_url": _address(request, "motion_reference"),
        "keep_original_sound": "no",
        "character_orientation": facing,
        "mode": tier(min(request.width, request.height), STD_PRO),
    }
    _params(request, (), body, notices, own=("video_url", "character_orientation"))
    return "motion-control", body, seconds


def _facing(request: ShotRequest) -> str:
    """Where the figure faces as in: the picture or the clip."""
    facing = str(request.params.get("character_orientation", "video"))
    if facing not in MOTION_S:
        raise _lacking(request, "params.character_orientation", f"there is no {facing!r}", f"one of: {', '.join(MOTION_S)}")
    return facing


def is_lip_sync(request: ShotRequest) -> bool:
    """Whether the shot is a clip that is to speak."""
    return request.model == LIP_SYNC


def clip_to_speak(request: ShotRequest) -> Body:
    """Which clip: the one at Kling that the continued take is, or the one that ``params`` names by id or address."""
    _sound(request)
    if given := request.params.get("video_id"):
        return {"video_id": str(given)}
    if "video_url" in request.params:
        return {"video_url": _address(request, "lip_sync")}
    continued = request.inputs.continues
    known = manifest_of(continued) if continued else {}
    if known.get("engine") == "kling" and known.get("video_id"):
        return {"video_id": str(known["video_id"])}
    raise _lacking(
        request,
        "lip_sync",
        "Kling makes a clip speak that exists already, and this one it does not know",
        "continue_from a shot that Kling made, or params: {video_url: https://...}",
    )


def lip_sync(take: TakeRequest, reference: str, found: Mapping[str, Any]) -> Create:
    """The request that makes a face of the clip speak; ``found`` is what Kling saw in it."""
    request = take.request
    faces = [face for face in found.get("face_data") or () if isinstance(face, dict)]
    number = request.params.get("face", 1)
    if not faces or not isinstance(number, int) or not 1 <= number <= len(faces):
        text = f"Kling sees {len(faces)} faces in the clip" + (f", not number {number}" if faces else "")
        raise _lacking(request, "lip_sync", text, "use a clip with a face from the front; params: {face: 1} chooses one")
    face = faces[number - 1]
    file, seconds = _sound(request)
    notices: Notices = []
    starts, length = _spoken(request, face, int(seconds * 1000), notices)
    chosen = {
        "face_id": str(face.get("face_id")),
        "sound_file": base64.b64encode(file.read_bytes()).decode("ascii"),
        "sound_start_time": 0,
        "sound_end_time": length,
        "sound_insert_time": starts,
    }
    body: Body = {"session_id": str(found.get("session_id")), "face_choose": [chosen], "external_task_id": reference}
    made = _speech(request, body)
    return replace(made, notices=(*notices, *made.notices))


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


def _speech(request: ShotRequest, body: Body) -> Create:
    notices: Notices = []
    _params(request, (), body, notices, own=("video_id", "video_url", "face"))
    operation = "advanced-lip-sync"
    return Create(f"v1/videos/{operation}", json=body, track=operation, notices=tuple(notices))


def _sound(request: ShotRequest) -> tuple[Path, float]:
    """The sound file of lip sync and its length in seconds. Raises InputError where Kling does not take it."""
    file = request.inputs.lip_sync_audio
    if file is None:
        raise _no_sound(request)
    if file.suffix.lower() not in SOUND_TYPES:
        raise _lacking(request, "lip_sync.audio", f"{file.name} is of a type that Kling does not take", ", ".join(SOUND_TYPES))
    seconds = probe(file).audio_duration_s
    least, most = SOUND_S
    if not least <= seconds <= most:
        raise _lacking(request, "lip_sync.audio", f"{file.name} has {seconds:.1f} s", f"{least:g} to {most:g} s")
    if file.stat().st_size > MAX_SOUND_BYTES:
        raise _lacking(request, "lip_sync.audio", f"{file.name} is larger than 5 MB", "give it as mp3")
    return file, seconds


def _seconds(request: ShotRequest, model: str) -> int:
    able = capabilities("kling", model)
    assert able is not None
    return int(at_least(request.duration_s, able.durations_s or (5, 10)))


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
    return _lacking(request, "lip_sync", "there is no sound to speak", "lip_sync: {audio: FILE}")


def _no_figure(request: ShotRequest) -> InputError:
    return _lacking(request, "motion_reference", "there is no figure to move", "give start_frame, or a reference picture")


def _no_picture(request: ShotRequest, model: str) -> InputError:
    return _lacking(request, "model", f"{model} makes nothing from text alone", "give start_frame, or choose another model")


def _lacking(request: ShotRequest, key: str, text: str, hint: str) -> InputError:
    return InputError("engine.cannot", f"{key}: {text}", hint=hint, where=request.shot)
