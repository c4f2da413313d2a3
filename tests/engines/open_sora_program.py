"""A stand-in for Open-Sora's own program: the same folders, arguments, CSV file, words and output, and pictures of noise.

``install`` writes it. Run as a program it is ``scripts/diffusion/inference.py``; ``STAND_IN`` says how it misbehaves.
"""

from __future__ import annotations

import ast
import csv
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any

CONFIG = {
    "save_dir": "samples", "seed": 42, "batch_size": 1, "dtype": "bf16", "cond_type": "t2v", "dataset": {"type": "text"},
    "sampling_option": {
        "resolution": "256px", "aspect_ratio": "16:9", "num_frames": 129, "num_steps": 50, "guidance": 7.5, "guidance_img": 3.0,
        "method": "i2v", "seed": None,
    },
    "motion_score": "4", "fps_save": 24, "model": {"from_pretrained": "./ckpts/Open_Sora_v2.safetensors"},
}  # fmt: skip
CONFIGS = ("256px.py", "768px.py", "t2i2v_256px.py", "t2i2v_768px.py")
SIZES = {"16:9": (336, 192), "3:2": (304, 208), "1:1": (256, 256), "9:16": (192, 336)}
LAUNCHER = """#!{python}
import subprocess, sys
words = sys.argv[1:]
assert words[:3] == ["--nproc_per_node", words[1], "--standalone"], words
raise SystemExit(subprocess.run([sys.executable, *words[3:]], start_new_session=True).returncode)
"""
"""Like torchrun, it starts its worker in a session of its own."""


def install(folder: Path, *, launcher: bool = True) -> Path:
    """The program's folder, with weights that are empty files."""
    for name in CONFIGS:
        file = folder / "configs" / "diffusion" / "inference" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {name}\n")
    for name in ("Open_Sora_v2.safetensors", "flux1-dev.safetensors"):
        (folder / "ckpts").mkdir(exist_ok=True)
        (folder / "ckpts" / name).touch()
    script = folder / "scripts" / "diffusion" / "inference.py"
    script.parent.mkdir(parents=True)
    script.write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("7ad6a96" + "0" * 33 + "\n")
    if launcher:
        start = folder / ".venv" / "bin" / "torchrun"
        start.parent.mkdir(parents=True)
        start.write_text(LAUNCHER.format(python=sys.executable))
        start.chmod(start.stat().st_mode | stat.S_IXUSR)
    return folder


def converted(value: str) -> Any:
    """A value that the configuration has no type for."""
    if value.lower() in ("none", "true", "false"):
        return {"none": None, "true": True, "false": False}[value.lower()]
    for read in (int, float, ast.literal_eval):
        try:
            return read(value)
        except (ValueError, SyntaxError):
            continue
    return value


def merged(config: dict[str, Any], words: list[str]) -> dict[str, Any]:
    """The configuration with ``--key value`` pairs over it."""
    for name, value in zip(words[::2], words[1::2], strict=True):
        assert name.startswith("--"), f"Invalid argument: {name}"
        *parents, key = name[2:].replace("-", "_").split(".")
        target = config
        for parent in parents:
            assert parent in config, f"Key {parent} not found in config"
            target = target[parent]
        known = not parents and key in target and not isinstance(target[key], bool)
        target[key] = None if value.lower() == "none" else type(target[key])(value) if known else converted(value)
    for key in ("num_steps", "num_frames", "aspect_ratio", "guidance", "guidance_img"):
        if config.get(key) is not None:
            config["sampling_option"][key] = config[key]
    return config


def main() -> None:
    failure = os.environ.get("STAND_IN", "")
    config = merged(CONFIG, sys.argv[2:])
    source = Path(sys.argv[1])
    assert source.is_file(), f"{source} is not here"
    assert Path(config["model"]["from_pretrained"]).is_file()
    say("Building dataset...")
    with Path(config["dataset"]["data_path"]).open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    option = config["sampling_option"]
    resolution = "768px" if "768px" in source.name else "256px"
    name = f"video_{resolution}"
    target = Path(config["save_dir"]) / name
    target.mkdir(parents=True)
    say("Building models...")
    if failure == "oom":
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
    if failure == "breaks":
        raise AssertionError("need at least 33 reference frames for v2v generation")
    if failure in ("hangs", "slow"):
        Path(os.environ["STAND_IN_PID"]).write_text(str(os.getpid()))
        time.sleep(120 if failure == "hangs" else 0.5)
    if failure == "makes nothing":
        return
    sys.stderr.write("\rInference progress:   0%|          | 0/1 [00:00<?, ?it/s]")
    if source.name.startswith("t2i2v"):
        say("Generating image condition by flux...")
        assert config["cond_type"] == "t2v"
    if config["cond_type"] != "t2v":
        for file in row["ref"].split(";"):
            assert Path(file).is_file(), f"no reference {file}"
    say("Generating video...")
    text = f"{row['text'].strip().rstrip('.')}. {config['fps_save']} FPS. {config['motion_score']} motion score."
    (target / f"{row['name']}.txt").write_text(text)
    write(target / f"{row['name']}.mp4", config, option, row)
    if failure == "cuts it off":
        clip = target / f"{row['name']}.mp4"
        clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    if kept := os.environ.get("STAND_IN_COPY"):
        Path(kept).write_bytes((target / f"{row['name']}.mp4").read_bytes())
    print(f"Saved to {target / row['name']}.mp4")
    say("Inference finished.")


def say(text: str) -> None:
    """Log as the program does."""
    sys.stderr.write(f"[\033[34m2026-04-09 09:52:40\033[0m] {text}\n")


def write(file: Path, config: dict[str, Any], option: dict[str, Any], row: dict[str, str]) -> None:
    """A clip of noise that depends on the seed and the words."""
    import zlib
    from fractions import Fraction

    import numpy as np

    from vidgen.media.frames import FrameWriter

    assert (option["num_frames"] - 1) % 4 == 0 and option["num_frames"] <= 129
    count = 5 if os.environ.get("STAND_IN") == "makes less" else option["num_frames"]
    width, height = SIZES[option["aspect_ratio"]]
    words = zlib.crc32(f"{row['text']}|{row.get('neg')}|{config['cond_type']}".encode())
    noise = np.random.default_rng([option["seed"], words])
    still = noise.integers(0, 255, (height // 16, width // 16, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    with FrameWriter(file, width, height, Fraction(config["fps_save"]), frames=count) as writer:
        for number in range(count):
            writer.write(np.roll(still, number, axis=1))


if __name__ == "__main__":
    main()
