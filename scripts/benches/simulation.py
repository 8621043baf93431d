"""Whole clusters in virtual time: fresh seeds with faults of their own, every boundary of small worlds struck in turn,
the runs that once found something, equal hashes in two processes, and how soon mutants of our own code are caught."""

import argparse
import json
import pathlib
import subprocess
import time

ABOUT = "seeds, simulated hours, faults by class, violations, mutants"
BINARY = ".build/release/swarm"

SAVED = "Tests/Swarm/saved-seeds.txt"
QUICK_SECONDS = 15
QUICK_WORLD = "cold-start"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=2000, help="drawn worlds (2000)")
    parser.add_argument("--first", type=int, help="the first of them; default: from the date and time, so fresh ones")
    parser.add_argument("--jobs", type=int, default=2, help="threads (2)")
    parser.add_argument("--hash-seeds", type=int, default=50, help="seeds that are run in two processes (50)")
    parser.add_argument("--no-torments", action="store_true", help="leave out the small worlds")
    parser.add_argument("--no-mutants", action="store_true", help="leave out the mutants of our own code")


def measure(options: argparse.Namespace, folder: pathlib.Path) -> dict:
    first = options.first if options.first is not None else int(time.strftime("%Y%m%d%H%M")) * 100_000
    print(f"seeds from {first}", flush=True)
    jobs = ["--jobs", str(options.jobs), "--isolate"]
    limit = ["--seconds", str(QUICK_SECONDS)] if options.quick else []
    runs = ask(options, ["run", "--first", str(first), "--count", str(options.seeds), *limit, *jobs])
    show("drawn worlds", runs)
    saved = ask(options, ["saved", SAVED, *jobs])
    show("saved runs", saved)
    parts = [runs, saved]
    torments = None
    if not options.no_torments:
        small = ["--plan", QUICK_WORLD, "--kind", "store"] if options.quick else []
        torments = ask(options, ["nth", *small, *jobs])
        show("boundaries struck", torments)
        parts.append(torments)
    count = 2 if options.quick else options.hash_seeds
    is_equal = hashes_are_equal(options, first, count)
    print(f"hashes of {count} seeds and the small worlds in two processes: {'equal' if is_equal else 'NOT EQUAL'}")
    mutants = {} if options.quick or options.no_mutants else catch_mutants()
    keys = ["sim_hours", "events", "requests", "crashes", "commits", "decisions", "fault_free_seeds"]
    medians = ["median_requests", "median_machines_peak", "median_fault_classes"]
    return {
        "bench": "simulation",
        "first_seed": first,
        "seeds": runs["runs"],
        **{key: runs[key] for key in [*keys, *medians, "faults", "wall_s"]},
        "saved": saved["runs"],
        "boundaries_struck": torments["runs"] if torments else 0,
        "violations": sum(part["violations"] for part in parts),
        "found": [{key: one[key] for key in ("rule", "words", "replay")} for part in parts for one in part["found"]],
        "trace_hash_seeds": count,
        "trace_hash_equal": is_equal,
        **mutants,
    }


def ask(options: argparse.Namespace, words: list[str]) -> dict:
    """The sum that `swarm` prints; what it finds goes to standard error as it is found."""
    command = [options.binary, *words, "--json"]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {answer.returncode}")
    return json.loads(answer.stdout)


def show(name: str, report: dict) -> None:
    print(
        f"{name}: {report['runs']} runs, {report['sim_hours']:.1f} simulated hours in {report['wall_s']:.0f} s,"
        f" {report['requests']} requests ({report['failed']} failed), {report['commits']} commits,"
        f" {report['crashes']} crashes of tiers, {report['violations']} violations"
    )
    if report["faults"]:
        faults = sorted(report["faults"].items())
        print("  faults: " + ", ".join(f"{name} {count}" for name, count in faults))
    for one in report["found"]:
        print(f"  {one['rule']} {one['words']}\n    {one['replay']}")


def hashes_are_equal(options: argparse.Namespace, first: int, count: int) -> bool:
    """Swift seeds its hashing anew in each process: two that agree let no order of a set or dictionary through."""
    command = [options.binary, "hash", "--first", str(first), "--count", str(count)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    texts = [one.communicate()[0] for one in both]
    if any(one.returncode for one in both) or texts[0].count("\n") < count:
        raise RuntimeError(f"{' '.join(command)} ended with {[one.returncode for one in both]}")
    return texts[0] == texts[1]


def catch_mutants() -> dict:
    command = pathlib.Path("scripts/mutants")
    if not command.exists():
        raise RuntimeError(f"there is no {command}: --no-mutants leaves the mutants out")
    answer = subprocess.run([str(command)], stdout=subprocess.PIPE, text=True, check=False)
    lines = answer.stdout.strip().splitlines()
    print("\n".join(lines[:-1]))
    try:
        figures = json.loads(lines[-1])
    except (IndexError, ValueError):
        raise RuntimeError(f"{command} ended with {answer.returncode} and no line of JSON") from None
    return {key: figures[key] for key in ("mutants", "mutants_caught", "median_seeds_to_catch")}
