"""One step of load from none to many users with one replica ready, and requests that come when there is none; next to
Ray, as recorded or live."""

import argparse
import contextlib
import pathlib
import random

import reaction_recorded
import reaction_step
from reaction import KEYS, MORE_KEYS, SETTINGS, WORDS, show, summary
from reaction_ray import RaySide
from reaction_tandem import TandemSide

ABOUT = "one step of load with one replica ready; requests that come when there is none; next to Ray"

# What is Tandem's own: from the target to a routed replica, and from a request to its 200 from zero, less the time in
# which the replica starts and the handler works. With 100 ms of start and 200 ms of work: 940 ms and 1000 ms.
OWN_REACTION_MS = 840
OWN_ZERO_MS = 700


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, default=20, help="closed-loop users of the step, 3 to 200 (20)")
    parser.add_argument("--service-ms", type=int, default=200, help="time of a request (200)")
    parser.add_argument("--start-ms", type=int, default=100, help="before a replica listens (100)")
    parser.add_argument("--rounds", type=int, default=3, help="steps of each settings (3)")
    parser.add_argument("--zero-rounds", type=int, default=5, help="requests from zero of each settings (5)")
    settings = [*SETTINGS, "both"]
    parser.add_argument("--settings", choices=settings, default="both", help="Ray's defaults, or quick ones (both)")
    parser.add_argument("--full", action="store_true", help="default settings: also the way back, 10 minutes a round")
    values = ["last", "min", "mean", "max"]
    words = "of the wishes within the delay, which is followed down; Ray: last (max)"
    parser.add_argument("--downscale-value", choices=values, default="max", help=words)
    parser.add_argument("--with-ray", action="store_true", help="run Ray too, in turns; installs it when missing")


def measure(options: argparse.Namespace, folder: pathlib.Path) -> dict:
    check(options)
    names = ["quick"] if options.quick else [*SETTINGS] if options.settings == "both" else [options.settings]
    tandem = TandemSide(options.binary, folder / "tandem", options.seed)
    sides = [tandem, *([RaySide(options.binary, folder / "ray")] if options.with_ray else [])]
    figures: dict[str, dict] = {side.name: {} for side in sides}
    with contextlib.ExitStack() as ending:
        for side in sides:
            ending.callback(side.end)
        for name in names:
            for side, found in run(sides, options, name).items():
                figures[side][name] = found
            tell(name, figures["Tandem"][name], peer(figures, options)[name], peer_source(options))
    ray = peer(figures, options)
    bars = judge(options, figures["Tandem"])
    top = names[0]
    return {
        "bench": "scaling-reaction",
        **{key: getattr(options, key) for key in ("users", "service_ms", "start_ms")},
        "ideal": reaction_step.ideal(options.users),
        **{key: figures["Tandem"][top][key] for key in KEYS},
        **figures["Tandem"],
        "ray": {"source": peer_source(options), **{key: ray[top][key] for key in KEYS}, **{n: ray[n] for n in names}},
        "bars": bars,
        "bars_met": all(bar["met"] for bar in bars),
    }


def check(options: argparse.Namespace) -> None:
    if reaction_step.ideal(options.users) < 2 or options.users > 200:
        raise RuntimeError(f"--users {options.users}: from 3, which need a second replica, to 200")
    if min(options.service_ms, options.start_ms) < 0 or min(options.rounds, options.zero_rounds) < 1:
        raise RuntimeError("times are at least 0, rounds at least 1")


def run(sides: list, options: argparse.Namespace, name: str) -> dict[str, dict]:
    """The sides in turns, round by round; each side's summary."""
    settings = SETTINGS[name]
    goes_back = name == "quick" or options.full
    rounds = 1 if options.quick else options.rounds
    zero_rounds = 2 if options.quick else options.zero_rounds
    steps: dict[str, list] = {side.name: [] for side in sides}
    zeros: dict[str, list] = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            dice = random.Random(f"{options.seed} {name} {number}")
            step = reaction_step.run_step(side, options, settings, goes_back, dice)
            steps[side.name].append(step)
            tell_step(side.name, name, number, step)
            share = range(number, zero_rounds, rounds)
            if share:
                found = reaction_step.run_zero(side, options, settings, len(share), dice)
                zeros[side.name] += found
                print(f"    from zero {', '.join(f'{one:.0f}' for one in found)} ms", flush=True)
            side.end()
    return {side.name: summary(steps[side.name], zeros[side.name]) for side in sides}


def tell_step(side: str, name: str, number: int, step: dict) -> None:
    parts = [f"{key.removesuffix('_ms')} {step[key]:.0f}" for key in (*KEYS, *MORE_KEYS) if step.get(key) is not None]
    rest = "" if step["settled"] else "; DID NOT SETTLE"
    print(f"{side}, {name}, round {number + 1}: {', '.join(parts)} ms; targets {step['targets']}{rest}", flush=True)


def peer(figures: dict, options: argparse.Namespace) -> dict[str, dict]:
    return figures["Ray"] if options.with_ray else reaction_recorded.RECORDED


def peer_source(options: argparse.Namespace) -> str:
    return "live" if options.with_ray else "recorded"


def tell(name: str, ours: dict, theirs: dict, source: str) -> None:
    """Both side by side: the median, and in brackets the least and the most."""
    print(f"\n{name} settings, ms: median (least-most){'Tandem':>26}{f'Ray, {source}':>26}")
    for key, words in WORDS.items():
        print(f"{words:42}{show(ours, key):>26}{show(theirs, key):>26}")
    if source == "recorded":
        print(reaction_recorded.NOTE)
    print(flush=True)


def judge(options: argparse.Namespace, ours: dict[str, dict]) -> list[dict]:
    """Each bar, of the medians; printed."""
    limits = {
        "reaction_ms": OWN_REACTION_MS + options.start_ms,
        "from_zero_ms": OWN_ZERO_MS + options.start_ms + options.service_ms,
    }
    bars = []
    for name, figures in ours.items():
        for key, limit in limits.items():
            met = figures[key] is not None and figures[key] <= limit
            bars.append({"settings": name, "key": key, "limit": limit, "median": figures[key], "met": met})
            words = f"{name}: {WORDS[key].strip()}" if key != "reaction_ms" else f"{name}: first target to first ready"
            print(f"bar {'met' if met else 'MISSED':6} {words}: {show(figures, key)} of {limit} ms", flush=True)
    return bars
