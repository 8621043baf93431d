"""Tandem's side of a step of load: a cluster of one node, its history read from the rows of its decisions."""

import pathlib
import sqlite3
import time

import files
from cluster import Cluster
from reaction import History
from reaction_step import Wish

DEPLOYMENT = "bench#sleeper"
NODE_CPUS = 1  # of the one node: room for all that a step can ask for, and one slot for a replica that takes it all
READY_S = 60.0
POLL_S = 0.01

# A route that a proxy has applied, and a node: then the first request finds everything but a replica.
REACHABLE = """
SELECT (SELECT count(*) FROM proxy WHERE routes_json -> ? IS NOT NULL)
     * (SELECT count(*) FROM node WHERE phase = 'ready')
"""
TARGETS = "SELECT at_ms, after FROM serve_decision WHERE kind = 'scale' AND subject = ? ORDER BY id"
# Decisions about a replica itself all end it.
ENDED = "SELECT subject, min(at_ms) FROM serve_decision WHERE subject GLOB '*#*#*' GROUP BY subject"


class TandemSide:
    name = "Tandem"

    def __init__(self, binary: str, folder: pathlib.Path, seed: int) -> None:
        self.binary, self.folder, self.seed = binary, folder, seed
        self.begun = 0
        self.cluster: Cluster | None = None
        self.first_target = 0
        self.routed: dict[str, int] = {}

    @property
    def port(self) -> int:
        return self.cluster.port

    @property
    def url(self) -> str:
        return self.cluster.url

    def begin(self, wish: Wish) -> None:
        """A new cluster, on an empty State."""
        self.end()
        self.begun += 1
        self.routed, self.first_target = {}, wish.minimum
        place = self.folder / str(self.begun)
        place.mkdir(parents=True)
        machines = files.cluster_file(files.free_ports(3), NODE_CPUS, 0.1, 1, self.seed, idle_timeout_s=3600)
        self.cluster = Cluster(self.binary, place, machines, {"applications": [application(wish)]})
        self.cluster.up()
        if wish.minimum > 0:
            self.cluster.wait_for_200()
        else:
            self.wait_until_reachable()

    def wait_until_reachable(self) -> None:
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            self.cluster.check_alive()
            try:
                [(count,)] = self.cluster.rows(REACHABLE, f'$."{DEPLOYMENT}"')
            except (RuntimeError, sqlite3.OperationalError):
                count = 0  # the file or its tables are still being made
            if count:
                return
            time.sleep(POLL_S)
        raise RuntimeError(f"no proxy had a route to {DEPLOYMENT}, or no node was ready, within {READY_S:.0f} s")

    def end(self) -> None:
        if self.cluster:
            self.cluster.down()
            self.cluster = None

    def replicas(self) -> int:
        return self.cluster.rows("SELECT count(*) FROM replica")[0][0]

    def history(self) -> History:
        """Targets: instants of the decisions. Serving: first time on a route, to the decision that ends it.

        Rows of replicas go when those have ended: call this at least once while they live (for seconds)."""
        self.cluster.check_alive()
        offset = self.cluster.rows("SELECT clock_offset_ms FROM cluster")[0][0]
        for replica, routed_ms in self.cluster.rows("SELECT id, routed_ms FROM replica WHERE routed_ms IS NOT NULL"):
            self.routed.setdefault(replica, routed_ms)
        targets = [(at - offset, int(after)) for at, after in self.cluster.rows(TARGETS, DEPLOYMENT)]
        ended = dict(self.cluster.rows(ENDED))
        left = [ended[replica] for replica in self.routed if replica in ended]
        changes = sorted([(at, 1) for at in self.routed.values()] + [(at, -1) for at in left])
        return History([(float("-inf"), self.first_target), *targets], counted(changes, offset), 1.0)


def counted(changes: list[tuple[int, int]], offset: int) -> list[tuple[float, int]]:
    """From changes by one, on the cluster clock, to the count from each instant on, on the boot clock."""
    count, counts = 0, {}
    for at, change in changes:
        count += change
        counts[at - offset] = count
    return sorted(counts.items())


def application(wish: Wish) -> dict:
    app = files.sleeper(wish.service_ms, wish.autoscaling["max_replicas"])
    deployment = app["deployments"][0]
    deployment["command"] += ["--start-ms", str(wish.start_ms)]
    deployment["readiness"] = {"path": "/-/healthz"}
    deployment["ray_actor_options"] = {"num_cpus": wish.num_cpus}
    deployment["autoscaling_config"] = wish.autoscaling | wish.tandem_scaling
    return app
