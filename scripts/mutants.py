"""Runs drawn worlds under each mutant of our own code until one reports a violation. Called by scripts/mutants.

A seed in which the code as it is meant breaks the same rule does not count: what is broken anyway proves nothing.
"""

import argparse
import concurrent.futures
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

SWARM = ".build-mutants/release/swarm"
SOURCE = "Sources/Model/Mutant.swift"
VARIABLE = "TANDEM_MUTANT"
TWICE_EVERY = 4
# A run that takes longer is no verdict; most take seconds.
SECONDS_MAX = 600
# Said on standard error by a process whose own state cannot be.
TRAP = re.compile(r"invariant broken, this process ends: (.*)")
# Of the rooms and of both tiers in virtual time; not the simulator itself, nor those that look at the program as a
# whole, nor those of rooms in which there is no mutant. Tests with children of their own run by themselves.
UNIT_TESTS = ["NodeTierTests|ServeTierTests|StoreTests|RoutingTests|SupervisionTests|PlacementTests|ProvisioningTests"
              "|ScalingTests|ControlAPITests", "AgentTests|CloudTests"]
UNIT_SECONDS_MAX = 300


def mutants():
    """Of each mutant its failure mode and what it breaks, as the source says."""
    with open(SOURCE, encoding="utf-8") as source:
        text = source.read()
    found = re.findall(r'case \.(\w+):\s+\("(F\d+)", "([^"]*)"\)', text)
    return {name: (mode, breaks) for name, mode, breaks in found}


def words(seed):
    """How the program is told which run. In every fourth world each call, order, route and report comes twice."""
    return ["--seed", str(seed)] + (["--torment", "twice"] if seed % TWICE_EVERY == 0 else [])


def verdict(mutant, seed):
    """The rule that broke and in which words; None: the run passed, or took too long."""
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
    if mutant:
        environment[VARIABLE] = mutant
    try:
        done = subprocess.run(
            [SWARM, "replay", *words(seed), "--json"],
            env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return None
    if match := TRAP.search(done.stderr):
        return "invariant", match.group(1)
    if done.returncode < 0:
        return "trap", f"signal {-done.returncode}"
    if done.returncode not in (0, 1):
        sys.exit(f"{SWARM} replay {' '.join(words(seed))}: {done.stderr.strip() or done.returncode}")
    findings = json.loads(done.stdout)["findings"]
    return (findings[0]["rule"], findings[0]["words"]) if findings else None


class Sound:
    """What the code as it is meant comes to under a seed; each is run once, when somebody asks."""

    def __init__(self):
        self.lock = threading.Lock()
        self.known = {}

    def rule(self, seed):
        """The rule that is broken without any mutant; None: it passes."""
        with self.lock:
            future = self.known.get(seed)
            mine = future is None
            if mine:
                future = self.known[seed] = concurrent.futures.Future()
        if mine:
            broken = verdict(None, seed)
            if broken:
                print(f"seed {seed} breaks {broken[0]} without any mutant: {broken[1]}", file=sys.stderr, flush=True)
            future.set_result(broken[0] if broken else None)
        return future.result()


def struck(mutant):
    """What breaks when each write of the small worlds fails, and each tier dies before and after each commit; None:
    nothing."""
    done = subprocess.run(
        [SWARM, "nth", "--stop", "--jobs", "1", "--json"],
        env=dict(os.environ, **{VARIABLE: mutant}), capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    if done.returncode not in (0, 1):
        return "trap", f"status {done.returncode}"
    found = json.loads(done.stdout)["found"]
    return (found[0]["rule"], found[0]["words"]) if found else None


def hunt(mutant, seeds, sound):
    """How many seeds it took, which it was, and what was broken; None when no seed saw it. A mutant that no seed
    has seen is looked for by striking every boundary of the small worlds in turn: then the seed is 0."""
    tried = 0
    for seed in range(1, seeds + 1):
        broken = verdict(mutant, seed)
        if broken and sound.rule(seed) == broken[0]:
            continue
        tried += 1
        if broken:
            return tried, seed, *broken
    broken = struck(mutant)
    return (tried, 0, *broken) if broken else None


def unit_tests(names):
    """Which mutants the tests of the rooms and the tiers see."""
    for name in names:
        failed = [word for group in UNIT_TESTS if (word := failures(name, group))]
        print(f"{name:26} {', '.join(failed) or 'passes every one'}", flush=True)


def failures(name, group):
    """What the tests of a group say to a mutant; empty: nothing."""
    try:
        done = subprocess.run(
            ["swift", "test", "-c", "release", "-Xswiftc", "-DMUTANTS", "--scratch-path", ".build-mutants",
             "--skip-build", "--disable-testable-imports", "--disable-xctest", "--filter", group],
            env=dict(os.environ, **{VARIABLE: name}), capture_output=True, text=True, timeout=UNIT_SECONDS_MAX,
            check=False)
    except subprocess.TimeoutExpired:
        return f"does not end within {UNIT_SECONDS_MAX} s"
    failed = re.findall(r"Test (\w+)\([^)]*\) (?:with .* )?failed after", done.stdout)
    if done.returncode == 0:
        return ""
    return f"fails {len(failed)}: {', '.join(failed[:3])}" if failed else f"status {done.returncode}"


def found_by(seed):
    return f"seed {seed}" if seed else "the n-th boundary struck"


def main():
    parser = argparse.ArgumentParser(prog="scripts/mutants")
    parser.add_argument("--seeds", type=int, default=60, help="seeds to try for each mutant at most (60)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time (one for each core)")
    parser.add_argument("--only", action="append", metavar="NAME", help="this mutant; may be repeated")
    parser.add_argument("--unit-tests", action="store_true", help="run the unit tests under each mutant instead")
    options = parser.parse_args()
    known = mutants()
    names = options.only or list(known)
    for name in names:
        if name not in known:
            parser.error(f"there is no mutant {name}: see {SOURCE}")
    if options.unit_tests:
        return unit_tests(names)

    begun = time.monotonic()
    sound = Sound()
    results = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        runs = {pool.submit(hunt, name, options.seeds, sound): name for name in names}
        for run in concurrent.futures.as_completed(runs):
            name = runs[run]
            results[name] = run.result()
            word = found_by(results[name][1]) if results[name] else "no seed"
            print(f"{len(results)} of {len(names)}: {name}, {word}", file=sys.stderr, flush=True)

    print(f"{'mutant':26} {'mode':5} {'seeds':>5}  caught by")
    for name in names:
        mode, breaks = known[name]
        if found := results[name]:
            tried, seed, rule, words = found
            print(f"{name:26} {mode:5} {tried:5}  {rule} with {found_by(seed)}: {words[:90]}")
        else:
            print(f"{name:26} {mode:5} {'none':>5}  {breaks}")
    caught = [results[name][0] for name in names if results[name]]
    missed = [name for name in names if not results[name]]
    print(f"{len(caught)} of {len(names)} in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    summary = {
        "mutants": len(names),
        "mutants_caught": len(caught),
        "median_seeds_to_catch": statistics.median(caught) if caught else None,
        "missed": missed,
    }
    print(json.dumps(summary))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
