"""How fast Real-ESRGAN's video network runs on the CPU, way by way: the same two real frames, all ways in turn, several rounds.

python -m benchmarks.upscale_inference [--size 320x136 640x360] [--rounds 3] [--only WORD]

Ways whose package is not installed (onnx with onnxruntime, openvino) are left out. dB: PSNR of the 8-bit result against ncnn at
32 bits, worst of the frames; from 45 dB on nobody sees a difference.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.real_clips import real_clip
from vidgen.post.esrgan import ncnn_engine
from vidgen.post.esrgan.models import model
from vidgen.post.esrgan.ncnn_files import read_graph, state_dict
from vidgen.post.esrgan.tiling import from_planes
from vidgen.weights.store import pull

MODEL = "realesr-animevideov3"
SIZES = ("320x136", "640x360")
ROUNDS = 3
CORES = ncnn_engine.threads()
Way = Callable[[list[np.ndarray]], list[np.ndarray]]
"""Pictures as [3, h, w] of 0 to 1, to the same four times larger."""

BF16 = {"use_bf16_storage": True}
NCNN: dict[str, dict[str, Any]] = {
    "32 bits": {"use_fp16_storage": False, "use_fp16_packed": False, "use_fp16_arithmetic": False},
    "fp16 storage, packed, arithmetic": {"use_fp16_storage": True, "use_fp16_packed": True, "use_fp16_arithmetic": True},
    "bf16 storage": BF16,
    "bf16 storage, packed": {**BF16, "use_bf16_packed": True},
    "bf16 storage, no winograd": {**BF16, "use_winograd_convolution": False},
    "bf16 storage, no winograd 63": {**BF16, "use_winograd63_convolution": False},
    "no winograd 63": {"use_winograd63_convolution": False},
    "no winograd 63, 43": {"use_winograd63_convolution": False, "use_winograd43_convolution": False},
    "no winograd (sgemm)": {"use_winograd_convolution": False},
    "no packing": {"use_packing_layout": False},
    "no light mode": {"lightmode": False},
}


def frames(width: int, height: int) -> list[np.ndarray]:
    """Two frames of two films."""
    import av

    pictures = []
    for clip in ("bikes", "bigbuckbunny"):
        with av.open(str(real_clip(clip))) as film:
            pictures.append(next(film.decode(video=0)).to_ndarray(format="rgb24", width=width, height=height))
    return [np.ascontiguousarray(picture.transpose(2, 0, 1)).astype(np.float32) / 255 for picture in pictures]


def ncnn_net(graph: Path, weights: Path, threads: int, options: dict[str, Any]) -> Any:
    import ncnn

    net = ncnn.Net()
    net.opt.use_vulkan_compute, net.opt.num_threads = False, threads
    for name, value in options.items():
        setattr(net.opt, name, value)
    assert not net.load_param(str(graph)) and not net.load_model(str(weights))
    return net


def ncnn_one(net: Any, picture: np.ndarray) -> np.ndarray:
    import ncnn

    extractor, source = net.create_extractor(), ncnn.Mat(picture)
    extractor.input("data", source)
    return np.array(extractor.extract("output")[1])


def ncnn_ways(folder: Path) -> dict[str, Callable[[], Way]]:
    row = model(MODEL)
    graph, weights = folder / row.graphs[4], folder / row.weights
    pool = ThreadPoolExecutor(CORES)

    def turn(threads: int, **options: Any) -> Way:
        net = ncnn_net(graph, weights, threads, options)
        return lambda pictures: [ncnn_one(net, picture) for picture in pictures]

    def at_once(graph: Path, weights: Path, options: dict[str, Any]) -> Way:
        net = ncnn_net(graph, weights, 1, options)
        return lambda pictures: list(pool.map(lambda picture: ncnn_one(net, picture), pictures))

    def halved() -> Way:
        return at_once(folder / row.graphs[2], weights, {})

    def pinned() -> Way:
        net, cores = ncnn_net(graph, weights, 1, {}), sorted(os.sched_getaffinity(0))
        tied = ThreadPoolExecutor(CORES, initializer=lambda: os.sched_setaffinity(0, {cores.pop()}))
        return lambda pictures: list(tied.map(lambda picture: ncnn_one(net, picture), pictures))

    def int8() -> Way:
        with tempfile.TemporaryDirectory() as scratch:
            return at_once(*int8_files(folder, Path(scratch)), {})

    ways: dict[str, Callable[[], Way]] = {f"ncnn, {CORES} threads a picture (its defaults)": lambda: turn(CORES)}
    ways[f"ncnn, {CORES} threads a picture, no waiting"] = lambda: turn(CORES, openmp_blocktime=0)
    ways["ncnn, 1 thread in all"] = lambda: turn(1)
    for name, options in NCNN.items():
        ways[f"ncnn, a picture a core, {name}"] = lambda options=options: at_once(graph, weights, options)  # type: ignore[misc]
    ways["ncnn, a picture a core, pinned"] = pinned
    ways["ncnn, a picture a core, int8 after 3 layers, equalised"] = int8
    ways["ncnn, a picture a core, x2 graph"] = halved
    ways["vidgen's ncnn engine, from 8 bits to 8 bits"] = lambda: engine_way(folder)
    return ways


def engine_way(folder: Path) -> Way:
    engine = ncnn_engine.load(folder, MODEL, factor=4, device="cpu")

    def run(pictures: list[np.ndarray]) -> list[np.ndarray]:
        small = [np.rint(picture.transpose(1, 2, 0) * 255).astype(np.uint8) for picture in pictures]
        return [large.transpose(2, 0, 1) / np.float32(255) for large in engine.enlarge(small)]

    return run


def int8_files(folder: Path, out: Path, float_until: int = 4) -> tuple[Path, Path]:
    """The graph with int8 convolutions after number ``float_until`` of the body, made here: channels are first rescaled so
    that activations and weights share the range (Nagel et al. 2019, https://arxiv.org/abs/1906.04721; a PReLU lets that pass
    unchanged), then scales are taken from the two frames themselves, which flatters them.
    """
    import torch

    from vidgen.post.esrgan.networks import build

    row, state, most = model(MODEL), state_dict(model(MODEL), folder), {}
    convolutions = range(0, 35, 2)
    network = build(state)
    for at in convolutions:
        seen = most.setdefault(at, [])
        network.body[at].register_forward_pre_hook(lambda _, x, seen=seen: seen.append(x[0].abs().amax((0, 2, 3)).numpy()))
    with torch.inference_mode():
        for picture in frames(320, 180):
            network(torch.from_numpy(picture)[None])
    plain = {name: tensor.numpy() for name, tensor in state.items()}
    scaled, peak = dict(plain), {}
    for at in convolutions[1:]:
        ranges = np.maximum(np.max(most[at], 0), 1e-3)
        inputs = np.maximum(np.abs(plain[f"body.{at}.weight"]).max((0, 2, 3)), 1e-4)
        ratio = np.sqrt(ranges / inputs)
        peak[at] = (ranges / ratio).max()
        scaled[f"body.{at - 2}.weight"] = scaled[f"body.{at - 2}.weight"] / ratio[:, None, None, None]
        scaled[f"body.{at - 2}.bias"] = scaled[f"body.{at - 2}.bias"] / ratio
        scaled[f"body.{at}.weight"] = scaled[f"body.{at}.weight"] * ratio[None, :, None, None]
    lines, data, at = (folder / row.graphs[4]).read_text().splitlines(), b"", 0
    for index, layer in enumerate(read_graph(folder / row.graphs[4]), start=2):
        if layer.kind not in ("Convolution", "PReLU"):
            continue
        if layer.kind == "PReLU":
            data += scaled[f"body.{at}.weight"].astype("<f4").tobytes()
        else:
            weight, bias = (scaled[f"body.{at}.{end}"].astype("<f4") for end in ("weight", "bias"))
            if float_until < at < 34:
                lines[index] += " 8=1"
                scale = 127 / np.abs(weight).reshape(len(weight), -1).max(1)
                rounded = np.rint(weight * scale[:, None, None, None]).astype(np.int8).tobytes()
                data += np.uint32(0x000D4B38).tobytes() + rounded + bias.tobytes() + scale.astype("<f4").tobytes()
                data += np.float32(127 / peak[at]).tobytes()
            else:
                data += np.uint32(0).tobytes() + weight.tobytes() + bias.tobytes()
        at += 1
    (out / "x.param").write_text("\n".join(lines) + "\n")
    (out / "x.bin").write_bytes(data)
    return out / "x.param", out / "x.bin"


def torch_ways(folder: Path) -> dict[str, Callable[[], Way]]:
    import torch

    from vidgen.post.esrgan.networks import build

    torch.set_num_threads(CORES)

    def way(last: bool = False, kind: torch.dtype = torch.float32, mixed: bool = False, frozen: str = "") -> Way:
        network: Any = build(state_dict(model(MODEL), folder)).to(kind)
        form = torch.channels_last if last else torch.contiguous_format
        network = network.to(memory_format=form)
        if frozen == "compile":
            network = torch.compile(network)

        def run(pictures: list[np.ndarray]) -> list[np.ndarray]:
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                return [network(torch.from_numpy(p)[None].contiguous(memory_format=form))[0].numpy() for p in pictures]

        return run

    return {
        "torch, 32 bits": way,
        "torch, channels last": lambda: way(True),
        "torch, channels last, bf16 by autocast": lambda: way(True, mixed=True),
        "torch, channels last, bf16": lambda: way(True, torch.bfloat16),
        "torch, bf16": lambda: way(False, torch.bfloat16),
        "torch.compile (fuses in mkldnn), channels last": lambda: way(True, frozen="compile"),
        "torch.compile, channels last, bf16": lambda: way(True, torch.bfloat16, frozen="compile"),
    }


def onnx_model(folder: Path) -> bytes:
    """The x4 network as ONNX, built from the weights."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, arrays, name = [], [numpy_helper.from_array(np.array([1, 1, 4, 4], np.float32), "scales")], "x"
    state = state_dict(model(MODEL), folder)
    for at in range(35):
        weight = state[f"body.{at}.weight"].numpy()
        arrays.append(numpy_helper.from_array(weight if weight.ndim == 4 else weight[:, None, None], f"w{at}"))
        if weight.ndim == 4:
            arrays.append(numpy_helper.from_array(state[f"body.{at}.bias"].numpy(), f"b{at}"))
            nodes.append(helper.make_node("Conv", [name, f"w{at}", f"b{at}"], [f"y{at}"], pads=[1] * 4))
        else:
            nodes.append(helper.make_node("PRelu", [name, f"w{at}"], [f"y{at}"]))
        name = f"y{at}"
    nodes.append(helper.make_node("DepthToSpace", [name], ["detail"], blocksize=4, mode="CRD"))
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    nodes.append(helper.make_node("Resize", ["x", "", "scales"], ["repeated"], **nearest))
    nodes.append(helper.make_node("Add", ["detail", "repeated"], ["out"]))
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, [1, 3, f"{end}h", f"{end}w"]) for end in ("x", "out")]
    graph = helper.make_graph(nodes, "srvgg", ends[:1], ends[1:], arrays)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return made.SerializeToString()


