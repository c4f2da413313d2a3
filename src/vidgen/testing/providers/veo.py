"""Plays Veo on Vertex AI, and the address that gives access tokens: long-running predictions whose answer holds the clip."""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from vidgen.testing.providers.server import Answer, Asked, FakeJob, FakeProvider

MODELS = ("veo-3.1-generate-001", "veo-3.1-fast-generate-001", "veo-3.1-lite-generate-001")
ACCOUNT = "tester@test-project.iam.gserviceaccount.com"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PROJECT, LOCATION = "test-project", "us-central1"
RESOLUTIONS = {"720p": 720, "1080p": 1080, "4k": 2160}
INSTANCE = ("prompt", "image", "lastFrame", "referenceImages")
LEGAL: dict[str, tuple[Any, ...]] = {
    "sampleCount": (1, 2, 3, 4),
    "durationSeconds": (4, 6, 8),
    "aspectRatio": ("16:9", "9:16"),
    "resolution": tuple(RESOLUTIONS),
    "generateAudio": (True, False),
    "enhancePrompt": (True, False),
    "personGeneration": ("allow_adult", "dont_allow", "allow_all"),
    "compressionQuality": ("optimized", "lossless"),
    "resizeMode": ("pad", "crop"),
}
_PATH = re.compile(r"/v1(?:beta1)?/(projects/([^/]+)/locations/([^/]+)/publishers/google/models/([^/:]+)):(\w+)")


class FakeVeo(FakeProvider):
    """``projects/.../models/MODEL:predictLongRunning`` and ``:fetchPredictOperation``; ``/token`` exchanges credentials.

    Wants the extra ``cloud``, as the engine does. ``key`` is the access token;
    ``account`` is whose assertions ``/token`` takes, ``lasts_s`` how long its tokens last.
    """

    name = prefix = "veo"
    key_env, address_env = "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_VERTEX_BASE_URL"
    key = "ya29.test-token-0123456789abcdef"
    account = ACCOUNT
    lasts_s = 3600

    def environment(self) -> dict[str, str]:
        """Credentials of a service account, in a file as Google Cloud gives it out, whose tokens come from here."""
        file = self.server.folder / "service_account.json"
        credentials = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "test",
            "private_key": _private_key(),
            "client_email": ACCOUNT,
            "token_uri": f"{self.server.url}/{self.prefix}/token",
        }
        file.write_text(json.dumps(credentials), encoding="utf-8")
        places = {"GOOGLE_CLOUD_PROJECT": PROJECT, "GOOGLE_CLOUD_LOCATION": LOCATION}
        return {**super().environment(), self.key_env: str(file), **places}

    def answer(self, asked: Asked) -> Answer | None:
        """Tokens, predictions, operations."""
        if asked.path == "/token":
            return self._token(asked)
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        found = _PATH.fullmatch(asked.path)
        if found is None or asked.method != "POST" or (found[2], found[3]) != (PROJECT, LOCATION):
            return _error(404, "NOT_FOUND", f"The requested URL {asked.path} was not found on this server.")
        if found[5] == "fetchPredictOperation":
            return self._operation(str(asked.json.get("operationName") or ""), found[1])
        if found[5] != "predictLongRunning":
            return _error(404, "NOT_FOUND", f"Method {found[5]} not found.")
        if found[4] not in MODELS:
            text = f"Publisher Model `{found[1]}` was not found or your project does not have access to it."
            return _error(404, "NOT_FOUND", text)
        return self._created(asked, found[1])

    def _token(self, asked: Asked) -> Answer:
        """A token for an assertion that the account signed."""
        form = asked.form()
        claims = _signed_claims(str(form.get("assertion") or ""))
        if form.get("grant_type") != JWT_GRANT or claims.get("iss") != self.account:
            return Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        return Answer(json={"access_token": self.key, "expires_in": self.lasts_s, "token_type": "Bearer"})

    def _created(self, asked: Asked, model: str) -> Answer | None:
        body = asked.json
        for complaint in complaints(body, model.rpartition("/")[2]):
            return _error(400, "INVALID_ARGUMENT", complaint)

        def buy() -> FakeJob:
            form = body.get("parameters") or {}
            height = RESOLUTIONS[form.get("resolution", "720p")]
            width = round(height * 16 / 9)
            size = (height, width) if form.get("aspectRatio") == "9:16" else (width, height)
            seconds = float(form.get("durationSeconds", 8))
            return self.bought(asked, body, seconds=seconds, width=size[0], height=size[1], seed=int(form.get("seed", 0)))

        made = self.server.created_by(self, asked, buy, _MOODY)
        return Answer(json={"name": f"{model}/operations/{made.id}"}) if isinstance(made, FakeJob) else made

    def _operation(self, name: str, model: str) -> Answer:
        job = self.server.job(name.removeprefix(f"{model}/operations/"))
        if job is None or not name.startswith(model):
            return _error(404, "NOT_FOUND", f"Operation {name} not found.")
        state = self.server.progress(job)
        if state in ("queued", "running"):
            return Answer(json={"name": name})
        if job.failure == "expired":
            return _error(404, "NOT_FOUND", f"Operation {name} not found.")
        done: dict[str, Any] = {"name": name, "done": True}
        if state in ("failed", "cancelled"):
            return Answer(json={**done, "error": {"code": 13, "message": "Video generation failed due to an internal error."}})
        response: dict[str, Any] = {"@type": "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"}
        if state == "moderated":
            reasons = ["Veo could not generate the video: it might violate Google's usage guidelines. Support codes: 58061214"]
            return Answer(
                json={**done, "response": {**response, "raiMediaFilteredCount": 1, "raiMediaFilteredReasons": reasons}}
            )
        return Answer(json={**done, "response": {**response, "videos": [self.clip(job)]}})

    def sounds(self, asked: Asked, body: Any) -> bool:
        """Where it is asked for."""
        return bool(body.get("parameters", {}).get("generateAudio"))

    def clip(self, job: FakeJob) -> dict[str, str]:
        """The finished clip as the answer holds it."""
        content = b"<html>sorry</html>" if job.failure == "not_a_video" else self.server.clip(job)
        return {"bytesBase64Encoded": base64.b64encode(content).decode(), "mimeType": "video/mp4"}


