"""The pure planner on described worlds: Karpenter's scheduling benchmark, the inputs on which Ray's node scheduler was measured,
a million equal replicas, a step in which nothing changed, and how its time grows with each size.

Each plan is played again by plan_check, and what it must cost at least is computed anew from the world by plan_bound; first
fit decreasing runs on the same worlds. Times are `planning_ms` of `tandem plan`, one thread, the median of the rounds.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess

import placement_worlds as worlds
import plan_bound
import plan_check

ABOUT = "the planner alone: Karpenter's benchmark, Ray's inputs, equal replicas, growth with each size"

PODS_PER_S_MIN = 100_000
COST_OVER_BOUND_MAX = 1.05
SPEED_OVER_RAY_MIN = 100
SAME_SHAPE_MS_MAX = 50.0
STEADY_MS_MAX = 5.0
KARPENTER_PODS_PER_S = 990  # posted for 20,000 pods on an Apple M3 Pro, 12 threads, kubernetes-sigs/karpenter#2486


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pods", default="2000,5000,10000,20000", help="sizes of Karpenter's benchmark")
    parser.add_argument("--types", type=int, default=400, help="node types of Karpenter's benchmark (400)")
    parser.add_argument("--replicas", type=int, default=1_000_000, help="equal replicas (1000000)")
    parser.add_argument("--nodes", type=int, default=10_000, help="nodes for them (10000)")
    parser.add_argument("--rounds", type=int, default=3, help="plans of each world (3)")
    parser.add_argument("--data", default=os.environ.get("TANDEM_DATA"), help="folder with ray_sched_inputs.json (TANDEM_DATA)")


def plan(binary: str, world: dict, file: pathlib.Path, rounds: int) -> tuple[dict, float]:
    """The plan, and the median of its times in milliseconds. Two plans of a world must be the same."""
    file.write_text(json.dumps(world))
    times, first = [], None
    for _ in range(rounds):
        program = subprocess.run([binary, "plan", "--input", str(file), "--timing"], stdout=subprocess.PIPE, text=True)
        if program.returncode != 0:
            raise RuntimeError(f"tandem plan ended with {program.returncode} on {file}")
        answer = json.loads(program.stdout)
        times.append(answer.pop("planning_ms"))
        if first is not None and answer != first:
            raise RuntimeError(f"two plans of {file} differ")
        first = answer
    return first, statistics.median(times)


def case(options: argparse.Namespace, folder: pathlib.Path, name: str, world: dict) -> dict:
    """Plans the world, checks the plan, and says it in figures."""
    answer, took = plan(options.binary, world, folder / f"{name}.json", options.rounds)
    faults = plan_check.check(world, answer)
    for fault in faults[:3]:
        print(f"  {name}: {fault}")
    bound = plan_bound.bound(world, answer)
    replicas = sum(request.get("count", 1) * len(request.get("bundles", [0])) for request in world["requests"])
    figures = {
        "pods_per_s": round(replicas / max(took, 1e-3) * 1000), "planning_ms": took, "nodes": len(answer["launches"]),
        "cost": answer["cost_per_hour"], "bound": round(bound, 6),
        "cost_over_bound": round(answer["cost_per_hour"] / bound, 4) if bound > 0 else None,
        "own_bound": answer["lower_bound_cost_per_hour"],
        "unplaced": sum(one["count"] for one in answer["unplaced"]), "violations": len(faults),
    }  # fmt: skip
    # A bound of ours above the independent one is a stronger proof or a false one; above the cost it is false.
    if answer["lower_bound_cost_per_hour"] > answer["cost_per_hour"] * (1 + 1e-9) + 1e-9:
        figures["violations"] += 1
        print(f"  {name}: lower_bound_cost_per_hour is above the cost")
    return figures


def told(name: str, figures: dict, more: str = "") -> None:
    over = figures["cost_over_bound"]
    print(
        f"{name:34} {figures['planning_ms']:9.2f} ms {figures['pods_per_s']:>11,}/s {figures['nodes']:>6} nodes"
        f" {figures['cost']:>11.3f} $/h {'' if over is None else f'{over:.4f} x bound':>15} {figures['violations']} faults {more}",
        flush=True,
    )


def karpenter(options: argparse.Namespace, folder: pathlib.Path, cases: dict) -> bool:
    met = True
    sizes = [int(text) for text in options.pods.split(",")]
    for pods in sizes[: 1 if options.quick else None]:
        world = worlds.karpenter(pods, options.seed, options.types)
        name = f"karpenter-{pods}"
        figures = cases[name] = case(options, folder, name, world)
        figures["first_fit_cost"] = round(plan_bound.first_fit(world), 6)
        figures["pods_per_s_over_karpenter"] = round(figures["pods_per_s"] / KARPENTER_PODS_PER_S, 1)
        told(name, figures, f"first fit {figures['first_fit_cost']:.2f} $/h")
        met = met and figures["cost_over_bound"] <= COST_OVER_BOUND_MAX and not figures["unplaced"]
        met = met and figures["cost"] <= figures["first_fit_cost"] * (1 + 1e-9)
        met = met and (pods < 20_000 or figures["pods_per_s"] >= PODS_PER_S_MIN)
    return met


def ray(options: argparse.Namespace, folder: pathlib.Path, cases: dict) -> bool:
    file = pathlib.Path(options.data or ".") / "ray_sched_inputs.json"
    if not options.data or not file.exists():
        print("no --data and no TANDEM_DATA: Ray's inputs are left out")
        return True
    met = True
    for label, prices in (("equal", None), ("prices", worlds.RAY_PRICES)):
        for kind, world in worlds.ray(file, prices).items():
            if options.quick and "1000" not in kind:
                continue
            name = f"ray-{label}-{kind}"
            figures = cases[name] = case(options, folder, name, world)
            nodes, took = worlds.RAY_RESULTS[kind]
            figures["times_faster_than_ray"] = round(took / max(figures["planning_ms"], 1e-3), 1)
            more = f"{figures['times_faster_than_ray']:g} x Ray's speed"
            if nodes is not None:
                price = lambda n: prices[n] if prices else 1
                figures["ray_cost"] = round(sum(count * price(n) for n, count in nodes.items()), 6)
                more += f", Ray {figures['ray_cost']:g}"
                met = met and figures["cost"] <= figures["ray_cost"] + 1e-9
            slow = any(f"-{size}" in kind for size in ("1000", "5000", "10000"))
            met = met and not figures["unplaced"] and not (slow and figures["times_faster_than_ray"] < SPEED_OVER_RAY_MIN)
            told(name, figures, more)
    return met


def growth(options: argparse.Namespace, folder: pathlib.Path, cases: dict) -> None:
    """One size grows by tens, the others stay."""
    base = {"replicas": 10_000, "nodes": 1_000, "shapes": 10, "types": 10}
    steps = {
        "replicas": [10_000, 100_000, 1_000_000], "nodes": [100, 1_000, 10_000], "shapes": [1, 10, 100, 1_000],
        "types": [1, 10, 100, 400],
    }  # fmt: skip
    for axis, values in steps.items():
        for value in values[: 2 if options.quick else None]:
            sizes = {**base, axis: value}
            name = f"growth-{axis}-{value}"
            cases[name] = case(options, folder, name, worlds.mixed(options.seed, **sizes))
            told(name, cases[name])


def steady(options: argparse.Namespace, folder: pathlib.Path, cases: dict) -> bool:
    """Nothing wants a place: ten replicas stand on each node."""
    world = worlds.steady(10 * options.nodes, options.nodes)
    name = f"steady-{worlds.short(10 * options.nodes)}-on-{worlds.short(options.nodes)}"
    figures = cases[name] = case(options, folder, name, world)
    told(name, figures)
    return figures["planning_ms"] <= STEADY_MS_MAX or options.nodes > 10_000


def measure(options: argparse.Namespace, folder: pathlib.Path) -> dict:
    if options.quick:
        options.rounds = 1
    cases: dict[str, dict] = {}
    met = {"karpenter": karpenter(options, folder, cases), "ray": ray(options, folder, cases)}
    name = f"same-shape-{worlds.short(options.replicas)}-on-{worlds.short(options.nodes)}"
    figures = cases[name] = case(options, folder, name, worlds.same_shape(options.replicas, options.nodes))
    told(name, figures)
    large = options.replicas > 1_000_000 or options.nodes > 10_000
    met["same-shape"] = not figures["unplaced"] and (large or figures["planning_ms"] <= SAME_SHAPE_MS_MAX)
    met["steady"] = steady(options, folder, cases)
    growth(options, folder, cases)
    met["violations"] = not any(one["violations"] for one in cases.values())
    print("bars: " + ", ".join(f"{bar} {'met' if is_met else 'MISSED'}" for bar, is_met in met.items()))
    return {"bench": "placement", "rounds": options.rounds, "cases": cases}