def runtime_ways(folder: Path, width: int, height: int) -> dict[str, Callable[[], Way]]:
    ways: dict[str, Callable[[], Way]] = {}

    def by_onnxruntime() -> Way:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = CORES
        session = onnxruntime.InferenceSession(onnx_model(folder), options, providers=["CPUExecutionProvider"])
        return lambda pictures: [session.run(None, {"x": picture[None]})[0][0] for picture in pictures]

    def by_openvino(precision: str) -> Way:
        import openvino

        core = openvino.Core()
        network = core.read_model(onnx_model(folder))
        network.reshape([1, 3, height, width])
        wishes = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": CORES, "NUM_STREAMS": 1}
        request = core.compile_model(network, "CPU", wishes).create_infer_request()
        return lambda pictures: [np.array(request.infer({"x": picture[None]})[0][0]) for picture in pictures]

    if find_spec("onnx") and find_spec("onnxruntime"):
        ways["ONNX Runtime"] = by_onnxruntime
    if find_spec("onnx") and find_spec("openvino"):
        ways |= {f"OpenVINO {kind}": lambda kind=kind: by_openvino(kind) for kind in ("f32", "bf16")}  # type: ignore[misc]
    return ways


def decibels(made: list[np.ndarray], wanted: list[np.ndarray]) -> float:
    """PSNR of the 8-bit pictures, the worst of them; infinite where they are equal."""
    like = np.empty((0, 0, 3), np.uint8)
    eights = [(from_planes(a, like).astype(float), from_planes(b, like)) for a, b in zip(made, wanted, strict=True)]
    return min(float(10 * np.log10(255**2 / error)) if (error := ((a - b) ** 2).mean()) else np.inf for a, b in eights)


