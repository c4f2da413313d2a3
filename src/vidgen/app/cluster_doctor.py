"""``vidgen doctor --ray-address``: every node of a cluster, what it has, and what a render would give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidgen.cluster.client import Cluster
from vidgen.media.wording import counted


@dataclass(frozen=True)
class ClusterDiagnosis:
    """The nodes of a cluster, as ``NodeState.as_dict`` tells them."""

    address: str
    nodes: Sequence[Mapping[str, Any]]

    @property
    def checks(self) -> list[dict[str, Any]]:
        """A row for each node: its state, what was found and what to do about it."""
        return [_check(node) for node in self.nodes]

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``doctor --ray-address ADDRESS --json``."""
        return {
            "address": self.address,
            "nodes": [_row(node) for node in self.nodes],
            "checks": self.checks,
            "ok": any(not node["refused"] for node in self.nodes),
        }


def diagnose_cluster(address: str) -> ClusterDiagnosis:
    """Ask every node of a cluster. Makes nothing. Raises MissingError ``executor.missing`` where nobody answers."""
    with Cluster(address, [], 1, "doctor") as cluster:
        cluster.wait_ready()
        return ClusterDiagnosis(address, sorted(cluster.nodes, key=lambda node: str(node["name"])))


def _gets(node: Mapping[str, Any]) -> list[str]:
    """What a render would give a node."""
    facts = node["facts"]
    if node["refused"]:
        return []
    work = ["previz", "post-processing", "pieces of the cut"] if node["cores"] else []
    return [*work, *(f"local/{model}" for model in facts["models"] if facts["local"] is None)]


def _row(node: Mapping[str, Any]) -> dict[str, Any]:
    facts = node["facts"]
    shown = {name: facts.get(name) for name in ("vidgen", "python", "ffmpeg", "memory_gb", "models", "local")}
    given = {"cores": node["cores"], "gpus": node["gpus"], "gpus_found": facts.get("gpus", [])}
    return {"name": node["name"], **shown, **given, "refused": node["refused"], "gets": _gets(node)}


def _check(node: Mapping[str, Any]) -> dict[str, Any]:
    facts, refused = node["facts"], node["refused"]
    found = [f"vidgen {facts['vidgen']}" if facts["vidgen"] else "no vidgen", counted(node["cores"], "core")]
    if not facts.get("why"):
        ffmpeg = (facts["ffmpeg"] or "no ffmpeg").partition(" Copyright")[0].replace(" version", "")
        gpus = ", ".join(f"{gpu['name']} {gpu['gb']:.0f} GB" for gpu in facts["gpus"]) or "no GPU"
        found += [
            ffmpeg,
            f"{facts['memory_gb']:.0f} GB",
            f"{counted(node['gpus'], 'GPU')} of: {gpus}" if facts["gpus"] else gpus,
        ]
        found.append(f"models: {', '.join(facts['models']) or 'none'}")
    found.append(f"gets {', '.join(_gets(node))}" if _gets(node) else "gets nothing")
    remedy = refused or (facts.get("local") if node["gpus"] else None)
    state = "bad" if refused else "warn" if remedy else "ok"
    return {"name": f"node {node['name']}", "state": state, "found": "; ".join(found), "remedy": remedy}
