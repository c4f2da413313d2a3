"""vidgen's folder on this machine (models, fonts, caches, user configuration) and settings from the environment."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

from vidgen.errors import InputError, MissingError
from vidgen.media.names import expanded
from vidgen.settings import settings


def vidgen_home() -> Path:
    """``VIDGEN_HOME``, else the platform's data folder (``$XDG_DATA_HOME/vidgen``, ``~/.local/share/vidgen``), else
    ``passing_home``.

    The folder may not exist yet; create it before writing.
    """
    if chosen := settings().home:
        return expanded(chosen).absolute()
    return lasting_home() or passing_home()


def check_home() -> None:
    """Raise InputError ``config.invalid`` if ``VIDGEN_HOME`` is not a folder and cannot become one."""
    chosen = settings().home
    if chosen and (why := _no_folder(vidgen_home())):
        text = f"VIDGEN_HOME is {chosen}, which cannot be used: {why}"
        raise InputError("config.invalid", text, hint="set it to a folder, or leave it unset", where="VIDGEN_HOME")


def _no_folder(folder: Path) -> str:
    try:
        return "" if stat.S_ISDIR(folder.stat().st_mode) else "it is not a folder"
    except FileNotFoundError:
        return "it is a broken link" if folder.is_symlink() else ""
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)


def lasting_home() -> Path | None:
    """The data folder in the user's home; None if the user has no home, as in many containers, or may not read it."""
    try:
        if data := settings().data_home:
            folder = Path(data) / "vidgen"
        else:
            folder = Path.home() / ("Library/Application Support" if sys.platform == "darwin" else ".local/share") / "vidgen"
        folder.stat()
    except FileNotFoundError:
        pass
    except (OSError, RuntimeError, KeyError):
        return None
    return folder


def passing_home() -> Path:
    """A private folder in the system's temporary folder, which may be deleted at any time: ``/tmp/vidgen-1000``.

    Raises MissingError ``home.not_writable`` if it cannot be created or belongs to another user, because its files are
    trusted.
    """
    hint = "set VIDGEN_HOME to a folder that you can write to"
    try:
        folder = Path(tempfile.gettempdir()) / f"vidgen-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        info = folder.lstat()
    except OSError as error:
        text = f"there is neither a home folder nor a temporary one ({error.strerror or error})"
        raise MissingError("home.not_writable", text, hint=hint) from error
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o022:
        raise MissingError("home.not_writable", f"there is no home folder, and {folder} is not this user's alone", hint=hint)
    return folder
