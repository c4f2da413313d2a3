"""Settings from the environment: one typed object, checked when it is read. No other module reads the environment.

``vidgen.config`` has those from ``config.yaml``. Pages and tests get the list of variables from the fields here.
"""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any

import pydantic
from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from vidgen.errors import InputError

_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})


def _flag(value: str) -> bool:
    if (word := value.strip().lower()) not in _YES | _NO:
        raise ValueError("is neither 1 nor 0")
    return word in _YES


def _seconds(value: str) -> float | None:
    if not value.strip():
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError("is not a number of seconds")
    return seconds


def _gigabytes(value: str) -> float | None:
    try:
        return _seconds(value)
    except ValueError:
        raise ValueError("is not a number of gigabytes") from None


def _names(value: str) -> frozenset[str]:
    return frozenset(name.strip() for name in value.split(","))


def _threads(value: str) -> int | None:
    """OpenMP takes lists, and passes over what it cannot read; here the first number counts."""
    found = re.match(r"\s*([1-9][0-9]{0,5})\s*(,|$)", value)
    return int(found[1]) if found else None


Flag = Annotated[bool, PlainValidator(_flag)]
Seconds = Annotated[float | None, PlainValidator(_seconds)]
Gigabytes = Annotated[float | None, PlainValidator(_gigabytes)]
Text = Annotated[str, PlainValidator(str.strip)]
FileName = Annotated[str, PlainValidator(lambda value: value)]
"""A file's or folder's name as it stands: spaces and bytes that are no text belong to it. Empty: not set."""
Names = Annotated[frozenset[str] | None, PlainValidator(_names)]
Verbatim = Annotated[str | None, PlainValidator(lambda value: value)]
Threads = Annotated[int | None, PlainValidator(_threads)]


def _from(name: str, default: Any = "", meaning: str = "") -> Any:
    return Field(default, validation_alias=name, description=meaning)


class Settings(BaseModel):
    """What the environment says. Each field has its variable's name and meaning.

    Keys and addresses of providers are not here: each provider's module names its own, and asks ``variable`` for them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    home: FileName = _from("VIDGEN_HOME", "", "folder for models, fonts, caches and config.yaml")
    ffmpeg: FileName = _from("VIDGEN_FFMPEG", "", "the ffmpeg to use")
    offline: Flag = _from("VIDGEN_OFFLINE", False, "forbids every download")
    debug: Flag = _from("VIDGEN_DEBUG", False, "shows tracebacks, as --debug does")
    poll_interval_s: Seconds = _from("VIDGEN_POLL_INTERVAL", None, "seconds between two questions about a job")
    plugins: Names = _from("VIDGEN_LOAD_PLUGINS", None, "third-party engines or packages that may be loaded; None: all")
    open_sora: FileName = _from("VIDGEN_OPEN_SORA", "", "folder of Open-Sora")
    trust_model: Flag = _from("VIDGEN_TRUST_MODEL", False, "loads a model's pickles and code, as --trust-model does")
    group_size: Text = _from("VIDGEN_GROUP_SIZE", "", "set by vidgen for its own workers: how many make one clip together")

    data_home: FileName = _from("XDG_DATA_HOME", "", "the user's data folder")

    google_project: Text = _from("GOOGLE_CLOUD_PROJECT", "", "project of veo")
    google_location: Text = _from("GOOGLE_CLOUD_LOCATION", "", "region of veo")
    google_credentials: Text = _from("GOOGLE_APPLICATION_CREDENTIALS", "", "file of a service account for veo")
    gcloud_folder: Text = _from("CLOUDSDK_CONFIG", "", "where gcloud keeps its login")
    windows_data: FileName = _from("APPDATA", "", "where gcloud keeps it on Windows")
    google_metadata: Text = _from("GCE_METADATA_HOST", "", "set on Google's machines, which have a login of their own")
    google_service: Text = _from("K_SERVICE", "", "the same, in Cloud Run")
    google_job: Text = _from("CLOUD_RUN_JOB", "", "the same, in a job of Cloud Run")

    ssl_cert_file: Text = _from("SSL_CERT_FILE", "", "file of trusted certificates (PEM)")
    ssl_cert_dir: Text = _from("SSL_CERT_DIR", "", "folder of trusted certificates")
    requests_ca_bundle: Text = _from("REQUESTS_CA_BUNDLE", "", "the same as SSL_CERT_FILE")
    curl_ca_bundle: Text = _from("CURL_CA_BUNDLE", "", "the same as SSL_CERT_FILE")
    ssl_key_log: FileName = _from("SSLKEYLOGFILE", "", "file that Python writes TLS keys to")
    hub_address: Text = _from("HF_ENDPOINT", "", "address of the model hub")
    hub_token: Text = _from("HF_TOKEN", "", "token for gated models of the hub, which the hub's package reads")

    visible_gpus: Verbatim = _from("CUDA_VISIBLE_DEVICES", None, "which GPUs are seen; None: all")
    threads: Threads = _from("OMP_NUM_THREADS", None, "threads of ncnn")

    ray_address: Text = _from("RAY_ADDRESS", "", "the cluster of --executor ray")
    cluster_cache_gb: Gigabytes = _from("VIDGEN_CLUSTER_CACHE_GB", None, "what a cluster's node keeps of files, at most (20)")
    cluster_share: Text = _from("VIDGEN_CLUSTER_SHARE", "", "folder or URL by way of which a cluster's files go")
    cluster_wait_s: Seconds = _from("VIDGEN_CLUSTER_WAIT", None, "seconds to wait for a node where none is left (300)")

    def poll_interval(self, usual: float) -> float:
        """Seconds between two questions about a job: the user's, else the ``usual``."""
        return usual if self.poll_interval_s is None else self.poll_interval_s


