"""Takes that other machines have made for a film come into its project."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vidgen.errors import Notice
from vidgen.planning.plan import PlannedShot
from vidgen.render.events import Listener, silent
from vidgen.render.project import Workspace
from vidgen.takes.gathering import gather
from vidgen.takes.remarks import read_remarks


def take_over(
    space: Workspace, folders: Iterable[Path], shots: Iterable[PlannedShot], listener: Listener = silent
) -> list[Notice]:
    """Have the takes of some shots that are in other folders; what there is to say of it. Where a shot has new ones now, the
    judge's earlier choice is open again, as after making them here.
    """
    names, folders = {shot.id for shot in shots}, list(folders)
    if not folders:
        return []
    assert space.store is not None  # the project is open for writing

    def on_folder(folder: Path, takes: int) -> None:
        listener("takes.gathered", folder=str(folder), takes=takes)

    gathered = gather(space.store, folders, lambda row: row["shot"] in names, on_folder)
    space.picks = {shot: pick for shot, pick in space.picks.items() if pick.by == "person" or shot not in gathered.shots}
    space.remarks = read_remarks(space.root)
    notices = [Notice("take.corrupt", f"{clip} is not whole; it is left where it is") for clip in gathered.damaged]
    if not gathered.found:
        where = ", ".join(str(folder) for folder in folders)
        notices.append(Notice("takes.none", f"--takes-from: there are no takes of these shots in {where}"))
    return notices
