"""Runs one benchmark: options, a place of its own, the line of JSON, the record.

A benchmark is a module here with ABOUT (one line), add_options(parser) and measure(options, place) -> dict.
"""

import argparse
import importlib
import json
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import record  # noqa: E402
from ending import end_in_order  # noqa: E402

BENCHES = {
    "seed-example": "seed_example",
    "cold-start": "cold_start",
    "restart": "restart",
    "simulation": "simulation",
    "scaling-reaction": "scaling_reaction",
    "serve-step": "serve_step",
    "elasticity": "elasticity",
    "packing": "packing",
    "placement": "placement",
}
BINARY = ".build/release/tandem"  # unless the module names another


def say(text: str) -> None:
    """Something for people to read, at once."""
    print(text, flush=True)


def module_of(name: str):
    return importlib.import_module(BENCHES[name])


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="name the benchmarks and end")
    names = parser.add_subparsers(dest="name", metavar="NAME")
    for name in BENCHES:
        about = module_of(name).ABOUT
        bench = names.add_parser(name, help=about, description=about)
        bench.add_argument("--quick", action="store_true", help="a first look, in under a minute")
        bench.add_argument("--seed", type=int, default=1, help="of everything that is drawn (1)")
        bench.add_argument("--keep", action="store_true", help="keep State and logs, and print where")
        binary = getattr(module_of(name), "BINARY", BINARY)
        bench.add_argument("--binary", default=binary, help=f"the program to measure ({binary})")
        module_of(name).add_options(bench)
    options = parser.parse_args(arguments)
    if not options.list and not options.name:
        parser.error("name a benchmark: --list shows them")
    return options


def main() -> int:
    end_in_order()
    options = parse(sys.argv[1:])
    if options.list:
        for name in BENCHES:
            say(f"{name:16} {module_of(options.name or name).ABOUT}")
        return 0
    options.binary = str(pathlib.Path(options.binary).resolve())
    if not pathlib.Path(options.binary).exists():
        print(f"{options.binary}: no such file: type scripts/bench {options.name}, which builds it", file=sys.stderr)
        return 1
    folder = tempfile.mkdtemp(prefix=f"tandem-{options.name}-")
    started = time.time()
    try:
        result = module_of(options.name).measure(options, pathlib.Path(folder))
    except RuntimeError as error:
        print(f"{options.name}: {error}", file=sys.stderr)
        print(f"State and logs are kept in {folder}", file=sys.stderr)
        return 1
    if options.keep:
        say(f"State and logs: {folder}")
    else:
        record.remove(pathlib.Path(folder))
    record.append(pathlib.Path("bench.sqlite"), options, result, started)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
