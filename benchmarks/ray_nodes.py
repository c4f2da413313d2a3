"""A Ray cluster of several nodes on this machine, for tests and benchmarks: each node has a raylet of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from benchmarks.watch import family

STORE = 100 << 20
"""Bytes of shared memory of each node."""


class RayNodes:
    """A head that does no work, and nodes that do."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes: list[Any] = []

    @property
    def address(self) -> str:
        """As ``--ray-address`` takes it."""
        return str(self._cluster.address)

    def add(self, cores: int = 1, *, wait: bool = True) -> Any:
        """One more node."""
        node = self._cluster.add_node(wait=wait, num_cpus=cores, object_store_memory=STORE)
        self.nodes.append(node)
        return node

    def kill(self, node: Any) -> None:
        """kill -9 of all that the node is, as when its plug is pulled; what works on it ends since its node is gone."""
        self.nodes.remove(node)
        for processes in node.all_processes.values():
            for one in processes:
                os.kill(one.process.pid, signal.SIGKILL)

    def freeze(self, node: Any) -> list[int]:
        """Stop all that works on a node, but not the node: it is there and does nothing. Returns the processes."""
        raylet = node.all_processes["raylet"][0].process.pid
        works = [pid for pid in family(raylet) if pid != raylet]
        for pid in works:
            os.kill(pid, signal.SIGSTOP)
        return works

    def wake(self, processes: list[int]) -> None:
        """Let go on what was stopped and is still there."""
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """End all nodes."""
        self._cluster.shutdown()


@contextmanager
def ray_nodes(count: int) -> Iterator[RayNodes]:
    """A cluster with so many nodes of one core. It listens on this machine's address without a token, while it is up."""
    before = dict(os.environ)
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    nodes = RayNodes()
    try:
        for _ in range(count):
            nodes.add(wait=False)
            time.sleep(0.5)
        yield nodes
    finally:
        nodes.close()
        os.environ.clear()
        os.environ.update(before)