_chosen: dict[str, bool] = {}
"""What this command's flags say beyond the environment."""


def forget() -> None:
    """Forget a command's flags: it is over."""
    _chosen.clear()


def choose(**flags: bool) -> None:
    """Set fields of ``Settings`` for this command, whatever the environment says."""
    _chosen.update(flags)


def settings() -> Settings:
    """The settings of this command. Raises InputError ``config.invalid`` that names the variable with a bad value."""
    found = _checked(tuple(os.environ.get(name) for name in variables()))
    return found.model_copy(update=_chosen) if _chosen else found


def variables() -> tuple[str, ...]:
    """Names of all variables that ``Settings`` has."""
    return _ALIASES


_ALIASES = tuple(str(field.validation_alias) for field in Settings.model_fields.values())


@functools.lru_cache(maxsize=16)
def _checked(values: tuple[str | None, ...]) -> Settings:
    try:
        return Settings.model_validate({name: value for name, value in zip(_ALIASES, values, strict=True) if value is not None})
    except pydantic.ValidationError as error:
        problem = error.errors(include_url=False)[0]
    name, why = str(problem["loc"][0]), problem["ctx"]["error"]
    text = f"{name} is {problem['input']!r}, which {why}"
    raise InputError("config.invalid", text, hint="correct it, or unset it", where=name)


def debugging() -> bool:
    """Whether tracebacks are wanted. Never fails, since it is asked while an error is told."""
    try:
        return settings().debug
    except InputError:
        return _chosen.get("debug", False)


def variable(name: str) -> str:
    """A variable that a provider's module names: its key, its address. Without spaces around it; empty where it is not set."""
    return os.environ.get(name, "").strip()


def set_usual(**variables: str) -> None:
    """Set variables that a package reads, where the user has not set them."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)


def spelling_of(name: str) -> str | None:
    """How a variable is written in the environment, whatever its case: ``HTTPS_PROXY`` for ``https_proxy``; None: not set."""
    return next((own for own in sorted(os.environ, reverse=True) if own.lower() == name.lower()), None)


def for_children(fixed: Mapping[str, str], usual: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment for a program that vidgen starts, with this command's flags and the ``fixed`` variables on top.
    The user's own win over the ``usual``.
    """
    flags = {str(Settings.model_fields[field].validation_alias): str(int(value)) for field, value in _chosen.items()}
    return {**(usual or {}), **os.environ, **flags, **fixed}


_TRAVELS = {
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT"),
    *("LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "HF_HOME", "HF_HUB_CACHE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
}
_TRAVELS_FROM = (
    *("LC_", "PYTHON", "VIDGEN_", "XDG_", "CUDA_", "NVIDIA_", "NCCL_", "HIP_", "ROCR_", "VK_", "FONTCONFIG_"),
    *("OMP_", "MKL_", "OPENBLAS_", "TORCH_", "PYTORCH_", "RAY_"),
)


def without_keys(fixed: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for processes that compute on a cluster: what they need by name, and nothing else, so that no provider's
    key is there, however it is called. The ``fixed`` variables are on top.
    """
    kept = {name: value for name, value in os.environ.items() if name in _TRAVELS or name.startswith(_TRAVELS_FROM)}
    return {**kept, **(fixed or {})}


def set_variables(fixed: Mapping[str, str], usual: Mapping[str, str]) -> None:
    """Set variables for a library that reads them in this process and those that it starts. The user's own win over the
    ``usual``.
    """
    for name, value in usual.items():
        os.environ.setdefault(name, value)
    os.environ.update(fixed)


def keep_no_keys() -> None:
    """Clear this process's own environment of all but ``without_keys``."""
    kept = without_keys()
    for name in set(os.environ) - set(kept):
        del os.environ[name]