def user_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def measured(size: str, rounds: int, only: str = "") -> list[str]:
    """The rows of one size, quickest first."""
    folder = pull(MODEL)
    width, height = (int(part) for part in size.split("x"))
    pictures = frames(width, height)
    known = {**ncnn_ways(folder), **torch_ways(folder), **runtime_ways(folder, width, height)}
    wanted = next(iter(known.values()))()(pictures)
    ways, results = {}, {}
    for name, make in known.items():
        if only in name:
            print(f"{size}: {name}", file=sys.stderr, flush=True)
            ways[name] = make()
            results[name] = ways[name](pictures)
    wall: dict[str, list[float]] = {name: [] for name in ways}
    user: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begin, spent = time.perf_counter(), user_seconds()
            way(pictures)
            wall[name].append((time.perf_counter() - begin) / len(pictures))
            user[name].append((user_seconds() - spent) / len(pictures))
    rows = []
    for name in sorted(ways, key=lambda name: min(user[name])):
        quality = decibels(results[name], wanted) if results[name][0].shape == wanted[0].shape else None
        shown = "-" if quality is None else "same" if np.isinf(quality) else f"{quality:.1f}"
        numbers = (statistics.median(wall[name]), min(wall[name]), statistics.median(user[name]), min(user[name]))
        rows.append(f"| {size} | {name} | {' | '.join(f'{number:.3f}' for number in numbers)} | {shown} |")
    return rows


def table(sizes: tuple[str, ...] = SIZES, rounds: int = ROUNDS, only: str = "") -> str:
    """The Markdown table of every way at every size."""
    head = ["| frame | way | s/frame, median | best | user CPU s/frame, median | best | dB |", "|---|---|---|---|---|---|---|"]
    load = f"{os.getloadavg()[0]:.1f}"
    rows = [row for size in sizes for row in measured(size, rounds, only)]
    return "\n".join(
        [*head, *rows, "", f"{rounds} rounds in turn; load average {load} before and {os.getloadavg()[0]:.1f} after."]
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    print(table(tuple(args.size), args.rounds, args.only))


if __name__ == "__main__":
    main()
