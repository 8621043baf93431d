"""From an empty State directory to the first 200, and what the processes weigh."""

import argparse
import pathlib
import statistics
import time

import files
from cluster import Cluster, pss_mib

ABOUT = "from `tandem up` on an empty State to the first 200; memory of the processes"

SETTLE_S = 10.0  # after the first 200, before memory is read


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=3, help="each on a new State (3)")


def measure(options: argparse.Namespace, folder: pathlib.Path) -> dict:
    rounds = [measure_once(options, folder / str(number)) for number in range(1 if options.quick else options.rounds)]
    first = [one["first_200_ms"] for one in rounds]
    middle = {key: round(statistics.median(one[key] for one in rounds), 1) for key in rounds[0]}
    return {
        "bench": "cold-start",
        **middle,
        "first_200_ms": round(statistics.median(first)),
        "first_200_ms_min": min(first),
        "first_200_ms_max": max(first),
        "rounds": len(rounds),
    }


def measure_once(options: argparse.Namespace, folder: pathlib.Path) -> dict:
    folder.mkdir()
    machines = files.cluster_file(files.free_ports(3), 4, 0, 4, options.seed)
    cluster = Cluster(options.binary, folder, machines, {"applications": [files.sleeper(1, 4)]})
    try:
        start = time.monotonic()
        cluster.up()
        first = round((cluster.wait_for_200() - start) * 1000)
        time.sleep(SETTLE_S)
        cluster.check_alive()
        weights = weigh(cluster)
    finally:
        cluster.down()
    figures = {
        "first_200_ms": first,
        "pss_mib_control": sum(weights[role] for role in ("up", "serve", "nodes", "cloud")),
        "pss_mib_proxy": weights["proxy"],
        "pss_mib_agent": weights["agent"],
        "pss_mib_total": sum(weights.values()),
        **{f"pss_mib_{role}": weights[role] for role in ("up", "serve", "nodes", "cloud")},
    }
    parts = ", ".join(f"{role} {mib:.1f}" for role, mib in weights.items())
    print(f"first 200 after {first} ms; PSS {figures['pss_mib_total']:.1f} MiB: {parts}", flush=True)
    return figures


def weigh(cluster: Cluster) -> dict[str, float]:
    """PSS by role, in MiB, of one process each."""
    weights = {"up": pss_mib(cluster.process.pid)}
    for role, pids in cluster.pids().items():
        if not pids:
            raise RuntimeError(f"no process `tandem run {role}` of {cluster.state}")
        weights[role] = pss_mib(pids[0])
    return weights
