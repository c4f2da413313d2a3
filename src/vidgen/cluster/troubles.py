"""What the gateway says of work that comes to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidgen.cluster.demands import model_name
from vidgen.cluster.machines import NodeState
from vidgen.cluster.scheduler import Task


def reason(node: NodeState, task: Task) -> str:
    """Why a node cannot do a piece of work."""
    if node.refused:
        return node.refused
    for one in node.facts["able"]:
        if model_name(one["engine"], one["model"]) == task.model:
            if task.gb and one["key"]:
                return f"it needs {task.gb:.0f} GB of GPU memory"
            return str(one["why"] or f"its {task.model} is {one['key']}, which is another than the driver's")
    return "it has not what the work needs"


def death(event: Mapping[str, Any]) -> str:
    """How a process ended that worked."""
    code = event["code"]
    how = "was killed, as happens where memory runs out" if code == -9 else f"ended with the status {code}"
    return f"it {how}{'; its last words: ' + event['words'] if event['words'] else ''}"


def failed(code: str, message: str) -> dict[str, Any]:
    """What is told of work that has failed."""
    error = {"kind": "ProcessingError", "code": code, "message": message, "hint": _HINTS.get(code, "")}
    return {"event": "failed", "error": error}


_AGAIN = "run the same command again; what is done is kept"
_HINTS = {
    "cluster.lost": _AGAIN,
    "cluster.no_node": "vidgen doctor --ray-address ADDRESS shows what each node has",
    "cluster.crashed": f"{_AGAIN}. Out of memory is the usual cause: larger nodes, or fewer cores of each",
    "cluster.full": _AGAIN,
    "cluster.transfer": _AGAIN,
    "file.disk_full": _AGAIN,
}
