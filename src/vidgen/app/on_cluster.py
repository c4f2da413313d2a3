"""A render's cluster: opened where the command line asks for one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vidgen.engines.base import Engine, LocalEngine
from vidgen.errors import InputError, MissingError, Notice
from vidgen.planning.plan import PlannedShot, UserClip
from vidgen.render.events import Listener

if TYPE_CHECKING:
    from vidgen.cluster.client import Cluster
    from vidgen.render.on_cluster import OnCluster

EXECUTORS = ("local", "ray")
Wanted = Sequence[tuple[str, str | None, str | None]]


def check_executor(name: str, ray_address: str | None) -> None:
    """Raise MissingError ``executor.missing`` where the executor is not known or not here, or nobody answers at its address;
    InputError ``usage.invalid`` for an address without it.
    """
    if name not in EXECUTORS:
        raise MissingError("executor.missing", f"there is no executor {name}", hint="--executor local or --executor ray")
    if name == "ray":
        from vidgen.cluster.client import address_of, check_ray

        check_ray(address_of(ray_address))
    elif ray_address:
        raise InputError("usage.invalid", "--ray-address is only for --executor ray", hint="add --executor ray")


@contextmanager
def cluster_for(
    executor: str,
    ray_address: str | None,
    shots: Iterable[PlannedShot],
    engines: Mapping[str, Engine],
    *,
    run_id: str,
    jobs: int | None,
    listener: Listener,
    warn: Callable[[Iterable[Notice]], None],
) -> Iterator[Cluster | None]:
    """The cluster of a run, which begins to start and ends with the block; None where this machine does the work."""
    if executor != "ray":
        yield None
        return
    from vidgen.cluster.client import Cluster, address_of

    def on_node(state: str, node: Mapping[str, Any]) -> None:
        listener(f"node.{state}", node=node["name"], why=node["refused"])
        if state == "lost" and not node["refused"]:
            warn([Notice("cluster.node_lost", f"{node['name']} was lost; what it was doing is done elsewhere")])
        elif state == "refused":
            warn([refused(node)])

    wanted = wanted_of(shots, engines)
    cores = jobs or os.cpu_count() or 1
    with Cluster(address_of(ray_address), wanted, cores, run_id, on_node) as cluster:
        yield cluster


def wait_for_nodes(cluster: Cluster | None, warn: Callable[[Iterable[Notice]], None]) -> None:
    """Wait until the nodes of a cluster are known, and say which get no work. Raises MissingError ``executor.missing`` where
    there is no cluster, ``cluster.no_node`` where no node can work.
    """
    if cluster:
        cluster.wait_ready()
        cluster.check_nodes()
        warn(refused(node) for node in cluster.nodes if node["refused"])


def helper_of(cluster: Cluster | None) -> OnCluster | None:
    """What has post-processing and the cut done on a cluster; None where this machine does it."""
    if cluster is None:
        return None
    from vidgen.render.on_cluster import OnCluster

    return OnCluster(cluster)


def refused(node: Mapping[str, Any]) -> Notice:
    """Why a node gets no work."""
    return Notice("cluster.node_refused", f"{node['name']} gets no work: {node['refused']}")


def wanted_of(shots: Iterable[PlannedShot], engines: Mapping[str, Engine]) -> Wanted:
    """The engines that compute and the models that shots need, with what each model is called here."""
    found = dict.fromkeys((shot.engine, shot.request.model) for shot in shots if not isinstance(shot, UserClip))
    local = {name: engine for name, engine in engines.items() if isinstance(engine, LocalEngine)}
    return [(name, model, local[name].model_key(model)) for name, model in found if name in local]


def executor_data(cluster: Cluster) -> dict[str, Any]:
    """``executor`` in ``data`` of ``render --json``."""
    nodes = [node for node in cluster.nodes if not node["refused"]]
    return {"name": "ray", "nodes": len(nodes), "gpus": sum(node["gpus"] for node in nodes)}
