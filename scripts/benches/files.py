"""The serve and cluster files of the benchmarks, and free ports. JSON is YAML: the files are written as JSON."""

import socket


def free_ports(count: int) -> list[int]:
    """Ports that are free now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


# Below the range from which the kernel takes ports for outgoing connections.
REPLICA_PORTS = "12000-19999"


def cluster_file(
    ports: list[int], node_cpus: int, boot_delay_s: float, max_workers: int, seed: int, idle_timeout_s: float = 2
) -> dict:
    ingress, control, nodes = ports
    return {
        "cluster_name": f"bench-{ingress}",
        "max_workers": max_workers,
        "idle_timeout_s": idle_timeout_s,
        "ports": {"ingress": ingress, "control": control, "nodes": nodes, "replicas": REPLICA_PORTS},
        "provider": {"type": "fake", "boot_delay_s": boot_delay_s, "seed": seed},
        "available_node_types": {
            "bench": {"resources": {"CPU": node_cpus}, "min_workers": 1, "max_workers": max_workers}
        },
    }


def sleeper(handler_ms: int, max_replicas: int) -> dict:
    """One application at /: a built-in handler that sleeps, one CPU a replica, scaled by its traffic."""
    return {
        "name": "bench",
        "route_prefix": "/",
        "deployments": [
            {
                "name": "sleeper",
                "command": ["tandem", "replica", "sleep", "--ms", str(handler_ms)],
                "readiness": {"path": "/-/healthz", "period_s": 0.5},
                "ray_actor_options": {"num_cpus": 1},
                "num_replicas": "auto",
                "autoscaling_config": {
                    "max_replicas": max_replicas,
                    "metrics_interval_s": 0.25,
                    "look_back_period_s": 1,
                    "upscale_delay_s": 1,
                    "downscale_delay_s": 3,
                },
            }
        ],
    }


def probe(number: int) -> dict:
    """An application without replicas, to be found again after a restart."""
    return {
        "name": f"probe-{number}",
        "route_prefix": f"/probe-{number}",
        "deployments": [
            {
                "name": "nothing",
                "command": ["tandem", "replica", "sleep", "--ms", "1"],
                "num_replicas": "auto",
                "autoscaling_config": {"min_replicas": 0, "max_replicas": 1},
            }
        ],
    }
