"""What Kling's documentation says of request bodies: fields, legal values, and what excludes what."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

TEXT_MODELS = ("kling-v1", "kling-v1-6", "kling-v2-master", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6", "kling-v3")
IMAGE_MODELS = (*TEXT_MODELS, "kling-v1-5", "kling-v2-1")
WITH_SOUND = ("kling-v2-6", "kling-v3")
WITH_CFG = ("kling-v1", "kling-v1-5", "kling-v1-6")
MODES = ("std", "pro", "4k")
ASPECTS = ("16:9", "9:16", "1:1")
PRESETS = ("down_back", "forward_up", "right_turn_forward", "left_turn_forward")
AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
CAMERA = {("text2video", "kling-v1"): "std", ("image2video", "kling-v1-5"): "pro"}
"""Where camera control exists, and the one mode in which it does; clips of 5 s only."""

Body = Mapping[str, Any]
Check = Callable[[Any], bool]


def picture_size(value: Any) -> tuple[int, int] | None:
    """Width and height of a picture in bare base64 (JPEG or PNG, at most 10 MB); None where it is none."""
    import cv2
    import numpy as np

    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return None
    if len(content) > 10 << 20 or not content.startswith((b"\xff\xd8", b"\x89PNG")):
        return None
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return None if picture is None else (picture.shape[1], picture.shape[0])


def _picture(value: Any) -> bool:
    if isinstance(value, str) and value.startswith("https://"):
        return True
    size = picture_size(value)
    return size is not None and min(size) >= 300 and 1 / 2.5 <= size[0] / size[1] <= 2.5


def _text(most: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= most


def _one_of(*legal: str) -> Check:
    return lambda value: value in legal


def _camera(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if value.get("type") in PRESETS:
        return set(value) == {"type"}
    config = value.get("config")
    if value.get("type") != "simple" or not isinstance(config, dict) or set(config) - set(AXES):
        return False
    return sum(1 for turn in config.values() if turn) == 1 and all(-10 <= turn <= 10 for turn in config.values())


def _strokes(value: Any) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= 6 and all(map(_stroke, value))


def _stroke(value: Any) -> bool:
    size = picture_size(value.get("mask"))
    points = value.get("trajectories")
    if size is None or not isinstance(points, list) or not 2 <= len(points) <= 77:
        return False
    return all(type(p["x"]) is int and type(p["y"]) is int and 0 <= p["x"] < size[0] and 0 <= p["y"] < size[1] for p in points)


def _faces(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 1:
        return False
    face = value[0]
    times = [face.get(f"sound_{name}_time") for name in ("start", "end", "insert")]
    return (
        isinstance(face.get("face_id"), str)
        and ("sound_file" in face) != ("audio_id" in face)
        and not str(face.get("sound_file", "")).startswith("data:")
        and all(type(time) is int and time >= 0 for time in times)
        and times[1] - times[0] >= 2000
    )


def _list(most: int) -> Check:
    return lambda value: isinstance(value, list) and 1 <= len(value) <= most and all(_picture(row["image"]) for row in value)


_COMMON: Mapping[str, Check] = {
    "prompt": _text(2500),
    "negative_prompt": _text(2500),
    "mode": _one_of(*MODES),
    "duration": _one_of(*(str(seconds) for seconds in range(3, 16))),
    "external_task_id": _text(200),
}
_MADE: Mapping[str, Check] = {
    **_COMMON,
    "cfg_scale": lambda value: isinstance(value, int | float) and 0 <= value <= 1,
    "sound": _one_of("on", "off"),
    "camera_control": _camera,
}
FIELDS: Mapping[str, Mapping[str, Check]] = {
    "text2video": {**_MADE, "model_name": _one_of(*TEXT_MODELS), "aspect_ratio": _one_of(*ASPECTS)},
    "image2video": {
        **_MADE,
        "model_name": _one_of(*IMAGE_MODELS),
        "image": _picture,
        "image_tail": _picture,
        "static_mask": lambda value: picture_size(value) is not None,
        "dynamic_masks": _strokes,
    },
    "multi-image2video": {
        **_COMMON,
        "model_name": _one_of("kling-v1-6"),
        "image_list": _list(4),
        "aspect_ratio": _one_of(*ASPECTS),
    },
    "motion-control": {
        "model_name": _one_of("kling-v2-6", "kling-v3"),
        "prompt": _text(2500),
        "image_url": _picture,
        "video_url": lambda value: str(value).startswith("https://"),
        "keep_original_sound": _one_of("yes", "no"),
        "character_orientation": _one_of("image", "video"),
        "mode": _one_of("std", "pro"),
        "external_task_id": _text(200),
    },
    "advanced-lip-sync": {"session_id": _text(200), "face_choose": _faces, "external_task_id": _text(200)},
    "identify-face": {"video_id": _text(200), "video_url": lambda value: str(value).startswith("https://")},
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "text2video": ("prompt",),
    "multi-image2video": ("prompt", "image_list"),
    "motion-control": ("image_url", "video_url", "character_orientation", "mode"),
    "advanced-lip-sync": ("session_id", "face_choose"),
}


def wrong(operation: str, body: Body) -> str | None:
    """What is wrong with a body; None where nothing is."""
    fields = FIELDS[operation]
    if missing := [name for name in NEEDED.get(operation, ()) if name not in body]:
        return f"{missing[0]} is required"
    if unknown := sorted(set(body) - set(fields)):
        return f"{unknown[0]} is not a field of {operation}"
    if bad := [name for name, value in body.items() if not fields[name](value)]:
        return f"{bad[0]} has no legal value"
    if operation in ("text2video", "image2video"):
        return _together(operation, body)
    if operation == "identify-face" and len(body) != 1:
        return "exactly one of video_id and video_url"
    return None


def _together(operation: str, body: Body) -> str | None:
    """What does not go together."""
    model, mode, brush = (
        body.get("model_name", "kling-v1"),
        body.get("mode", "std"),
        {"static_mask", "dynamic_masks"} & set(body),
    )
    if operation == "image2video" and not {"image", "image_tail"} & set(body):
        return "at least one of image and image_tail"
    if sum([bool(brush), "image_tail" in body, "camera_control" in body]) > 1:
        return "image_tail, masks and camera_control exclude each other"
    rules = (
        (model != "kling-v3" and body.get("duration", "5") not in ("5", "10"), "duration is 5 or 10"),
        (mode == "4k" and model != "kling-v3", "4k is not a mode of this model"),
        ("cfg_scale" in body and model not in WITH_CFG, "cfg_scale is not for this model"),
        ("sound" in body and model not in WITH_SOUND, "sound is not for this model"),
        (body.get("sound") == "on" and model == "kling-v2-6" and mode != "pro", "sound needs pro"),
        ("camera_control" in body and CAMERA.get((operation, model)) != mode, "no camera_control for this model and mode"),
        (model == "kling-v1-5" and body.get("camera_control", {}).get("type", "simple") != "simple", "simple camera only"),
        (bool(brush) and (model != "kling-v1" or "image" not in body), "no motion brush for this model"),
        ("image_tail" in body and model not in ("kling-v1", "kling-v3") and mode != "pro", "image_tail needs pro"),
        ("image_tail" in body and "image" not in body and model not in ("kling-v1-5", "kling-v1-6"), "image is required"),
        (body.get("duration", "5") != "5" and bool(brush or "camera_control" in body), "5 s only"),
        (body.get("duration", "5") != "5" and model == "kling-v1" and "image_tail" in body, "5 s only"),
    )
    return next((text for broken, text in rules if broken), None) or _masks(body)


def _masks(body: Body) -> str | None:
    """Masks are of one size, and of the shape of the picture."""
    masks = [stroke["mask"] for stroke in body.get("dynamic_masks", [])] + [
        body[name] for name in ("static_mask",) if name in body
    ]
    sizes = {picture_size(mask) for mask in masks}
    if len(sizes) > 1:
        return "masks differ in size"
    mask, picture = next(iter(sizes), None), picture_size(body.get("image"))
    if mask and picture and abs(mask[0] / mask[1] - picture[0] / picture[1]) > 0.01:
        return "masks have another shape than the picture"
    return None
