"""How soon the nodes for much are ordered, and those for little given back: the shapes by which Cluster Autoscaler and
Karpenter are measured, with both tiers on a database on disk, in virtual time, one thread."""

import argparse
import json
import pathlib
import subprocess

ABOUT = "nodes ordered and given back: six shapes of Cluster Autoscaler, seven of Karpenter; a step of 10,000 nodes"
BINARY = ".build/release/swarm"

QUICK_PERCENT = 10
OUT_S_MAX = 6.0
"""From the first replica without a place to the last order of a node."""
IN_S_MAX = 10.0
"""From the first node that can go to the last one that is given back."""
STEP_MS_MAX = 5.0
"""A step of the node tier in which nothing changed, at 10,000 nodes and 100,000 replicas."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shapes", help="some of them, with commas between (all)")
    parser.add_argument("--percent", type=int, default=100, help="of each shape's replicas (100)")
    parser.add_argument("--nodes", type=int, default=10_000, help="of the step in which nothing changes (10000)")
    parser.add_argument("--replicas", type=int, default=100_000, help="of the same (100000)")
    parser.add_argument("--no-step", action="store_true", help="leave that step out")


def measure(options: argparse.Namespace, folder: pathlib.Path) -> dict:
    percent = QUICK_PERCENT if options.quick else options.percent
    words = ["elasticity", "--state", str(folder / "State"), "--percent", str(percent)]
    words += ["--shapes", options.shapes] if options.shapes else []
    acts = ask(options, words)["acts"]
    show(acts)
    result = {
        "bench": "elasticity",
        "percent": percent,
        "shapes": [row(act) for act in acts],
        "out_s_max": longest(acts, "out"),
        "in_s_max": longest(acts, "in"),
        "longest_step_ms": max((act["longest_step_ms"] for act in acts), default=0),
        "violations": sum(len(act["violations"]) for act in acts),
    }
    isMet = (result["out_s_max"] or 0) <= OUT_S_MAX and (result["in_s_max"] or 0) <= IN_S_MAX
    if percent == 100:
        print(f"bars of {OUT_S_MAX:g} s out and {IN_S_MAX:g} s in: {'met' if isMet else 'MISSED'}")
    if not options.no_step:
        share = percent if options.quick else 100
        still = ["node-step", "--state", str(folder / "Still"), "--nodes", str(options.nodes * share // 100)]
        result["step"] = ask(options, still + ["--replicas", str(options.replicas * share // 100)])
        show_step(result["step"])
    return result


def ask(options: argparse.Namespace, words: list[str]) -> dict:
    command = [options.binary, *words]
    program = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if program.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {program.returncode}")
    return json.loads(program.stdout.splitlines()[-1])


def row(act: dict) -> dict:
    """`out_s` and `in_s` count what was under way (calls, orders, boots, starts) and the wall time of all steps; waits
    that the cluster file or a rule names (idle timeout, the pause before a plan begins) are `waited_s`."""
    keys = ["shape", "act", "nodes_before", "nodes_after", "replicas", "cpu_pct", "plans", "steps", "usd_per_hour"]
    name = {"out": "out_s", "in": "in_s", "still": "still_s"}[act["way"]]
    return {
        **{key: act[key] for key in keys},
        name: round(act["ms"] / 1000, 2),
        "virtual_s": act["virtual_ms"] / 1000,
        "wall_s": round((act["nodes_wall_ms"] + act["serve_wall_ms"] + act["orders_wall_ms"]) / 1000, 2),
        "waited_s": act["waited_ms"] / 1000,
        "longest_step_ms": act["longest_step_ms"],
        "memory_pct": act.get("memory_pct"),
        "violations": act["violations"],
    }


def longest(acts: list[dict], way: str) -> float | None:
    return max((round(act["ms"] / 1000, 2) for act in acts if act["way"] == way), default=None)


def show(acts: list[dict]) -> None:
    print("seconds: under way in virtual time + wall time of the steps, without waits that are configured (waited)")
    print(f"{'shape':24} {'act':18} {'s':>6} {'waited':>7} {'longest':>9} {'nodes':>12} {'CPU':>6} {'memory':>7} plans")
    for act in acts:
        nodes = f"{act['nodes_before']} -> {act['nodes_after']}"
        memory = f"{act['memory_pct']:.0f} %" if "memory_pct" in act else ""
        print(
            f"{act['shape']:24} {act['act']:18} {act['ms'] / 1000:6.2f} {act['waited_ms'] / 1000:7.1f}"
            f" {act['longest_step_ms']:6} ms {nodes:>12} {act['cpu_pct']:4.0f} % {memory:>7} {act['plans']:5}"
        )
        for violation in act["violations"]:
            print(f"  VIOLATION {violation}")


def show_step(step: dict) -> None:
    print(
        f"a step of {step['nodes']} nodes and {step['replicas']} replicas in which nothing changed: at rest"
        f" {step['rest_us_p50'] / 1000:.2f} ms, p99 {step['rest_us_p99'] / 1000:.2f}; planned anew"
        f" {step['plan_us_p50'] / 1000:.1f} ms"
    )
    if (step["nodes"], step["replicas"]) == (10_000, 100_000):
        isMet = step["rest_us_p99"] / 1000 <= STEP_MS_MAX
        print(f"bar of {STEP_MS_MAX:g} ms for the step: {'met' if isMet else 'MISSED'}")
