"""Any server that speaks OpenAI's ``/audio/speech`` protocol: the provider, a gateway, or a model on a machine of one's own."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidgen.config import config
from vidgen.engines.cloud.api import Address, Api
from vidgen.engines.cloud.base import by_status
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.keys import key_named
from vidgen.errors import InputError
from vidgen.settings import variable
from vidgen.speech.speaker import Speaker, Utterance

ADDRESS, KEY = "OPENAI_SPEECH_BASE_URL", "OPENAI_SPEECH_API_KEY"
VOICES = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "ballad", "verse")
"""Of the provider; a server of one's own may have others."""
MOST_CHARACTERS = 4096
TRIES = 4


class OpenAI(Speaker):
    """One request a line. ``model``: the storyboard's; None: the configured one."""

    name = "openai"
    paid = True
    acts = True

    def __init__(self, model: str | None = None) -> None:
        self.model = model or config().speech.openai.model

    def missing(self) -> str | None:
        """The server's address; one's own may need no key."""
        return None if _address() else f"set {ADDRESS}"

    def version(self) -> str:
        """The model."""
        return self.model

    def voices(self, language: str) -> tuple[str, ...]:
        """Those that the configuration names."""
        return config().speech.openai.voices

    def at_hand(self, language: str) -> tuple[str, ...]:
        """The same, else the provider's."""
        return self.voices(language) or VOICES

    def price_usd(self, utterance: Utterance) -> float | None:
        """By the configured price for 1,000 characters, in whole millionths."""
        price = config().speech.openai.per_1000_characters
        return None if price is None else math.ceil(round(price * len(utterance.text) * 1000, 3)) / 1_000_000

    def check(self, utterance: Utterance) -> None:
        """All that can be known before anything is sent. Raises InputError and what the network's settings raise."""
        if len(utterance.text) > MOST_CHARACTERS:
            text = f"a line has {len(utterance.text)} characters; the protocol takes {MOST_CHARACTERS}"
            raise InputError("request.bad_value", text, hint="make several lines of it")
        self._api().check()

    def speak(self, utterance: Utterance, out: Path, cancelled: Callable[[], bool]) -> None:
        """Send one request, and write its answer as it came. Raises ProviderError."""
        out.write_bytes(asyncio.run(self._answer(utterance)))

    async def _answer(self, utterance: Utterance) -> bytes:
        api = self._api()
        try:
            for attempt in range(1, TRIES + 1):
                try:
                    return await api.create_file("audio/speech", json=self._body(utterance))
                except ProviderError as error:
                    turned_away = (error.kind == "rate" or error.unsent) and not error.lasting  # surely not bought
                    if not turned_away or attempt == TRIES:
                        raise
                    await api.rest(error, attempt)
            raise AssertionError("unreachable")
        finally:
            await api.close()

    def _body(self, utterance: Utterance) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "input": utterance.text,
            "voice": utterance.voice or VOICES[0],
            "response_format": "wav",
        }
        if utterance.speed != 1:
            body["speed"] = utterance.speed
        return body | ({"instructions": utterance.delivery} if utterance.delivery else {})

    def _api(self) -> Api:
        key = key_named(KEY)
        return Api(
            provider="the speech server",
            address=Address(_address(), ADDRESS if variable(ADDRESS) else "config.yaml: speech.openai.base_url"),
            headers=lambda: {"Authorization": f"Bearer {key}"} if key else {},
            classify=lambda status, body: by_status(status),
            key_name=KEY,
            secrets=(key,) if key else (),
        )


def _address() -> str:
    return variable(ADDRESS) or config().speech.openai.base_url or ""
