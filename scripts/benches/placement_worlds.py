"""Described worlds for the placement bench."""

import json
import pathlib
import random

GIB = 1 << 30
MIB = 1 << 20


def karpenter(pods: int, seed: int, types: int = 400) -> dict:
    """Karpenter's scheduling benchmark: 400 types with 5 offerings each, a fifth of the pods of each of five kinds.

    Source: pkg/controllers/provisioning/scheduling/scheduling_benchmark_test.go and pkg/cloudprovider/fake/instancetype.go
    of kubernetes-sigs/karpenter, as of November 2025.
    """
    dice = random.Random(seed)
    node_types = []
    for index in range(types):
        cores, memory = index + 1, 2 * (index + 1) * GIB
        price = 0.1 * cores + 0.1 * memory / 1e9
        places = [("zone-1", "spot"), ("zone-2", "spot")] + [(f"zone-{z}", "on-demand") for z in (1, 2, 3)]
        node_types.append(
            {
                "name": f"type-{index}",
                "resources": {"CPU": cores - 0.1, "memory": memory - 10 * MIB, "slots": 10 * cores},
                "labels": {"size": "large" if cores > 4 and memory > 8 * GIB else "small", "cores": str(cores)},
                "offerings": [
                    {"zone": z, "capacity_type": c, "price_per_hour": round(price, 9), "available": True} for z, c in places
                ],
            }
        )
    requests = []
    letter = lambda: dice.choice("abcdefg")
    for number in range(pods):
        kind = min(number // max(1, pods // 5), 5) if pods >= 5 else 5
        own = letter()
        request = {
            "id": f"pod-{number}",
            "resources": {
                "CPU": dice.choice([100, 250, 500, 1000, 1500]) / 1000,
                "memory": dice.choice([100, 256, 512, 1024, 2048, 4096]) * MIB,
                "slots": 1,
            },
            "labels": {"my-label": own},
        }
        if kind in (1, 2):
            topology = "zone" if kind == 1 else "node"
            request["spread"] = [{"topology": topology, "max_skew": 1, "selector": {"my-label": letter()}}]
        if kind == 3:
            value = letter()
            request["labels"] = {"my-affinity": value}
            request["affinity"] = [{"topology": "zone", "selector": {"my-affinity": value}}]
        if kind == 4:
            request["labels"] = {"app": "nginx"}
            request["anti_affinity"] = [{"topology": "node", "selector": {"app": "nginx"}}]
        requests.append(request)
    return {"node_types": node_types, "requests": requests}


RAY_PRICES = {"cpu-8": 0.4, "cpu-32": 1.6, "mem-16": 1.1, "gpu-1": 1.2, "gpu-8": 9.0, "head": 0.1}
"""Dollars per hour for Ray's types, of the order of what clouds ask for such machines."""


def ray(path: pathlib.Path, prices: dict | None) -> dict[str, dict]:
    """The inputs on which Ray's node scheduler was measured; one price for all types where none is given."""
    worlds = {}
    for case in json.loads(path.read_text()):
        node_types = [
            {
                "name": name,
                "resources": kind["resources"],
                "offerings": [{"zone": "z", "price_per_hour": prices[name] if prices else 1}],
                "min_workers": 0,
                "max_workers": kind["max"],
            }
            for name, kind in case["node_types"].items()
            if name != "head"
        ]
        nodes = []
        table = case["existing"]["table"]
        whole = {t["name"]: t["resources"] for t in node_types}
        for number, entry in enumerate(case["existing"]["index"]):
            row = table[entry]
            free, total = row["available"], whole[row["type"]]
            used = {}
            for name, amount in total.items():
                taken = amount - free.get(name, 0)
                used[name] = int(round(taken)) if name == "memory" else round(taken, 3)
            gpus = int(used.pop("GPU", 0))
            node = {"id": f"n{number}", "type": row["type"], "zone": "z", "used": used}
            if "GPU" in total:
                node["used_gpus_milli"] = [1000] * gpus + [0] * (int(total["GPU"]) - gpus)
            nodes.append(node)
        requests = []
        for number, demand in enumerate(case["demands"] + case["constraint"]):
            requests.append({"id": f"r{number}", "count": demand["count"], "resources": rounded(demand["bundle"])})
        for number, gang in enumerate(case["gangs"]):
            requests.append(
                {"id": f"g{number}", "bundles": [rounded(b) for b in gang["bundles"]], "strategy": gang["strategy"]}
            )
        worlds[case["name"]] = {
            "node_types": node_types, "nodes": nodes, "requests": requests, "limits": {"max_workers": case["max_num_nodes"]},
        }
    return worlds


def rounded(bundle: dict) -> dict:
    return {k: int(v) if k == "memory" else round(v, 3) for k, v in bundle.items()}


RAY_RESULTS = {  # new nodes by type and milliseconds (median) of Ray 2.60's ResourceDemandScheduler.schedule on these inputs
    "single-cpu-100-empty-1type": ({"cpu-8": 13}, 8.5),
    "single-cpu-1000-empty-1type": ({"cpu-8": 125}, 113.6),
    "single-cpu-5000-empty-1type": ({"cpu-8": 625}, 1137.5),
    "single-cpu-10000-empty-1type": ({"cpu-8": 1250}, 2399.7),
    "single-cpu-100-empty-5types": ({"cpu-32": 3, "cpu-8": 1}, 6.1),
    "single-cpu-1000-empty-5types": ({"cpu-32": 31, "cpu-8": 1}, 72.4),
    "single-cpu-5000-empty-5types": ({"cpu-32": 156, "cpu-8": 1}, 618.3),
    "single-cpu-10000-empty-5types": ({"cpu-32": 312, "mem-16": 1}, 1749.8),
    "mixed-100-empty-5types": ({"gpu-8": 3}, 4.0),
    "mixed-1000-empty-5types": ({"cpu-32": 2, "gpu-1": 3, "gpu-8": 28}, 54.8),
    "mixed-5000-empty-5types": ({"cpu-32": 27, "gpu-8": 138}, 573.5),
    "mixed-10000-empty-5types": ({"cpu-32": 59, "gpu-8": 276}, 1828.3),
    "single-cpu-1000-on-10-idle": ({"cpu-32": 21, "cpu-8": 1}, 76.0),
    "single-cpu-1000-on-10-full": ({"cpu-32": 31, "cpu-8": 1}, 76.3),
    "mixed-1000-on-10-frag": ({"cpu-32": 2, "gpu-8": 27}, 66.1),
    "single-cpu-1000-on-100-idle": ({}, 1095.1),
    "single-cpu-1000-on-100-full": ({"cpu-32": 31, "cpu-8": 1}, 88.2),
    "mixed-1000-on-100-frag": ({"gpu-8": 22}, 505.0),
    "single-cpu-1000-on-500-idle": ({}, 5443.0),
    "single-cpu-1000-on-500-full": ({"cpu-32": 31, "cpu-8": 1}, 185.9),
    "mixed-1000-on-500-frag": ({}, 7361.5),
    "single-cpu-1000-on-1000-idle": ({}, 13476.1),
    "single-cpu-1000-on-1000-full": ({"cpu-32": 31, "cpu-8": 1}, 381.4),
    "mixed-1000-on-1000-frag": ({}, 18791.3),
    "single-cpu-1000-on-2000-idle": ({}, 28075.0),
    "single-cpu-1000-on-2000-full": ({"cpu-32": 31, "cpu-8": 1}, 722.3),
    "mixed-1000-on-2000-frag": ({}, 55518.1),
    "mixed-5000-on-2000-frag": (None, 60000.0),
    "no-demand-on-2000-idle": ({}, 582.8),
    "constraint-500x8cpu-on-100-idle": ({"cpu-32": 25}, 729.2),
    "gang-50x4-strict-spread": ({"cpu-8": 100}, 276.4),
    "gang-50x4-strict-pack": ({"cpu-8": 50}, 91.4),
    "distinct-1000-empty-5types": ({"cpu-32": 105, "cpu-8": 1, "mem-16": 35}, 2103.9),
}


def same_shape(replicas: int, nodes: int) -> dict:
    """So many equal replicas for so many equal nodes, with room for a tenth more."""
    each = -(-replicas * 11 // (nodes * 10))
    return {
        "node_types": [{"name": "node", "resources": {"CPU": each, "memory": each * GIB}}],
        "nodes": [{"id": f"n{i}", "type": "node", "zone": f"z{i % 3}"} for i in range(nodes)],
        "requests": [{"id": "r", "count": replicas, "resources": {"CPU": 1, "memory": GIB}}],
    }


def steady(replicas: int, nodes: int) -> dict:
    """So many replicas stand on so many nodes, and nothing wants a place; more types could be had."""
    each = -(-replicas // nodes)
    return {
        "node_types": [
            {
                "name": f"node-{size}",
                "resources": {"CPU": each * size, "memory": each * size * GIB},
                "offerings": [{"zone": f"z{z}", "price_per_hour": 0.05 * each * size} for z in range(3)],
            }
            for size in (1, 2, 4)
        ],
        "nodes": [
            {"id": f"n{i}", "type": "node-1", "zone": f"z{i % 3}", "used": {"CPU": each, "memory": each * GIB}} for i in range(nodes)
        ],
        "requests": [],
    }


def mixed(seed: int, replicas: int, nodes: int, shapes: int, types: int) -> dict:
    """Replicas of so many shapes on nodes that are there, half full, and on what must be bought besides."""
    dice = random.Random(seed)
    node_types = []
    for index in range(types):
        cores = 4 * (index % 32 + 1)
        memory = cores * (2 + 2 * (index // 32 % 4)) * GIB
        node_types.append(
            {
                "name": f"type-{index}",
                "resources": {"CPU": cores, "memory": memory},
                "offerings": [
                    {"zone": f"z{z}", "price_per_hour": round(0.03 * cores + 0.004 * memory / GIB, 6)} for z in range(3)
                ],
            }
        )
    listed = []
    for number in range(nodes):
        kind = node_types[number % types]
        part = dice.choice([0.25, 0.5, 0.75, 1])
        used = {"CPU": round(kind["resources"]["CPU"] * part, 3), "memory": int(kind["resources"]["memory"] * part)}
        listed.append({"id": f"n{number}", "type": kind["name"], "zone": f"z{number % 3}", "used": used})
    requests = []
    for shape in range(shapes):
        asked = {"CPU": dice.randint(1, 80) / 20, "memory": dice.randint(1, 64) * GIB // 8}
        count = replicas // shapes + (shape < replicas % shapes)
        requests.append({"id": f"r{shape}", "count": count, "resources": asked})
    return {"node_types": node_types, "nodes": listed, "requests": requests}


def short(number: int) -> str:
    """1000000 is 1m, 10000 is 10k."""
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if number and number % unit == 0:
            return f"{number // unit}{letter}"
    return str(number)
