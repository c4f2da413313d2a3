"""Models from a hub: told beforehand, resumed, checked, and never half here. The hub is a server on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from terminal import Terminal
from vidgen.engines.local.folder import find_model, open_folder
from vidgen.errors import InputError, MissingError
from vidgen.inventory.video_models import diffusion_rows, pull_diffusion
from vidgen.weights import hub

REPO = "someone/tiny-wan"
COMMIT = "5f0c2ab1d8b7f3a19e2f6c7d4e8a9b0c1d2e3f40"
Tiny = Callable[[str], Path]


@dataclass
class Hub:
    """What the server has in ``REPO`` and in others, what it was asked for, and how it misbehaves."""

    files: dict[str, bytes]
    others: dict[str, dict[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    gated: bool = False
    break_off: str = ""
    wrong: str = ""
    address: str = ""


def _handler(state: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def _send(self, code: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            state.tokens.add(self.headers.get("Authorization"))
            if state.gated:
                self._send(403, b'{"error": "gated"}', X_Error_Code="GatedRepo")
            elif (found := self._repo(path, "/api/models/{}/revision/")) is not None:
                siblings = [
                    {"rfilename": name, "size": len(data), "lfs": _lfs(data) if name.endswith(".safetensors") else None}
                    for name, data in found[0].items()
                ]
                body = json.dumps({"id": found[1], "sha": COMMIT, "siblings": siblings}).encode()
                self._send(200, body, Content_Type="application/json")
            elif (found := self._repo(path, f"/{{}}/resolve/{COMMIT}/")) is not None:
                self._file(found[0], found[2])
            else:
                self._send(404, b"{}", X_Error_Code="RepoNotFound")

        def _repo(self, path: str, under: str) -> tuple[dict[str, bytes], str, str] | None:
            """The files of the repository that a path is of, its name, and the rest of the path."""
            for name, files in {REPO: state.files, **state.others}.items():
                if path.startswith(under.format(name)):
                    return files, name, path.removeprefix(under.format(name))
            return None

        def _file(self, files: dict[str, bytes], name: str) -> None:
            data = files[name]
            tag = hashlib.sha256(data).hexdigest()
            if self.command == "GET":
                state.asked.append(f"{name} {self.headers.get('Range', '')}".strip())
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0] or 0)
            body = data[start:] if state.wrong != name else bytes(len(data))[start:]
            headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes", "Content-Length": str(len(body))}
            self.send_response(206 if start else 200)
            for key, value in headers.items():
                self.send_header(key, value)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            if self.command == "GET":
                if state.break_off == name:
                    state.break_off = ""
                    self.wfile.write(body[: len(body) // 2])
                    self.wfile.flush()
                    self.close_connection = True
                    self.connection.close()
                    return
                self.wfile.write(body)

    return Handler


def _lfs(data: bytes) -> dict[str, object]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}


@pytest.fixture
def server(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    root = tiny("wan-t2v")
    files = {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}
    files |= {
        "whole-model.safetensors": b"x" * 1000,
        "transformer/old.bin": b"pickle",
        "transformer/diffusion_pytorch_model.fp16.safetensors": b"the same again",
        "README.md": b"hello",
        "demo/a.mp4": b"v",
    }
    state = Hub(files)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(state)) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        state.address = f"http://127.0.0.1:{http.server_port}"
        monkeypatch.setenv("HF_ENDPOINT", state.address)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        yield state
        http.shutdown()
        thread.join()


def test_a_pull_takes_what_the_pipeline_needs_and_the_result_can_be_used(server: Hub) -> None:
    said: list[str] = []
    path = pull_diffusion(REPO, say=said.append)
    taken = {name.split()[0] for name in server.asked}
    assert {"model_index.json", "transformer/diffusion_pytorch_model.safetensors"} <= taken
    assert not {"whole-model.safetensors", "transformer/old.bin", "README.md", "demo/a.mp4"} & taken
    assert not [name for name in taken if "fp16" in name], "weights in another number format are not taken twice"
    assert "GB in" in said[0]
    found = find_model(REPO)
    assert (found.path, found.pipeline, found.revision) == (path, "WanPipeline", COMMIT)


def _files(root: Path) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def test_animatediff_is_put_together_from_two_repositories_and_can_be_loaded(server: Hub, tiny: Tiny, tmp_path: Path) -> None:
    from diffusers import MotionAdapter, UNet2DConditionModel

    from vidgen.engines.local.job import Load
    from vidgen.engines.worker.loading import load

    common = {"block_out_channels": (16, 32)}
    unet = UNet2DConditionModel(
        **common, layers_per_block=1, sample_size=8, cross_attention_dim=16, norm_num_groups=2, attention_head_dim=2,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    unet.save_pretrained(tmp_path / "unet")
    motion = MotionAdapter(**common, motion_layers_per_block=1, motion_norm_num_groups=2, motion_num_attention_heads=2)
    motion.save_pretrained(tmp_path / "motion")
    pictures = {name: data for name, data in _files(tiny("animatediff")).items() if not name.startswith(("unet/", "motion"))}
    pictures |= {f"unet/{name}": data for name, data in _files(tmp_path / "unet").items()}
    pictures |= {"safety_checker/model.safetensors": b"judge", "v1-5.safetensors": b"all in one"}
    server.others = {
        "stable-diffusion-v1-5/stable-diffusion-v1-5": pictures,
        "guoyww/animatediff-motion-adapter-v1-5-2": _files(tmp_path / "motion"),
    }
    path = pull_diffusion("animatediff-v2", say=lambda text: None)
    assert not (path / "safety_checker").exists() and not list(path.glob("*.safetensors")) and not list(path.rglob(".cache"))
    found = find_model("animatediff")
    assert (found.pipeline, found.model and found.model.name) == ("AnimateDiffPipeline", "animatediff-v2")
    assert found.revision == f"{COMMIT}+{COMMIT[:12]}"
    pipe = load(Load(path, "AnimateDiffPipeline", dtype="float32"), "whole").pipe
    assert type(pipe.unet).__name__ == "UNetMotionModel" and pipe.scheduler.config.beta_schedule == "linear"
    server.asked.clear()
    pull_diffusion("animatediff-v2", say=lambda text: None)
    assert server.asked == []


def test_a_models_loras_are_pulled_with_it_each_for_itself(server: Hub, tiny: Tiny) -> None:
    from vidgen.catalog.diffusion import model

    row = model("wan2.2-t2v-a14b")
    assert row and len(row.loras) == 2
    weights = _files(tiny("wan-t2v"))["vae/diffusion_pytorch_model.safetensors"]
    loras = {lora.file: weights for lora in row.loras} | {"another_model.safetensors": weights}
    server.others = {row.repo: _files(tiny("wan-moe")), row.loras[0].repo: loras}
    said: list[str] = []
    pull_diffusion(row.name, say=said.append)
    assert "Apache-2.0" in said[0]
    assert not [name for name in server.asked if "another_model" in name]
    for lora in row.loras:
        here = hub.pulled(hub.place_of(lora.repo, lora.file))
        assert here and [file.name for file in here.path.glob("*.safetensors")] == [lora.file]


def test_a_second_pull_downloads_nothing(server: Hub) -> None:
    pull_diffusion(REPO, say=lambda text: None)
    server.asked.clear()
    pull_diffusion(REPO, say=lambda text: None)
    assert server.asked == []


def test_a_broken_download_goes_on_and_nothing_half_is_ever_here(server: Hub) -> None:
    large = "image_encoder/model.safetensors"
    header = json.dumps({"zeros": {"dtype": "U8", "shape": [30_000_000], "data_offsets": [0, 30_000_000]}}).encode()
    server.files[large] = len(header).to_bytes(8, "little") + header + bytes(30_000_000)
    server.break_off = large
    try:
        pull_diffusion(REPO, say=lambda text: None)
    except MissingError:
        assert hub.pulled(REPO) is None
        server.asked.clear()
        pull_diffusion(REPO, say=lambda text: None)
    again = [entry for entry in server.asked if entry.startswith(large)]
    assert any("bytes=" in entry for entry in again), "it goes on where it stopped"
    assert hub.pulled(REPO) is not None


def test_other_bytes_than_the_hub_told_are_not_kept(server: Hub) -> None:
    server.wrong = "transformer/diffusion_pytorch_model.safetensors"
    with pytest.raises(MissingError) as caught:
        pull_diffusion(REPO, say=lambda text: None)
    assert caught.value.code == "models.checksum"
    assert hub.pulled(REPO) is None


def test_verify_finds_a_changed_file(server: Hub) -> None:
    path = pull_diffusion(REPO, say=lambda text: None)
    weights = path / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    (row,) = diffusion_rows([REPO], verify=True)
    assert row["state"] == "damaged" and "vae/diffusion_pytorch_model.safetensors" in row["problems"][0]


def test_a_gated_model_says_what_to_do_and_the_token_is_never_shown(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    server.gated = True
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    with pytest.raises(MissingError, match="gated") as caught:
        pull_diffusion(REPO, say=lambda text: None)
    assert "licence" in caught.value.hint and "hf_canary" not in str(caught.value) + caught.value.hint
    assert server.tokens == {"Bearer hf_canary"}


def test_an_unknown_model_is_told_as_such(server: Hub) -> None:
    with pytest.raises(MissingError, match="not on the hub"):
        pull_diffusion("nobody/nothing", say=lambda text: None)


def test_offline_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_OFFLINE", "1")
    with pytest.raises(MissingError) as caught:
        pull_diffusion("wan2.1-t2v-1.3b", say=lambda text: None)
    assert caught.value.code == "models.offline"


def test_an_address_without_encryption_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example.com")
    with pytest.raises(InputError, match="not https"):
        pull_diffusion(REPO, say=lambda text: None)


def test_a_person_can_say_no(server: Hub) -> None:
    from vidgen.errors import Cancelled

    with pytest.raises(Cancelled):
        pull_diffusion(REPO, say=lambda text: None, agree=lambda question: False)
    assert server.asked == []


@pytest.mark.parametrize(("keys", "code", "said"), [("n\r", 130, "was not downloaded: the answer was no"), ("y\r", 0, REPO)])
def test_a_person_is_asked_on_the_terminal_after_size_and_licence(
    keys: str, code: int, said: str, server: Hub, tmp_path: Path
) -> None:
    home = {"VIDGEN_HOME": str(tmp_path / "home")}
    with Terminal(["models", "pull", REPO], environment=home, cwd=tmp_path) as terminal:
        terminal.press("y\r")  # typed before there is a question
        terminal.wait_for(f"{REPO}: 0.0 GB in", "Download 0.0 GB? [y/N]")
        assert server.asked == []
        terminal.press(keys)
        assert terminal.end() == code and said in terminal.text() and bool(server.asked) is (code == 0)


def test_a_folder_with_code_of_its_own_is_refused(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(tiny("wan-t2v"), folder)
    (folder / "transformer" / "modeling.py").write_text("print('hello')")
    with pytest.raises(InputError, match="code of its own"):
        open_folder(folder)
    monkeypatch.setenv("VIDGEN_TRUST_MODEL", "1")
    assert open_folder(folder).pipeline == "WanPipeline"
