"""Questions to a vision model at any server that speaks the OpenAI chat protocol. Each is sent once, its cost is counted."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2

from vidgen.config import VisionConfig, config
from vidgen.engines.cloud.api import Address, Api
from vidgen.engines.cloud.base import by_status
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.keys import key_named
from vidgen.errors import VidgenError
from vidgen.media.frames import Frame
from vidgen.settings import variable

ADDRESS, KEY = "OPENAI_VISION_BASE_URL", "OPENAI_VISION_API_KEY"
"""Environment variables; the key may be in the keyring instead."""
AT_ONCE = 4
TRIES = 3
ANSWER_TOKENS = 16
SYSTEM = (
    "You judge moments of a video, which you see as pictures in order. Answer with one of the given words and nothing else."
)


@dataclass(frozen=True)
class Question:
    """Text and pictures in the order in which they are sent. ``answers``: the words that are an answer."""

    parts: tuple[str | Frame, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Answered:
    """``word``: one of the question's answers; None where there is none, and ``why``. ``cost_usd``: what it has cost."""

    word: str | None
    cost_usd: float
    why: str = ""


def missing() -> str | None:
    """What has to be configured before anything can be asked; None where nothing has."""
    vision = config().score.vision
    if vision is None:
        return "score: vision is not configured"
    return None if _address(vision) else f"set {ADDRESS}, or score: vision: base_url"


def estimate(questions: int, pictures: int) -> float | None:
    """US dollars that so many questions with so many pictures each cost at most; None where no price is configured."""
    vision = config().score.vision
    if vision is None or vision.input_usd is None or vision.output_usd is None:
        return None
    return questions * _usd(vision, pictures * vision.image_tokens + 400, _answer_tokens(vision))


def mark() -> str:
    """Changes where other answers are to be expected."""
    vision = config().score.vision
    return "" if vision is None else f"{_address(vision)} {vision.model} {vision.frames} {sorted(vision.params.items())}"


def ask(questions: Sequence[Question]) -> list[Answered]:
    """Answers to all questions, in their order. A failure is an answer without a word."""
    return asyncio.run(_ask_all(questions))


async def _ask_all(questions: Sequence[Question]) -> list[Answered]:
    vision = config().score.vision
    assert vision is not None  # ``missing`` was asked
    key, turns = key_named(KEY), asyncio.Semaphore(AT_ONCE)
    source = ADDRESS if variable(ADDRESS) else "config.yaml: score.vision.base_url"
    api = Api(
        provider="the vision server",
        address=Address(_address(vision), source),
        headers=lambda: {"Authorization": f"Bearer {key}"} if key else {},
        classify=lambda status, body: by_status(status),
        key_name=KEY,
        secrets=(key,) if key else (),
    )
    try:
        api.check()
        return list(await asyncio.gather(*(_ask(api, vision, question, turns) for question in questions)))
    finally:
        await api.close()


async def _ask(api: Api, vision: VisionConfig, question: Question, turns: asyncio.Semaphore) -> Answered:
    pictures = sum(not isinstance(part, str) for part in question.parts)
    most = estimate(1, pictures) or 0.0
    async with turns:
        for attempt in range(1, TRIES + 1):
            try:
                answer = await api.create("chat/completions", json=_body(vision, question))
                break
            except ProviderError as error:
                if error.kind == "rate" and attempt < TRIES:  # surely not bought
                    await api.rest(error, attempt)
                    continue
                return Answered(None, most if error.kind == "unknown_submit" else 0.0, error.message)
            except VidgenError as error:
                return Answered(None, 0.0, error.message)
    cost = _cost(vision, answer, most)
    text = _text(answer)
    word = re.sub(r"[\s*_`\"'.!。]+", " ", text.casefold()).strip()
    if word in question.answers:
        return Answered(word, cost)
    return Answered(None, cost, f"its answer is none of {', '.join(question.answers)}: {api.clean(text)[:80]!r}")


def _body(vision: VisionConfig, question: Question) -> dict[str, Any]:
    content = [_part(part) for part in question.parts]
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": content}]
    usual = {"model": vision.model, "temperature": 0, "max_tokens": ANSWER_TOKENS, "messages": messages}
    return {name: value for name, value in {**usual, **vision.params}.items() if value is not None}


def _part(part: str | Frame) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    _, content = cv2.imencode(".jpg", part[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    coded = base64.b64encode(content.tobytes()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{coded}"}}


def _text(answer: Mapping[str, Any]) -> str:
    """The model's words; empty where there are none."""
    try:
        content = answer["choices"][0]["message"]["content"]
        return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    except (KeyError, IndexError, TypeError, AttributeError):
        return ""


def _cost(vision: VisionConfig, answer: Mapping[str, Any], most: float) -> float:
    """By the tokens that the server counted; what was expected at most where it counted none."""
    usage = answer.get("usage")
    if not isinstance(usage, Mapping):
        return most
    tokens_in, tokens_out = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if type(tokens_in) is int and type(tokens_out) is int and min(tokens_in, tokens_out) >= 0:
        return _usd(vision, tokens_in, tokens_out)
    return most


def _usd(vision: VisionConfig, tokens_in: int, tokens_out: int) -> float:
    return (tokens_in * (vision.input_usd or 0.0) + tokens_out * (vision.output_usd or 0.0)) / 1_000_000


def _answer_tokens(vision: VisionConfig) -> int:
    given = (vision.params.get(name) for name in ("max_completion_tokens", "max_tokens"))
    return next((count for count in given if type(count) is int), ANSWER_TOKENS)


def _address(vision: VisionConfig) -> str:
    return variable(ADDRESS) or vision.base_url or ""
