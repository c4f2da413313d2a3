"""Commands on any media file: upscale, interpolate, score, qc; and speak."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from vidgen.cli.options import Json, MaxCost, options_of
from vidgen.cli.output import Output
from vidgen.errors import InputError

In = Annotated[Path, typer.Argument(metavar="IN", help="A video file.", show_default=False)]
Out = Annotated[Path, typer.Option("-o", "--output", help="The file to write.", show_default=False)]


def upscale(
    source: In,
    output: Out,
    scale: Annotated[int | None, typer.Option(min=2, max=4, help="2, 3 or 4.", show_default=False)] = None,
    height: Annotated[
        int | None, typer.Option(min=2, max=8640, help="Picture height, such as 2160.", show_default=False)
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="realesr-animevideov3 (quick), RealESRGAN_x4plus (photographic, slow), RealESRGAN_x4plus_anime_6B (drawings), "
            "or a .safetensors or .pth file of your own.  [default: realesr-animevideov3]",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="auto (torch on a GPU, else ncnn), ncnn, torch, realesrgan (the package), or lanczos.")
    ] = "auto",
    tile: Annotated[
        int | None, typer.Option(min=32, help="Longest side of a tile in pixels.  [default: as fits]", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Enlarge a video, keeping sound, subtitles and chapters. After an interruption the same command continues from the last
    checkpoint."""
    with Output("upscale", as_json) as out:
        from vidgen.cli.progress import fetching, frames_done
        from vidgen.post import Hooks, upscale_file

        with frames_done(out, "upscale") as on_frame:
            result = upscale_file(
                source,
                output,
                scale=scale,
                height=height,
                engine=engine,
                model=model,
                tile=tile,
                hooks=Hooks(on_frame=on_frame, on_plan=_explained(out), fetch=fetching(out)),
            )
        out.warn(result.notices)
        out.say(result.summary())
        out.result(result.as_dict())


def interpolate(
    source: In,
    output: Out,
    fps: Annotated[str | None, typer.Option(help="Frames per second, such as 60.", show_default=False)] = None,
    factor: Annotated[float | None, typer.Option(help="Times the frame rate, such as 2.", show_default=False)] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="auto (rife, if it is installed), rife, minterpolate (light), blend (soft), or nearest (repeats frames)."
        ),
    ] = "auto",
    as_json: Json = False,
) -> None:
    """Change the frame rate of a video, keeping sound, subtitles and chapters. Scene changes are never morphed. After an
    interruption the same command continues from the last checkpoint."""
    with Output("interpolate", as_json) as out:
        from vidgen.cli.progress import fetching, frames_done
        from vidgen.post import Hooks, interpolate_file

        with frames_done(out, "interpolate") as on_frame:
            result = interpolate_file(
                source,
                output,
                rate=fps,
                factor=factor,
                engine=engine,
                hooks=Hooks(on_frame=on_frame, on_plan=_explained(out), fetch=fetching(out)),
            )
        out.warn(result.notices)
        out.say(result.summary())
        out.result(result.as_dict())


def _explained(out: Output) -> Callable[[tuple[str, ...]], None]:
    """A callback that reports which engines will be used, and why, before they start."""

    def on_plan(why: tuple[str, ...]) -> None:
        out.event("post.planned", why=list(why))
        for line in why if not out.as_json else ():
            out.note(line)

    return on_plan


def score(
    clips: Annotated[
        list[Path] | None,
        typer.Argument(metavar="CLIP...", help="Clips; several are ranked. With --refit: storyboards.", show_default=False),
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="The prompt of the shot.", show_default=False)] = None,
    camera: Annotated[str | None, typer.Option(help="The camera move of the shot.", show_default=False)] = None,
    motion_amount: Annotated[
        float | None, typer.Option(min=1, max=10, help="The amount of motion of the shot.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page of evidence.", show_default=False)
    ] = None,
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit the judge's weights to your own picks; shows what would change.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --refit: apply the new weights.")] = False,
    as_json: Json = False,
) -> None:
    """Measure clips; several are ranked as candidates of one shot."""
    with Output("score", as_json) as out:
        if refit:
            from vidgen.app.refit import refit_weights

            fitted = refit_weights(clips or [], yes=yes)
            for line in fitted.pop("summary"):
                out.say(line)
            out.result(fitted)
            return
        if not clips:
            raise InputError("usage.invalid", "no clip is named", hint="vidgen score CLIP...")
        from vidgen.app.score import score_clips
        from vidgen.cli.tables import score_table

        found = score_clips(clips, prompt=prompt, camera=camera, motion_amount=motion_amount, report=report, warn=out.warn)
        if not as_json:
            score_table(found)
        if report:
            out.say(f"{report}: the evidence")
        out.result(found)


def qc(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A film, a sound file or a picture.", show_default=False)],
    preset: Annotated[
        str | None,
        typer.Option(
            help="What it is for: any, web, broadcast, podcast, ... (docs/qc.md).  [default: any]", show_default=False
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 6 where a check fails.")] = False,
    as_json: Json = False,
) -> None:
    """Check a delivery: form, colour tags, loudness, true peak, black, frozen, dropped frames, legal range, flashes."""
    with Output("qc", as_json) as out:
        from vidgen.app.qc import check_file
        from vidgen.cli.progress import frames_done
        from vidgen.cli.tables import check_table

        with frames_done(out, "qc") as on_frame:
            done = check_file(file, preset, on_frame)
        if not as_json:
            check_table(done.checks)
        out.say(done.summary())
        out.result(done.as_dict(), done.review_error() if strict else None)


def speak(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The words; - reads them from stdin.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write (.wav).", show_default=False)],
    voice: Annotated[
        str | None, typer.Option(help="A voice of the engine (vidgen doctor).  [default: the engine's]", show_default=False)
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Such as en or ja.  [default: by the letters]", show_default=False)
    ] = None,
    engine: Annotated[str | None, typer.Option(help="auto, hibari, kokoro-ja, command or openai.", show_default=False)] = None,
    speed: Annotated[
        float | None, typer.Option(min=0.5, max=2, help="Pace; 1 is the engine's own.", show_default=False)
    ] = None,
    delivery: Annotated[str | None, typer.Option(help="How it is said, such as whispering.", show_default=False)] = None,
    max_cost: MaxCost = None,
    anew: Annotated[bool, typer.Option("--anew", help="Send a paid line again whose answer was lost.")] = False,
    as_json: Json = False,
) -> None:
    """Speak one line to a WAV file. What was spoken before is taken from where it is kept."""
    given = locals()
    with Output("speak", as_json) as out:
        from vidgen.app.speak import SpeakOptions, speak_line

        if text == "-":
            given["text"] = sys.stdin.buffer.read().decode("utf-8", "replace")
        spoken = speak_line(options_of(SpeakOptions, given), warn=out.warn)
        out.say(spoken.summary())
        out.result(spoken.as_dict())
