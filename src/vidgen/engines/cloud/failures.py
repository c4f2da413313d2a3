"""What can go wrong at a provider, in one vocabulary: the user reads the shot, the provider, its words, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vidgen.errors import MissingError, ProcessingError

Kind = Literal[
    "auth",
    "bad_request",
    "moderation_input",
    "moderation_output",
    "quota",
    "rate",
    "provider_fault",
    "timeout",
    "expired",
    "retired_model",
    "unknown_submit",
]


@dataclass(frozen=True)
class _Row:
    code: str
    says: str
    hint: str
    missing: bool = False


_ROWS: dict[Kind, _Row] = {
    "auth": _Row("provider.auth", "does not accept the key", "check the key in {key} and what it may do", missing=True),
    "bad_request": _Row("provider.bad_request", "refused the request", "change what it names, or choose another model"),
    "moderation_input": _Row("generation.moderated", "refused the prompt or a picture on policy grounds", "reword the shot"),
    "moderation_output": _Row("generation.moderated", "withheld its result on policy grounds", "reword the shot"),
    "quota": _Row("provider.quota", "says that the account has no credit or quota left", "top up the account; nothing is lost"),
    "rate": _Row("provider.rate", "is taking no more requests now", "run the same command again later; nothing is lost"),
    "provider_fault": _Row("provider.fault", "has a fault of its own", "run the same command again later; nothing is lost"),
    "timeout": _Row("provider.timeout", "has not finished in time", "run the same command again: it goes on with that job"),
    "expired": _Row("result.expired", "no longer offers the result", "--regenerate makes it anew, at its price"),
    "retired_model": _Row("engine.retired", "no longer has this model", "choose another: vidgen engines", missing=True),
    "unknown_submit": _Row(
        "submit.unknown",
        "may or may not have accepted the request",
        "vidgen takes says how to find out; it is never sent again by itself",
    ),
}


class ProviderError(ProcessingError):
    """A failure at a provider, of one ``kind``.

    Args:
        words: the provider's own; kept as ``detail``, without the sentence that vidgen puts before them.
        retry_after_s: how long the provider asks to wait; None where it does not say. status: of HTTP; None without an answer.
        unsent: the request surely never left this machine. lasting: another try will not leave it either.
        says: what happened, where the sentence of the kind does not fit.
    """

    def __init__(
        self,
        kind: Kind,
        provider: str,
        message: str,
        *,
        key: str = "",
        retry_after_s: float | None = None,
        status: int | None = None,
        unsent: bool = False,
        lasting: bool = False,
        says: str = "",
    ) -> None:
        row = _ROWS[kind]
        detail = " ".join(message.split())[:400]
        text = f"{provider} {says or row.says}{': ' + detail if detail else ''}"
        super().__init__(row.code, text, hint=row.hint.format(key=key))
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.status = status
        self.unsent = unsent
        self.lasting = lasting or (unsent and kind == "auth")
        if row.missing:
            self.exit_code = MissingError.exit_code


def is_gone(error: ProviderError) -> bool:
    """Whether an answer means that what was requested is no longer there; any other refusal may pass."""
    return error.status in (404, 410)
