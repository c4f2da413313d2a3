"""``lint --fix`` changes the words and nothing else of the file."""

from __future__ import annotations

from pathlib import Path

from support import Vidgen


def test_a_fixed_file_keeps_its_permissions_and_its_byte_order_mark(vidgen: Vidgen, tmp_path: Path) -> None:
    board = tmp_path / "film.yaml"
    board.write_bytes(b"\xef\xbb\xbfvidgen: 1\r\nshots:\r\n  - {scene: Please make a video of a calm sea at dawn}\r\n")
    board.chmod(0o640)
    vidgen("lint", board, "--fix")
    assert board.read_bytes() == b"\xef\xbb\xbfvidgen: 1\r\nshots:\r\n  - {scene: A calm sea at dawn}\r\n"
    assert board.stat().st_mode & 0o777 == 0o640
