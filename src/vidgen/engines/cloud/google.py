"""What Google's video APIs have in common: how they word refusals, and access tokens for its cloud."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import re
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from vidgen.engines.cloud.failures import Kind
from vidgen.errors import MissingError
from vidgen.media.names import expanded
from vidgen.settings import settings

if TYPE_CHECKING:
    import httpx

POLICY = re.compile(
    r"prohibited_content|\bsafety\b|blocklist|\bspii\b|\bblocked\b|content polic|usage (polic|guideline)|violat|responsible ai",
    re.IGNORECASE,
)
"""Words of a refusal on policy grounds."""
GONE = ("no longer available", "has been shut down", "was shut down", "is deprecated and", "has been discontinued")
"""Words of a model that is no more."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LOGIN = "gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS=FILE"
TOKEN_S = 20.0


def policy_kind(message: str) -> Kind | None:
    """The kind of a refusal on policy grounds, by whether it speaks of what was sent; None where it is none."""
    if not POLICY.search(message):
        return None
    return "moderation_input" if re.search(r"\b(prompt|input)\b", message, re.IGNORECASE) else "moderation_output"


def lacking() -> str | None:
    """What is missing for access tokens: the package, or credentials. Asks no network."""
    if importlib.util.find_spec("google") is None or importlib.util.find_spec("google.auth") is None:
        return "install google-auth: pip install 'vidgen[cloud]'"
    named = settings().google_credentials
    if named:
        return None if Path(named).is_file() else f"GOOGLE_APPLICATION_CREDENTIALS: there is no file {named}"
    if _login_file().is_file() or _on_google_cloud():
        return None
    return f"log in to Google Cloud: {LOGIN}"


def _login_file() -> Path:
    """Where ``gcloud auth application-default login`` puts its credentials."""
    name = "application_default_credentials.json"
    if own := settings().gcloud_folder:
        return Path(own) / name
    if os.name == "nt" and (data := settings().windows_data):
        return Path(data) / "gcloud" / name
    return expanded("~") / ".config" / "gcloud" / name


def _on_google_cloud() -> bool:
    """Whether this machine is one of Google's, which gives tokens of its own."""
    told = settings()
    if told.google_metadata or told.google_service or told.google_job:
        return True
    try:
        return Path("/sys/class/dmi/id/product_name").read_text(encoding="utf-8").startswith("Google")
    except OSError:
        return False


def _package() -> tuple[Any, Any]:
    """google-auth and its exceptions."""
    return importlib.import_module("google.auth"), importlib.import_module("google.auth.exceptions")


def denied(error: Exception) -> tuple[Kind, str] | None:
    """Kind and words of a failure to get a token; None for any other error."""
    _, exceptions = _package()
    if not isinstance(error, exceptions.GoogleAuthError):
        return None
    passing = isinstance(error, exceptions.TransportError) or error.retryable
    message = str(error.args[0]) if error.args else type(error).__name__
    return ("provider_fault" if passing else "auth"), message


class Tokens:
    """Access tokens by application default credentials, made anew before they run out. May block: call it in a thread."""

    def __init__(self) -> None:
        self._credentials: Any = None
        self._lock = threading.Lock()

    def current(self) -> tuple[str, str | None]:
        """A token that is good now, and the project that its requests count against where the credentials name one.

        Raises MissingError where there are no credentials, ``google.auth.exceptions.GoogleAuthError`` where they give none.
        """
        auth, exceptions = _package()
        with self._lock:
            if self._credentials is None:
                try:
                    with warnings.catch_warnings():  # it warns of logins without a project, which is known here
                        warnings.simplefilter("ignore")
                        self._credentials, _ = auth.default(scopes=[SCOPE], request=_asked)
                except (exceptions.DefaultCredentialsError, OSError, ValueError) as error:
                    text = f"Google Cloud gives no access: {(str(error) or type(error).__name__).splitlines()[0]}"
                    raise MissingError("engine.not_ready", text, hint=LOGIN) from error
            if not self._credentials.valid:
                self._credentials.refresh(_asked)
            return str(self._credentials.token), getattr(self._credentials, "quota_project_id", None)


def _asked(
    url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: float | None = None, **_: Any
) -> SimpleNamespace:
    """One request of google-auth's, over httpx: its own transport wants another HTTP library. Called outside of any loop."""
    import httpx

    from vidgen.engines.cloud.api import Address

    if not url.startswith(("http://169.254.169.254/", "http://metadata.google.internal/")):
        Address(url, "the credentials' token address")
    try:
        answer = asyncio.run(_answer(url, method, body, headers, timeout or TOKEN_S))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _package()[1].TransportError(f"no answer ({type(error).__name__})") from error
    return SimpleNamespace(status=answer.status_code, headers=answer.headers, data=answer.content)


async def _answer(url: str, method: str, body: Any, headers: Any, timeout: float) -> httpx.Response:
    import httpx

    from vidgen.network.clients import async_client
    from vidgen.network.settings import bare_network, network

    settings = network() if url.startswith("https:") else bare_network()  # the metadata server is asked without any proxy
    async with async_client(settings, timeout=httpx.Timeout(timeout), headers={}) as client:
        return await client.request(method, url, content=body, headers=headers)
