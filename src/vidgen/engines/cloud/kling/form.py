"""Kling: which operation makes a clip of words or pictures, in which form. Known from the request alone, no file is opened."""

from __future__ import annotations

from dataclasses import dataclass

from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.cloud.choices import at_least, capabilities_of, nearest_shape, picture_shape, tier
from vidgen.engines.cloud.kling.controls import RULES, Rule, camera_control
from vidgen.takes.request import ShotRequest

SHORT_S = 5


@dataclass(frozen=True)
class Form:
    """What a body says of the clip.

    Args:
        mode: Kling's name for size and quality. seconds: the clip's length.
        shape: ``aspect_ratio``; with image2video, which has no such field, the shape of the pictures that are sent.
        tail: whether there is a closing picture.
        control: ``a motion brush``, ``a closing picture``, ``camera control``, or empty.
    """

    operation: str
    mode: str
    seconds: int
    shape: str
    tail: bool
    control: str


def rule_of(capabilities: Capabilities) -> Rule:
    """What the model's operations and modes are."""
    return RULES.get(capabilities.model or "", Rule())


def form_of(request: ShotRequest) -> Form:
    """The form of a clip of words or pictures. Camera, closing picture and brush exclude each other: brush first, then the
    picture.
    """
    inputs, capabilities = request.inputs, capabilities_of(request)
    rule = rule_of(capabilities)
    opens = bool(inputs.start_frame or inputs.continues)
    tail = bool(inputs.end_frame) and (opens or capabilities.last_frame_alone) and not (capabilities.brushes and inputs.brushes)
    several = bool(inputs.references and capabilities.references)
    operation = "image2video" if opens or tail else "multi-image2video" if several else "text2video"
    control = _control(request, capabilities, operation, tail)
    seconds = int(at_least(request.duration_s, capabilities.durations_s or (5, 10)))
    by_picture, size = operation == "image2video", (request.width, request.height)
    return Form(
        operation,
        _mode(request, rule, tail, control),
        min(seconds, SHORT_S) if rule.short and control else seconds,
        picture_shape(*size) if by_picture else nearest_shape(*size, capabilities.aspects),
        tail,
        control,
    )


def _control(request: ShotRequest, capabilities: Capabilities, operation: str, tail: bool) -> str:
    inputs, rule = request.inputs, rule_of(capabilities)
    if capabilities.brushes and inputs.brushes and (inputs.start_frame or inputs.continues):
        return "a motion brush"
    if tail:
        return "a closing picture"
    too_long = rule.short and request.duration_s > SHORT_S + 0.05
    if rule.camera != operation or too_long:
        return ""
    return "camera control" if camera_control(request.camera, presets=rule.presets)[0] else ""


def _mode(request: ShotRequest, rule: Rule, tail: bool, control: str) -> str:
    """By the requested size, unless sound, a closing picture or the camera has only one."""
    mode = tier(min(request.width, request.height), rule.modes)
    mode = (request.sound and rule.sound_mode) or mode
    mode = (tail and rule.tail_mode) or mode
    return (control == "camera control" and rule.camera_mode) or mode
