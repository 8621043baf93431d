"""`kill -9` of one process after the other under constant load: what fails, is lost, is left over, is bought twice."""

import argparse
import pathlib
import random
import time

import files
from cluster import Cluster, kill
from load import Load

ABOUT = "rounds of kill -9 under constant load"

KINDS = ["serve", "nodes", "cloud", "agent", "all"]  # all: all but agents and proxies, then `tandem up` again
TIERS = ("serve", "nodes", "all")
USERS = 6
RECOVERY_MAX_S = 60.0
DELTA_S = 60.0  # target changes are counted for so long after a kill
LEAK_S = 30.0  # after the end, before the cloud is compared with the rows


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=10, help="kills (10)")
    parser.add_argument("--between-s", type=float, default=10.0, help="from recovery to the next kill (10)")
    parser.add_argument("--only", choices=KINDS, help="kill always this")


def measure(options: argparse.Namespace, folder: pathlib.Path) -> dict:
    rounds = 2 if options.quick else options.rounds
    machines = files.cluster_file(files.free_ports(3), 2, 0.5, 8, options.seed, idle_timeout_s=300)
    cluster = Cluster(options.binary, folder, machines, {"applications": [files.sleeper(200, 30)]})
    load = None
    try:
        cluster.up()
        cluster.wait_for_200()
        load = Load(options.binary, cluster.url)
        load.users(USERS)
        wait_until_steady(cluster)
        test = Rounds(cluster, load, options)
        for number in range(rounds):
            test.run(number)
        figures = test.finish(options.quick)
        report = load.stop()
        figures |= {"requests": report["requests"], "failures": report["failures"]}
        figures["failed_requests"] = report["failed"] - figures["failed_on_proxy_kill"]
        figures |= inventory(cluster, 5.0 if options.quick else LEAK_S)
    finally:
        if load:
            load.kill()
        cluster.down()
    return {"bench": "restart", "rounds": rounds, **figures}


def wait_until_steady(cluster: Cluster, quiet_s: float = 5.0, deadline_s: float = 60.0) -> None:
    """Until all wanted replicas have been ready, and their number the same, for a while."""
    query = """
    SELECT (SELECT sum(target) FROM deployment),
           (SELECT count(*) FROM replica r JOIN placement p ON p.replica = r.id
             WHERE r.phase = 'wanted' AND p.phase = 'ready')
    """
    end = time.monotonic() + deadline_s
    last, since = None, time.monotonic()
    while time.monotonic() < end:
        seen = cluster.rows(query)[0]
        if seen != last:
            last, since = seen, time.monotonic()
        if seen[0] == seen[1] and time.monotonic() - since >= quiet_s:
            return
        time.sleep(0.1)
    raise RuntimeError(f"replicas wanted and ready are still {last} after {deadline_s} s of constant load")


