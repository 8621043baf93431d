"""The main job: users in steps against `num_replicas: auto`, two tiers, fake cloud."""

import argparse
import math
import pathlib
import statistics
import time

import files
import plateaus
from cluster import Cluster
from load import Load

ABOUT = "closed-loop users in steps; replicas follow them, nodes follow the replicas"

USERS = [1, 4, 10, 20, 40, 10, 0]
TARGET_ONGOING = 2  # requests wanted for each replica: the default of num_replicas: auto
MAX_REPLICAS = 30
SETTLED_S = 5.0  # nothing has changed for so long
LEVEL_MAX_S = 60.0  # a level that has not settled by then is taken as it is
POLL_S = 0.1
HEADER = f"{'users':>6} {'replicas':>8} {'nodes':>6} {'qps':>8} {'p50 ms':>8} {'p99 ms':>8} {'steady s':>9}"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=numbers, default=None, help="levels, e.g. 1,4,10,20,40,10,0")
    parser.add_argument("--node-cpus", type=int, default=4, help="CPU of a node (4)")
    parser.add_argument("--record", action="store_true", help="simulate the same run, and compare the plateaus")
    parser.add_argument("--handler-ms", type=int, default=200, help="time of a request (200)")


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def measure(options: argparse.Namespace, folder: pathlib.Path) -> dict:
    levels = options.users or ([1, 4, 0] if options.quick else USERS)
    most_nodes = math.ceil(MAX_REPLICAS / options.node_cpus)
    machines = files.cluster_file(files.free_ports(3), options.node_cpus, 0.5, most_nodes, options.seed)
    apps = {"applications": [files.sleeper(options.handler_ms, MAX_REPLICAS)]}
    cluster = Cluster(options.binary, folder, machines, apps)
    load = None
    compared = {}
    try:
        cluster.up()
        cluster.wait_for_200()
        load = Load(options.binary, cluster.url)
        print(HEADER, flush=True)
        began = time.monotonic()
        rows = [run_level(cluster, load, users, options.node_cpus, began) for users in levels]
        report = load.stop()
    finally:
        if load:
            load.kill()
        cluster.down()
    if options.record:
        compared = plateaus.compare(options.binary, folder, cluster.serve_file, cluster.cluster_file, rows)
    return result(levels, rows, report) | compared


def look(cluster: Cluster) -> tuple[int, int, int]:
    """Replicas ready, replicas wanted, nodes ready and not draining; from one reading of the database."""
    query = """
    SELECT (SELECT count(*) FROM replica r JOIN placement p ON p.replica = r.id
             WHERE r.phase = 'wanted' AND p.phase = 'ready'),
           (SELECT sum(target) FROM deployment),
           (SELECT count(*) FROM node WHERE phase = 'ready')
    """
    ready, wanted, nodes = cluster.rows(query)[0]
    return ready, wanted or 0, nodes


def run_level(cluster: Cluster, load: Load, users: int, node_cpus: int, began: float) -> dict:
    """One level until it has settled: its row, and how it went there. `began`: when the first level did."""
    before = last_decision(cluster)
    failed_before = load.failed()
    start = time.monotonic()
    load.users(users)
    state, changed = look(cluster), start
    minimum_since = None
    while True:
        time.sleep(POLL_S)
        cluster.check_alive()
        now = time.monotonic()
        seen = look(cluster)
        if seen != state:
            state, changed = seen, now
        at_minimum = seen == (1, 1, 1)
        minimum_since = (minimum_since or now) if at_minimum else None
        # Without users the end is known: it is waited for, however long nothing changes on the way.
        settled = now - changed >= SETTLED_S and (users > 0 or at_minimum)
        if settled or now - start >= LEVEL_MAX_S:
            break
    row = {"users": users, "replicas": state[0], "nodes": state[2], **speeds(load.since(changed))}
    row |= {"start_s": round(start - began, 3), "end_s": round(now - began, 3)}
    row |= {"steady_ms": round((changed - start) * 1000), "settled": settled}
    row |= {"targets": targets(cluster, before), "failed": load.failed() - failed_before}
    row["minimum_ms"] = round((minimum_since - start) * 1000) if minimum_since else None
    verdict = judge(row, node_cpus)
    print(
        f"{users:6} {row['replicas']:8} {row['nodes']:6} {row['qps']:8.1f} {show(row['p50_ms'])} {show(row['p99_ms'])}"
        f" {row['steady_ms'] / 1000:9.1f}  {verdict}",
        flush=True,
    )
    return row


def show(figure: float | None) -> str:
    return f"{figure:8.1f}" if figure is not None else f"{'-':>8}"


def speeds(ticks: list[dict]) -> dict:
    """Of the seconds in which nothing changed any more."""
    rates = [tick["requests_per_second"] for tick in ticks]
    middles = [tick["p50_us"] for tick in ticks if tick.get("p50_us") is not None]
    tails = [tick["p99_us"] for tick in ticks if tick.get("p99_us") is not None]
    return {
        "qps": round(statistics.mean(rates), 1) if rates else 0.0,
        "p50_ms": round(statistics.median(middles) / 1000, 1) if middles else None,
        "p99_ms": round(max(tails) / 1000, 1) if tails else None,
    }


def judge(row: dict, node_cpus: int) -> str:
    """Replicas = ceil(users / 2) ± 1 within the bounds, and the fewest nodes that hold them."""
    expected = min(max(math.ceil(row["users"] / TARGET_ONGOING), 1), MAX_REPLICAS)
    fewest = max(math.ceil(row["replicas"] / node_cpus), 1)
    faults = []
    if abs(row["replicas"] - expected) > 1:
        faults.append(f"expected {expected} ± 1 replicas")
    if row["nodes"] != fewest:
        faults.append(f"{fewest} nodes would do" if row["nodes"] > fewest else f"too few nodes: {fewest} needed")
    if row["failed"]:
        faults.append(f"{row['failed']} failed")
    if not row["settled"]:
        faults.append(f"not settled within {LEVEL_MAX_S:.0f} s")
    row["as_expected"] = not faults
    return "; ".join(faults) or "as expected"


def last_decision(cluster: Cluster) -> int:
    return cluster.rows("SELECT coalesce(max(id), 0) FROM serve_decision")[0][0]


def targets(cluster: Cluster, before: int) -> list[int]:
    """Every target that was decided since the decision `before`, also those that did not last."""
    query = "SELECT after FROM serve_decision WHERE id > ? AND kind = 'scale' ORDER BY id"
    return [int(after) for (after,) in cluster.rows(query, before)]


def result(levels: list[int], rows: list[dict], report: dict) -> dict:
    upward = [row for row, last in zip(rows, [0] + levels) if row["users"] > last]
    over = [target - math.ceil(row["users"] / TARGET_ONGOING) for row in upward for target in row["targets"]]
    return {
        "bench": "seed-example",
        "steps": rows,
        "requests": report["requests"],
        "failed": report["failed"],
        "failures": report["failures"],
        "first_replica_ms": first_replica(report),
        "steady_ms": max((row["steady_ms"] for row in upward), default=None),
        "back_to_min_ms": rows[-1]["minimum_ms"],
        "overshoot": max([0, *over]),
        "as_expected": all(row["as_expected"] for row in rows),
    }


def first_replica(report: dict) -> int | None:
    """From the first request of the first level that asks for a second replica to the second replica's first 200."""
    stages = [stage for stage in report["stages"] if (stage.get("users") or 0) > TARGET_ONGOING]
    if not stages or len(report["seen"]) < 2:
        return None
    return report["seen"][1]["elapsed_ms"] - stages[0]["first_request_ms"]
