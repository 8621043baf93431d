"""Node purchase: what the cheapest nodes for all tasks of an openb trace cost, with the shapes of its nodes as catalogue, next to
what they must cost and to first fit decreasing."""

import json
import pathlib
import shutil
import subprocess
import sys

import plan_bound
import plan_check
import ray_peer

CPU_HOUR = 0.03
GIB_HOUR = 0.004
GPU_HOUR = {  # dollars, of the order of what clouds ask for one; G2 and G3 are the trace's own names
    "P100": 1.46, "T4": 0.35, "V100M16": 2.48, "V100M32": 2.98, "A10": 0.9, "G2": 1.2, "G3": 2.95,
}  # fmt: skip
COST_OVER_BOUND_MAX = 1.02
SCIPY = "1.17.1"


def catalogue(nodes: list[tuple[int, int, int, str]]) -> list[dict]:
    """(thousandths of CPU, bytes, devices, model) of nodes: each shape once."""
    types = []
    for cpu, memory, gpus, model in sorted(set(nodes)):
        price = CPU_HOUR * cpu / 1000 + GIB_HOUR * memory / (1 << 30) + GPU_HOUR.get(model, 1.0) * gpus
        types.append(
            {
                "name": f"{cpu // 1000}c-{memory >> 30}g-{gpus}{model}",
                "resources": {"CPU": cpu / 1000, "memory": memory, "GPU": gpus},
                "labels": {"model": model} if gpus else {},
                "offerings": [{"zone": "z", "price_per_hour": round(price, 6)}],
            }
        )
    return types


def demand(tasks: list[tuple[int, int, int, str]]) -> list[dict]:
    counts: dict[tuple, int] = {}
    for task in tasks:
        counts[task] = counts.get(task, 0) + 1
    requests = []
    for number, ((cpu, memory, gpu, models), count) in enumerate(sorted(counts.items())):
        request = {"id": f"r{number}", "count": count, "resources": {"CPU": cpu / 1000, "memory": memory, "GPU": gpu / 1000}}
        if models:
            request["label_selector"] = {"model": f"in({','.join(models.split('|'))})"}
        requests.append(request)
    return requests


def scipy() -> pathlib.Path | None:
    """A Python with SciPy in a private place, installed when it is missing; None: it cannot be had."""
    folder = (ray_peer.PEERS / f"scipy-{SCIPY}").resolve()
    python = folder / "bin/python"
    if python.exists():
        return python
    try:
        # Beside it, then renamed: what stands at the final name is complete.
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        advice = "apt-get install python3-venv, if it is that which is missing"
        ray_peer.call([sys.executable, "-m", "venv", str(unfinished)], advice)
        words = [str(unfinished / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        ray_peer.call([*words, f"scipy=={SCIPY}"], "is PyPI reached?")
        unfinished.rename(folder)
    except RuntimeError as error:
        print(f"no pattern bound: {error}")
        return None
    return python


def bought(binary: str, folder: pathlib.Path, name: str, types: list[dict], tasks: list, patience: float) -> dict:
    """One workload: cost, bounds, first fit decreasing; RuntimeError if the plan does not hold."""
    world = {"node_types": types, "requests": demand(tasks)}
    described, planned = folder / f"{name}.json", folder / f"{name}-plan.json"
    described.write_text(json.dumps(world))
    program = subprocess.run([binary, "plan", "--input", str(described), "--timing"], stdout=subprocess.PIPE, text=True)
    if program.returncode != 0:
        raise RuntimeError(f"tandem plan ended with {program.returncode}")
    planned.write_text(program.stdout)
    plan = json.loads(program.stdout)
    faults = plan_check.check(world, plan)
    if faults:
        raise RuntimeError(f"{name}: {faults[0]}")
    resources = plan_bound.bound(world, plan)
    figures = {"cost": plan["cost_per_hour"], "resource_bound": resources, "planning_ms": plan["planning_ms"]}
    python = scipy() if patience > 0 else None
    if python is not None:
        words = [str(python), str(pathlib.Path(__file__).with_name("pattern_bound.py")), str(described), str(planned), str(patience)]
        answer = subprocess.run(words, stdout=subprocess.PIPE, text=True)
        if answer.returncode == 0:
            found = json.loads(answer.stdout.splitlines()[-1])
            figures["pattern_bound"], figures["pattern_program"] = found["bound"], found["program"]
    bound = max(resources, figures.get("pattern_bound", 0.0))
    figures["cost_over_bound"] = round(figures["cost"] / bound, 4)
    figures["first_fit_over_bound"] = round(plan_bound.first_fit(world) / bound, 4)
    figures["unplaced"] = sum(one["count"] for one in plan["unplaced"])
    return figures