class Rounds:
    def __init__(self, cluster: Cluster, load: Load, options: argparse.Namespace) -> None:
        self.cluster, self.load, self.options = cluster, load, options
        self.dice = random.Random(options.seed)
        self.recoveries: list[int] = []
        self.kills_unix_ms: list[int] = []
        self.lost: list[str] = []
        self.killed: list[str] = []

    def run(self, number: int) -> None:
        kind = self.options.only or self.dice.choice(KINDS)
        known = {app["name"]: app for app in self.cluster.serve["applications"]}
        app = files.probe(number)
        self.cluster.deploy({"applications": [*known.values(), app]})
        before = ids(self.cluster)
        failed = self.load.failed()
        took = self.kill(kind)
        self.recoveries.append(took)
        self.killed.append(kind)
        time.sleep(self.options.between_s)
        gone = lost(self.cluster, before)
        self.lost += gone
        print(
            f"{number + 1:3} kill -9 {kind:6} recovered after {took:5} ms, {self.load.failed() - failed} failed,"
            f" {len(gone)} lost {gone or ''}",
            flush=True,
        )

    def kill(self, kind: str) -> int:
        """Milliseconds from the kill to the next committed step of what was killed."""
        roles = {"all": ["serve", "nodes"], "serve": ["serve"]}.get(kind, ["nodes"])
        victims = self.victims(kind)
        marks = progress(self.cluster, roles)
        self.kills_unix_ms.append(round(time.time() * 1000))
        start = time.monotonic()
        for pid in victims:
            kill(pid)
        if kind == "all":
            self.cluster.process.wait()
            self.cluster.up()
        has_taken = kind not in TIERS
        while time.monotonic() - start < RECOVERY_MAX_S:
            now = progress(self.cluster, roles)
            if not has_taken and all(now[role][0] > marks[role][0] for role in roles):
                # The first commit of a new process takes the role; what counts is the one after it.
                has_taken, marks = True, now
            elif has_taken and self.is_back(kind, victims) and all(now[role] > marks[role] for role in roles):
                return round((time.monotonic() - start) * 1000)
            time.sleep(0.01)
        raise RuntimeError(f"no committed step within {RECOVERY_MAX_S} s after kill -9 of {kind}")

    def victims(self, kind: str) -> list[int]:
        pids = self.cluster.pids()
        if kind == "all":
            return [self.cluster.process.pid, *pids["serve"], *pids["nodes"], *pids["cloud"]]
        if not pids[kind]:
            raise RuntimeError(f"no process `tandem run {kind}` to kill")
        return [self.dice.choice(sorted(pids[kind]))]

    def is_back(self, kind: str, victims: list[int]) -> bool:
        """Whether another process does the work of the killed one."""
        kinds = ["serve", "nodes", "cloud"] if kind == "all" else [kind]
        pids = self.cluster.pids()
        return all(pids[one] for one in kinds) and not any(set(victims) & set(pids[one]) for one in kinds)

    def finish(self, quick: bool) -> dict:
        on_proxy = self.kill_proxy()
        if not quick:
            rest = self.kills_unix_ms[-1] / 1000 + DELTA_S - time.time()
            time.sleep(max(0.0, rest))
        return {
            "killed": self.killed,
            "failed_on_proxy_kill": on_proxy,
            "lost_rows": len(self.lost),
            "lost": self.lost,
            "recovery_ms": self.recoveries,
            "recovery_ms_p99": sorted(self.recoveries)[-1],
            "decision_delta": self.decisions(),
        }

    def kill_proxy(self) -> int:
        """Requests that fail when the proxy itself is killed: at most those in flight, and the refusals until it is
        back. Counted apart."""
        before = self.load.failed()
        victims = self.victims("proxy")
        for pid in victims:
            kill(pid)
        self.cluster.wait_for_200()
        time.sleep(2)
        failed = self.load.failed() - before
        print(f"    kill -9 proxy  {failed} failed", flush=True)
        return failed

    def decisions(self) -> int:
        """Changes of targets within a minute after any kill; the load was constant."""
        query = "SELECT at_unix_ms FROM serve_decision WHERE kind = 'scale' AND subject = 'bench#sleeper'"
        instants = [at for (at,) in self.cluster.rows(query)]
        return sum(any(0 <= at - one <= DELTA_S * 1000 for one in self.kills_unix_ms) for at in instants)


def progress(cluster: Cluster, roles: list[str]) -> dict[str, tuple[int, int]]:
    """Epoch and renewals of each role: they grow with every process that takes it and with its commits."""
    rows = {role: (epoch, renewals) for role, epoch, renewals in cluster.rows("SELECT role, epoch, renewals FROM role")}
    return {role: rows.get(role, (0, 0)) for role in roles}


# Everything that people were shown. Nodes and decisions are kept as history; a replica that was ended on purpose
# leaves a decision about it.
IDS = """
SELECT 'application ' || name FROM application
UNION ALL SELECT 'deployment ' || id FROM deployment
UNION ALL SELECT 'node ' || id FROM node
UNION ALL SELECT 'replica ' || id FROM replica
UNION ALL SELECT 'serve_decision ' || id FROM serve_decision
UNION ALL SELECT 'node_decision ' || id FROM node_decision
"""


def ids(cluster: Cluster) -> set[str]:
    return {name for (name,) in cluster.rows(IDS)}


def lost(cluster: Cluster, before: set[str]) -> list[str]:
    explained = {f"replica {subject}" for (subject,) in cluster.rows("SELECT subject FROM serve_decision")}
    return sorted(before - ids(cluster) - explained)


def inventory(cluster: Cluster, wait_s: float) -> dict:
    """What the cloud has against what the rows say, some time after the end."""
    time.sleep(wait_s)
    machines = [machine for machine in cluster.machines() if machine["state"] != "terminated"]
    live = {token for (token,) in cluster.rows("SELECT token FROM node WHERE phase <> 'gone'")}
    tokens = [machine["token"] for machine in machines]
    return {
        "leaked_nodes": sum(token not in live for token in tokens),
        "duplicate_nodes": len({token for token in tokens if tokens.count(token) > 1}),
    }
