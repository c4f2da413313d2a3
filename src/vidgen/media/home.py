"""Where vidgen keeps what it owns on this machine: models, fonts, caches, the user's configuration."""

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
    """``VIDGEN_HOME``, else the platform's data folder (``$XDG_DATA_HOME/vidgen``, ``~/.local/share/vidgen``), else, where the
    user has no home, ``passing_home``.

    The folder may not exist yet; whoever writes to it makes it.
    """
    if chosen := settings().home:
        return expanded(chosen).absolute()
    return lasting_home() or passing_home()


def check_home() -> None:
    """Raise InputError ``config.invalid``, naming the variable, where ``VIDGEN_HOME`` is no folder and cannot become one."""
    chosen = settings().home
    if chosen and (why := _no_folder(vidgen_home())):
        text = f"VIDGEN_HOME is {chosen}, which cannot be used: {why}"
        raise InputError("config.invalid", text, hint="set it to a folder, or leave it unset", where="VIDGEN_HOME")


def _no_folder(folder: Path) -> str:
    try:
        return "" if stat.S_ISDIR(folder.stat().st_mode) else "it is not a folder"
    except FileNotFoundError:
        return "it is a link that leads nowhere" if folder.is_symlink() else ""
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)


def lasting_home() -> Path | None:
    """The data folder in the user's home; None where this machine knows no home of that user, as in many containers, or the
    home is another user's and cannot be looked into.
    """
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
    """A folder of this user's own among the temporary ones, which may not last: ``/tmp/vidgen-1000``.

    Raises MissingError ``home.not_writable`` where there is none, or where another user has it: what lies in it is trusted.
    """
    hint = "set VIDGEN_HOME to a folder that you can write to"
    try:
        folder = Path(tempfile.gettempdir()) / f"vidgen-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        told = folder.lstat()
    except OSError as error:
        text = f"there is neither a home folder nor a temporary one ({error.strerror or error})"
        raise MissingError("home.not_writable", text, hint=hint) from error
    if not stat.S_ISDIR(told.st_mode) or told.st_uid != os.getuid() or told.st_mode & 0o022:
        raise MissingError("home.not_writable", f"there is no home folder, and {folder} is not this user's alone", hint=hint)
    return folder
