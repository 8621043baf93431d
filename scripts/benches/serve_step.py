"""One step of the serve tier with many deployments, all of them under load: real rows in SQLite, reports each second of
virtual time, one thread."""

import argparse
import json
import pathlib
import subprocess

ABOUT = "a step of the serve tier with many deployments under load; memory over an hour"
BINARY = ".build/release/swarm"

QUICK_SECONDS = 60
STEP_MS_MAX = 100.0
"""The bar for 1,000 deployments of 100 replicas."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--deployments", type=int, default=1000, help="deployments (1000)")
    parser.add_argument("--replicas", type=int, default=100, help="replicas of each (100)")
    parser.add_argument("--seconds", type=int, default=3600, help="virtual time (3600)")
    parser.add_argument("--swing", type=int, default=20, help="how far the load goes up and down, percent (20)")


def measure(options: argparse.Namespace, folder: pathlib.Path) -> dict:
    seconds = QUICK_SECONDS if options.quick else options.seconds
    words = [options.binary, "serve-step", "--state", str(folder / "State")]
    words += ["--deployments", str(options.deployments), "--replicas", str(options.replicas)]
    words += ["--seconds", str(seconds), "--swing", str(options.swing)]
    program = subprocess.run(words, stdout=subprocess.PIPE, text=True)
    if program.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} ended with {program.returncode}")
    figures = json.loads(program.stdout.splitlines()[-1])
    result = {"bench": "serve-step", **figures}
    for kind in ("step", "step_cpu"):
        for name in ("p50", "p99", "max"):
            if (micros := result.pop(f"{kind}_us_{name}", None)) is not None:
                result[f"{kind}_ms_{name}"] = round(micros / 1000, 1)
    memory = result["resident_mib"]
    result["resident_growth_mib"] = memory[-1] - memory[len(memory) // 2]
    met = result["step_ms_p99"] <= STEP_MS_MAX
    print(f"a step: {result['step_ms_p50']} ms, p99 {result['step_ms_p99']}, at most {result['step_ms_max']}")
    print(f"of the processor alone: {result['step_cpu_ms_p50']} ms, p99 {result['step_cpu_ms_p99']}")
    print(f"memory at each tenth: {memory} MiB; second half: {result['resident_growth_mib']:+} MiB")
    if (options.deployments, options.replicas) == (1000, 100):
        print(f"bar of {STEP_MS_MAX:g} ms at p99: {'met' if met else 'MISSED'}")
    return result
