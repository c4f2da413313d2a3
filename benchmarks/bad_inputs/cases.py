"""The boundaries: what reaches vidgen from outside, each as a function that lays down one bad input and says what to run."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bad_inputs.damage import WORDS, bytes_damaged, name, text_damaged, word
from benchmarks.bad_inputs.judge import Command
from vidgen.media.discovery import find_ffmpeg
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.server import FAILURE_MODES

BOARDS = sorted(
    set(Path(__file__).parents[2].glob("storyboards/*.yaml")) - set(Path(__file__).parents[2].glob("storyboards/*.lock.yaml"))
)
SMALL = """\
vidgen: 1
title: Small
resolution: 96x54
fps: 12
style: plain
defaults: {duration: 1, candidates: 1, params: {slate: false}}
post: {colour: {contrast: 1.1}}
shots:
  - id: s01
    scene: a calm sea at dawn
    camera: pan_left
    text: [{text: Hello, in: 0.1, out: 0.8, role: title}]
  - id: s02
    scene: 紅葉の山々と朝霧
    motion: {type: 自然, detail: leaves, amount: 3}
    transition: {type: dissolve, duration: 0.25}
  - {id: s03, clip: clip.mp4, duration: 0.5, own_sound: {gain_db: -6}}
audio: {music: {file: tone.wav, fade_out: 0.2}, loudness: web}
"""
MOVING = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=12:d=0.7")
TONE = ("-f", "lavfi", "-i", "sine=r=44100:d=0.7")
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
FILMS = {
    "aac.mp4": (*MOVING, *TONE, *H264, "-c:a", "aac"),
    "fragments.mp4": (*MOVING, *TONE, *H264, "-g", "4", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "jpeg.mov": (*MOVING, *TONE, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    "lossless.mkv": (*MOVING, *TONE, "-c:v", "ffv1", "-pix_fmt", "yuv422p10le", "-c:a", "flac"),
    "vp8.webm": (*MOVING, *TONE, "-c:v", "libvpx", "-b:v", "100k", "-c:a", "libopus"),
    "mp3.avi": (*MOVING, *TONE, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "aac.ts": (*MOVING, *TONE, *H264, "-c:a", "aac"),
    "animated.gif": MOVING,
}
SOUNDS = {
    "tone.wav": TONE,
    "tone.mp3": (*TONE, "-b:a", "64k"),
    "tone.flac": TONE,
    "tone.m4a": (*TONE, "-c:a", "aac"),
    "tone.ogg": (*TONE, "-c:a", "libvorbis"),
    "tone.aac": (*TONE, "-c:a", "aac", "-f", "adts"),
    "tone.opus": (*TONE, "-c:a", "libopus"),
}
PICTURE = (*MOVING, "-frames:v", "1")
STILLS = {
    "still.png": PICTURE,
    "still.jpg": PICTURE,
    "still.webp": PICTURE,
    "alpha.png": (*PICTURE, "-pix_fmt", "rgba"),
    "deep.png": (*PICTURE, "-pix_fmt", "rgb48be"),
}
CUBE = "TITLE x\nLUT_3D_SIZE 2\n" + "".join(f"{r} {g} {b}\n" for b in (0, 1) for g in (0, 1) for r in (0, 1))


@dataclass(frozen=True)
class Stock:
    """Good input, made once: a folder of media."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Stock:
        """Make all of it with ffmpeg."""
        for file, arguments in (FILMS | SOUNDS | STILLS).items():
            subprocess.run([find_ffmpeg().path, "-v", "error", "-nostdin", "-y", *arguments, str(folder / file)], check=True)
        (folder / "grade.cube").write_text(CUBE)
        return cls(folder)

    def bytes(self, file: str) -> bytes:
        return (self.folder / file).read_bytes()

    def board(self, folder: Path) -> Path:
        """The small storyboard with its clip and its music."""
        shutil.copy(self.folder / "aac.mp4", folder / "clip.mp4")
        shutil.copy(self.folder / "tone.wav", folder / "tone.wav")
        (folder / "film.yaml").write_text(SMALL, encoding="utf-8")
        return folder / "film.yaml"


Case = Callable[[Stock, Path, random.Random], Command]


def one_of(luck: random.Random, *lines: str) -> list[str]:
    """The words of one of these command lines."""
    return luck.choice(lines).split()


def _json(luck: random.Random) -> list[str]:
    return ["--json"] if luck.random() < 0.3 else []


