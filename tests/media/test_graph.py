"""Filter graphs are built as objects; names of inputs and outputs stand for what no user's file name ever enters."""

from __future__ import annotations

from vidgen.media.graph import arguments, chain, joined, picture_of, source, split


def test_a_graph_is_written_with_its_own_labels_and_our_arguments() -> None:
    early, late = split(chain(picture_of("sea", 1), ["setsar=1", "scale=96:54:flags=bicubic+accurate_rnd"]))
    mixed = joined([early, chain(late, "trim=start_frame=3,setpts=N")], "xfade", transition="fade", offset=0)
    args = arguments({"film": (mixed, ["-an", "file:out, [1].mp4"])}, {"sea": ["-t", "2", "-i", "file:it's [0:V].mp4"]})
    graph = args[args.index("-filter_complex") + 1]
    assert args[:4] == ["-t", "2", "-i", "file:it's [0:V].mp4"] and args[-2:] == ["-an", "file:out, [1].mp4"]
    assert graph.startswith("[0:V:1]setsar=1[s0];[s0]scale=96:54:flags=bicubic+accurate_rnd[s1];[s1]split=2[s2][s3];")
    assert graph.endswith("xfade=offset=0:transition=fade[s6]") and args[-4:-2] == ["-map", "[s6]"]


def test_inputs_are_opened_in_the_order_of_the_graph_and_only_where_they_are_needed() -> None:
    both = joined([picture_of("b"), picture_of("a")], "concat", n=2)
    args = arguments({"out": (both, ["x.mp4"])}, {name: ["-i", f"{name}.mp4"] for name in "abc"})
    opened = [args[index + 1][0] for index, word in enumerate(args) if word == "-i"]
    graph = args[args.index("-filter_complex") + 1]
    assert sorted(opened) == ["a", "b"]
    assert graph == f"[{opened.index('b')}:V:0][{opened.index('a')}:V:0]concat=n=2[s0]"


def test_a_source_has_no_input() -> None:
    black = chain(source("color=black:s=96x54"), "trim=end_frame=1")
    args = arguments({"out": (joined([black, picture_of("sea")], "concat", n=2), ["x.mp4"])}, {"sea": ["-i", "sea.mp4"]})
    assert "color=black:s=96x54[s0];[s0]trim=end_frame=1[s1];[s1][0:V:0]concat=n=2[s2]" in args
