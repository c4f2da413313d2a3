"""Filter graphs as objects: ffmpeg-python builds them and numbers their labels, ``media.ffmpeg`` runs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

Stream: TypeAlias = Any
"""A stream of ffmpeg-python's, which has no types."""


def picture_of(name: str, stream: int = 0) -> Stream:
    """The pictures of an input that goes by ``name`` until ``arguments`` puts the real one in its place."""
    import ffmpeg

    return ffmpeg.input(name)[f"V:{stream}"]


def chain(stream: Stream, steps: str | Iterable[str]) -> Stream:
    """Put filters behind a stream: ``trim=end_frame=3,setpts=N``, or one each. No value has a comma, colon or quote in it."""
    text = steps if isinstance(steps, str) else ",".join(steps)
    for step in text.split(","):
        name, values, options = _parsed(step)
        stream = stream.filter(name, *values, **options)
    return stream


def source(step: str) -> Stream:
    """A filter without an input, such as ``color=black:s=96x54:r=10``."""
    from ffmpeg.nodes import FilterableStream, FilterNode, Node

    class Source(FilterNode):  # type: ignore[misc] # the library makes none with fewer than one input
        def __init__(self, name: str, values: Sequence[str], options: Mapping[str, str]) -> None:
            kinds = {FilterableStream}
            Node.__init__(self, None, name, kinds, FilterableStream, 0, 0, values, options)

    name, values, options = _parsed(step)
    return Source(name, values, options).stream()


def joined(streams: Sequence[Stream], name: str, **options: object) -> Stream:
    """One filter with several inputs."""
    import ffmpeg

    return ffmpeg.filter(list(streams), name, **options)


def split(stream: Stream) -> tuple[Stream, Stream]:
    """The same frames twice."""
    both = stream.filter_multi_output("split")
    return both[0], both[1]


def arguments(ends: Mapping[str, tuple[Stream, Sequence[str]]], inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """The argument list of a graph, which has an input.

    Args:
        ends: what is written, by any name: a stream, and the options and the file behind its ``-map``.
        inputs: the options and ``-i FILE`` of each input, by the name that it goes by. One that nothing needs is not opened.
    """
    import ffmpeg

    written = ffmpeg.merge_outputs(*(ffmpeg.output(stream, name) for name, (stream, _) in ends.items()))
    found: list[str] = []
    words = iter(written.get_args())
    for word in words:
        if word == "-i":
            found += inputs[next(words)]
        else:
            found += ends[word][1] if word in ends else [word]
    return found


def _parsed(step: str) -> tuple[str, list[str], dict[str, str]]:
    """A filter's name, its plain values and its named ones."""
    name, _, given = step.partition("=")
    words = given.split(":") if given else []
    options = dict(word.split("=", 1) for word in words if "=" in word)
    return name, [word for word in words if "=" not in word], options