def storyboard(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """A damaged storyboard."""
    file = stock.board(folder)
    (folder / "assets").symlink_to(BOARDS[0].parent / "assets")
    good = luck.choice([SMALL, SMALL, *(board.read_text(encoding="utf-8") for board in BOARDS)])
    file.write_bytes(text_damaged(good, luck))
    verb = luck.choice(
        [["plan"], ["plan"], ["lint"], ["lint", "--format", luck.choice(["json", "github", "sarif"])], ["lint", "--fix"]]
    )
    if good == SMALL and luck.random() < 0.04:
        return Command(["render", "film.yaml", "-o", "out.mp4", *_json(luck)], output=folder / "out.mp4")
    return Command([*verb, "film.yaml", *_json(luck)] if verb[-1] not in ("json", "github", "sarif") else [*verb, "film.yaml"])


def film_file(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """A damaged video for a command that reads one."""
    chosen = luck.choice(sorted(FILMS))
    (folder / chosen).write_bytes(bytes_damaged(stock.bytes(chosen), luck))
    out = folder / f"out{luck.choice(['.mp4', '.mkv', '.mov'])}"
    line = luck.choice(
        [
            ["score", chosen],
            ["upscale", chosen, "-o", out.name, "--height", "96", "--engine", "lanczos"],
            ["interpolate", chosen, "-o", out.name, "--fps", "24", "--engine", luck.choice(["nearest", "minterpolate"])],
        ]
    )
    return Command([*line, *_json(luck)], output=None if line[0] == "score" else out)


def clip_in_film(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """A damaged clip or sound in a film."""
    stock.board(folder)
    clip, sound = luck.choice(sorted(FILMS)), luck.choice([*sorted(SOUNDS), *sorted(FILMS)])
    damaged = luck.choice(["clip", "sound", "both"])
    (folder / f"c-{clip}").write_bytes(bytes_damaged(stock.bytes(clip), luck) if damaged != "sound" else stock.bytes(clip))
    (folder / f"s-{sound}").write_bytes(bytes_damaged(stock.bytes(sound), luck) if damaged != "clip" else stock.bytes(sound))
    use = luck.choice(["audio: {music: {file: FILE}}", "audio: {ambience: [{file: FILE}]}", "", ""]).replace(
        "FILE", f"s-{sound}"
    )
    shot = luck.choice(
        ["sfx: [{file: FILE, at: 0.1}]", "voiceover: {file: FILE}", "dialogue: [{who: A, line: hi, file: FILE}]"]
    )
    more = "" if use else ", " + shot.replace("FILE", f"s-{sound}")
    text = f"vidgen: 1\nresolution: 96x54\nfps: 12\nshots: [{{id: s01, clip: c-{clip}, duration: 0.5{more}}}]\n{use}\n"
    (folder / "film.yaml").write_text(text, encoding="utf-8")
    return Command(["render", "film.yaml", "-o", "out.mp4", *_json(luck)], output=folder / "out.mp4")


def still(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """A damaged picture to open a shot with."""
    chosen, flag = luck.choice(sorted(STILLS)), luck.choice(["--image", "--end-image", "--reference", "--video"])
    (folder / chosen).write_bytes(bytes_damaged(stock.bytes(chosen), luck))
    line = ["shot", "a calm sea", "--resolution", "64x36", "--duration", "3f", "--fps", "6", flag, chosen, "-o", "out.mp4"]
    return Command([*line, *_json(luck)], output=folder / "out.mp4")


FLAGS: dict[str, str] = {
    "plan": "--engine --model --candidates --preset --seed --json --help",
    "render": "--engine --model --candidates --preset --shot --seed --max-cost --strict --yes --regenerate --jobs --executor "
    "--work -o --json --require-diffusion --dry-run",
    "lint": "--format --strict --fix",
    "shot": "--engine --model --duration --aspect --resolution --fps --camera --motion --motion-amount --style --negative "
    "--image --seed --candidates --max-cost --json -o",
    "upscale": "--scale --height --model --engine --tile -o --json",
    "interpolate": "--fps --factor --engine -o --json",
    "score": "--prompt --camera --motion-amount --json",
    "pick": "--json",
    "new": "--json",
    "engines": "--json --markdown",
    "engines recommend": "--use-case --json",
    "models list": "--json",
    "models verify": "--json",
    "models pull": "--from --json",
    "takes list": "--json",
    "takes resolve": "--job --lost --json",
    "schema": "--json",
    "presets": "--json",
    "doctor": "--json",
    "review": "--json",
    "export": "--format -o",
    "": "--version --help",
}
SWITCHES = frozenset(
    {"--json", "--help", "--strict", "--yes", "--fix", "--dry-run", "--require-diffusion", "--lost", "--markdown", "--version"}
)


def flags(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """An unlikely command line. ``render`` only says what it would do, so that thousands fit into an hour."""
    stock.board(folder)
    verb = luck.choice(sorted(FLAGS))
    line = verb.split()
    for _ in range(luck.choice([0, 1, 1, 2, 3])):
        line.append(luck.choice(["film.yaml", "film.yaml", "clip.mp4", "tone.wav", "s01", "a calm sea", word(luck)]))
    for _ in range(luck.choice([0, 1, 2, 3])):
        flag = luck.choice(FLAGS[verb].split())
        line += (
            [flag]
            if flag in SWITCHES
            else [flag, luck.choice([word(luck), luck.choice(["2", "30", "out.mp4", "x/out.mp4", "previz"])])]
        )
    if verb == "render" and "--dry-run" not in line:
        line.append("--dry-run")
    if verb == "shot":
        line += ["--resolution", "64x36", "--duration", "3f", "--fps", "6"]
    line = [part.replace("\0", "") for part in line]
    return Command(line, {"VIDGEN_OFFLINE": "1"})


VARIABLES = (
    *("TERM", "COLUMNS", "LINES", "LANG", "LC_ALL", "NO_COLOR", "FORCE_COLOR", "HOME", "TMPDIR", "XDG_DATA_HOME", "PATH", "TZ"),
    *("VIDGEN_HOME", "VIDGEN_FFMPEG", "VIDGEN_OFFLINE", "VIDGEN_POLL_INTERVAL", "VIDGEN_OPEN_SORA", "VIDGEN_DEBUG"),
    *("ALL_PROXY", "HTTPS_PROXY", "http_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"),
    *(
        "RUNWAYML_API_SECRET",
        "RUNWAYML_BASE_URL",
        "KLING_API_KEY",
        "OPENAI_VIDEOS_BASE_URL",
        "GOOGLE_CLOUD_PROJECT",
        "RAY_ADDRESS",
    ),
    *("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "SOURCE_DATE_EPOCH"),
)


def environment(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """Unlikely environment variables."""
    stock.board(folder)
    chosen = {
        luck.choice(VARIABLES): luck.choice([None, word(luck).replace("\0", ""), luck.choice(WORDS)])
        for _ in range(luck.choice([1, 2, 4]))
    }
    engine = luck.choice(["runway", "kling", "openai-videos", "veo", "previz"])
    lines = (
        *("plan film.yaml", "doctor", "engines", "models list", "lint film.yaml", "takes list film.yaml", "score clip.mp4"),
        *(f"render film.yaml --dry-run --engine {engine}", "upscale clip.mp4 -o out.mp4 --height 96 --engine lanczos"),
    )
    line = one_of(luck, *lines)
    chosen = {variable: value for variable, value in chosen.items() if variable != "VIDGEN_DEBUG"}
    return Command([*line, *_json(luck)], chosen, fresh=True, output=folder / "out.mp4" if "out.mp4" in line else None)


def companions(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """A damaged configuration, lock file or colour table beside a good storyboard."""
    stock.board(folder)
    home = folder / "home"
    home.mkdir()
    config = "engine: previz\nconcurrency: {runway: 5}\nlocal: {offload: auto, compile: false}\nopen-sora: {path: /nowhere}\n"
    lock = "vidgen: 1\nshots:\n  s01:\n    request: " + "0" * 64 + "\n    pick: 1\n    by: auto\n    sha256: " + "1" * 64 + "\n"
    line = ["plan", "film.yaml"]
    match luck.choice(["config", "lock", "cube"]):
        case "config":
            (home / "config.yaml").write_bytes(text_damaged(config, luck))
            line = luck.choice([line, ["doctor"], ["engines"], ["render", "film.yaml", "--dry-run"]])
        case "lock":
            (folder / "film.lock.yaml").write_bytes(text_damaged(lock, luck))
            line = luck.choice(
                [["render", "film.yaml", "--dry-run"], ["pick", "film.yaml", "s01", "1"], ["takes", "list", "film.yaml"]]
            )
        case _:
            (folder / "grade.cube").write_bytes(text_damaged(CUBE, luck))
            head, shot = "vidgen: 1\nresolution: 96x54\nfps: 12\n", "shots: [{id: s1, clip: clip.mp4, duration: 0.25}]\n"
            (folder / "film.yaml").write_text(f"{head}post: {{colour: {{lut: grade.cube}}}}\n{shot}")
            line = luck.choice([["plan", "film.yaml"], ["render", "film.yaml", "-o", "out.mp4"]])
    return Command([*line, *_json(luck)], {"VIDGEN_HOME": str(home)}, output=folder / "out.mp4" if "-o" in line else None)


def store(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """A film whose kept work was damaged since: the next run ends in a right film, or says what is wrong."""
    kept = stock.folder / "rendered"
    if not kept.exists():
        kept.mkdir()
        stock.board(kept)
        from benchmarks.bad_inputs.judge import run

        if (ended := run(Command(["render", "film.yaml", "-o", "out.mp4"], output=kept / "out.mp4"), kept)).code:
            raise RuntimeError(ended.printed)
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    (folder / "out.mp4").unlink()
    files = sorted(file for file in (folder / ".vidgen").rglob("*") if file.is_file() and "lock" not in file.name)
    for file in luck.sample(files, min(len(files), luck.choice([1, 1, 2, 3]))):
        if luck.random() < 0.2:
            file.unlink()
        else:
            file.write_bytes(bytes_damaged(file.read_bytes(), luck))
    return Command(["render", "film.yaml", "-o", "out.mp4", *_json(luck)], output=folder / "out.mp4")


def names(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """Unlikely names for what is read and what is written."""
    stock.board(folder)
    source = out = f"./{name(luck, '.mp4')}"
    while out in (source, "./clip.mp4"):  # an input is never written to
        out = f"./{name(luck, '.mp4')}"
    shutil.copy(folder / "clip.mp4", folder / source)
    if luck.random() < 0.5:
        line = ["upscale", source, "-o", out, "--height", "96", "--engine", "lanczos"]
    else:
        board = f"./{name(luck, '.yaml')}"
        (folder / board).write_text(
            SMALL.split("post:")[0] + "shots: [{id: s1, clip: clip.mp4, duration: 0.25}]\n", encoding="utf-8"
        )
        line = ["render", board, "-o", out]
    return Command(
        [*line, *_json(luck)], output=folder / out, check=lambda code: f"a fair name ends with exit {code}" if code else ""
    )


def weights(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """A wrong file given as a model's weights."""
    chosen = luck.choice(sorted(FILMS | STILLS))
    (folder / chosen).write_bytes(bytes_damaged(stock.bytes(chosen), luck))
    model = luck.choice(
        ["rife-4.0", "realesr-animevideov3", "RealESRGAN_x4plus", "wan2.1-t2v-1.3b", word(luck).replace("\0", "")]
    )
    line = ["models", "pull", model, "--from", chosen, *_json(luck)]
    return Command(line, {"VIDGEN_HOME": str(folder / "home"), "VIDGEN_OFFLINE": "1"})


PROVIDERS = {
    "runway": "FakeRunway",
    "luma": "FakeLuma",
    "kling": "FakeKling",
    "pika": "FakePika",
    "openai_videos": "FakeOpenAIVideos",
    "gemini_omni": "FakeGeminiOmni",
}


def provider(stock: Stock, folder: Path, luck: random.Random) -> Command:
    """A provider that fails at random and damages downloads: what was bought is in the journal, once."""
    from importlib import import_module

    module = luck.choice(sorted(PROVIDERS))
    fake = getattr(import_module(f"vidgen.testing.providers.{module}"), PROVIDERS[module])
    failure_modes = [
        luck.choice(["ok", "ok", luck.choice([failure for failure in FAILURE_MODES if failure != "slow"])]) for _ in range(4)
    ]
    server = ProviderServer(
        fake, failure_modes=failure_modes, polls=1, hang_s=0.2, blips=luck.choice([0, 0.1]), seed=luck.randrange(1000)
    )
    server.__enter__()
    if luck.random() < 0.3:
        plain = server.clip
        server.clip = lambda job: bytes_damaged(plain(job), random.Random(job.id))  # type: ignore[method-assign]
    shot = f"{{id: s1, scene: a calm sea, duration: 5, candidates: {luck.choice([1, 2])}}}"
    (folder / "film.yaml").write_text(f"vidgen: 1\nresolution: 720p\nfps: 24\nshots: [{shot}]\n")

    def check(code: int) -> str:
        server.__exit__()
        journal = folder / ".vidgen" / "film" / "journal.db"
        with closing(sqlite3.connect(journal)) as db:
            rows = db.execute("SELECT state, job_id FROM attempts").fetchall() if journal.exists() else []
        if len(server.jobs) > len(rows):  # what was turned away may be sent again
            return f"{len(server.jobs)} jobs were bought, {len(rows)} are in the journal"
        known = {str(job) for _, job in rows if job}
        lost = [job for job in server.jobs if not any(job.id in number for number in known)]
        unknown = sum(state == "unknown" for state, _ in rows)
        return f"{len(lost)} jobs were bought that the journal knows nothing of" if len(lost) > unknown else ""

    line = ["render", "film.yaml", "--engine", module.replace("_", "-"), "--yes", "-o", "out.mp4", *_json(luck)]
    return Command(line, dict(server.environment()), output=folder / "out.mp4", check=check, fresh=True)


BOUNDARIES: dict[str, tuple[Case, int]] = {
    "storyboard": (storyboard, 26),
    "flags": (flags, 22),
    "film_file": (film_file, 16),
    "clip_in_film": (clip_in_film, 10),
    "still": (still, 6),
    "companions": (companions, 6),
    "environment": (environment, 4),
    "names": (names, 3),
    "store": (store, 3),
    "weights": (weights, 2),
    "provider": (provider, 2),
}
"""Each boundary and its share of all cases, in per cent."""