@functools.cache
def _private_key() -> str:
    """A key of this process's own, as PEM."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _signed_claims(assertion: str) -> dict[str, Any]:
    """What a JWT says; empty where it is not signed with our key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    def bytes_of(part: str) -> bytes:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    said, _, signature = assertion.rpartition(".")
    public: Any = load_pem_private_key(_private_key().encode(), None).public_key()
    try:
        public.verify(bytes_of(signature), said.encode(), PKCS1v15(), SHA256())
        claims: dict[str, Any] = json.loads(bytes_of(said.partition(".")[2]))
    except (InvalidSignature, ValueError):
        return {}
    return claims


def complaints(body: Any, model: str) -> Iterator[str]:
    """What Vertex AI would find wrong with a body."""
    instances = body.get("instances") if isinstance(body, dict) else None
    if not isinstance(instances, list) or len(instances) != 1 or not instances[0].get("prompt"):
        yield "Exactly one instance with a prompt is required."
        return
    instance, form = instances[0], body.get("parameters") or {}
    yield from (f"Unknown field {name}." for name in body if name not in ("instances", "parameters"))
    yield from (f"Unknown field {name}." for name in instance if name not in INSTANCE)
    yield from (f"Unknown field {name}." for name in form if name not in (*LEGAL, "seed", "negativePrompt"))
    for name, legal in LEGAL.items():
        if name in form and (form[name] not in legal or type(form[name]) is not type(legal[0])):
            yield f"Unsupported output {name}: {form[name]}. Supported: {legal}."
    if not 0 <= form.get("seed", 0) < 2**32:
        yield "The seed must be an unsigned 32-bit integer."
    if model.startswith("veo-3.1-lite") and form.get("resolution") == "4k":
        yield "Unsupported output resolution: 4k."
    yield from _wrong_pictures(instance, form)


def _wrong_pictures(instance: dict[str, Any], form: dict[str, Any]) -> Iterator[str]:
    references = instance.get("referenceImages") or []
    pictures = [instance.get("image"), instance.get("lastFrame"), *(one.get("image") for one in references)]
    for picture in filter(None, pictures):
        if not picture.get("bytesBase64Encoded") or picture.get("mimeType") not in ("image/jpeg", "image/png", "image/webp"):
            yield "Image must have bytesBase64Encoded and a supported mimeType."
    if instance.get("lastFrame") and not instance.get("image"):
        yield "lastFrame requires image."
    if references and (instance.get("image") or instance.get("lastFrame")):
        yield "referenceImages cannot be combined with image or lastFrame."
    if len(references) > 3 or any(str(one.get("referenceType")).lower() not in ("asset", "style") for one in references):
        yield "Up to 3 reference images of type ASSET are supported."
    if references and form.get("durationSeconds", 8) != 8:
        yield "Reference images need durationSeconds 8."


def _error(status: int, name: str, message: str, **headers: str) -> Answer:
    return Answer(status, {"error": {"code": status, "message": message, "status": name}}, headers=headers)


_MOODY = {
    "refuse": _error(400, "INVALID_ARGUMENT", "Unsupported output resolution."),
    "auth": _error(403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied on resource."),
    "quota": _error(403, "PERMISSION_DENIED", "This API method requires billing to be enabled."),
    "moderation": _error(
        400,
        "INVALID_ARGUMENT",
        "The prompt could not be submitted: it contains words that violate Google's Responsible AI practices.",
    ),
    "rate": _error(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model.",
        **{"Retry-After": "0.01"},
    ),
    "fault": _error(500, "INTERNAL", "Internal error encountered."),
}
