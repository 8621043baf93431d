"""Where results go: bench.sqlite, one row a run, and away with the temporary files."""

import argparse
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

SCHEMA = """
CREATE TABLE IF NOT EXISTS result (
  id           INTEGER PRIMARY KEY,
  bench        TEXT NOT NULL,     -- e.g. seed-example
  started_unix REAL NOT NULL,     -- seconds
  revision     TEXT NOT NULL,     -- of the sources, '-dirty' when changed since
  cores        INTEGER NOT NULL,  -- of the machine
  load_1m      REAL NOT NULL,     -- of the machine, after the run
  options_json TEXT NOT NULL,
  result_json  TEXT NOT NULL      -- the line that was printed
) STRICT
"""


def revision() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def append(file: pathlib.Path, options: argparse.Namespace, result: dict, started: float) -> None:
    database = sqlite3.connect(file, timeout=30)
    with database:
        database.execute(SCHEMA)
        database.execute(
            "INSERT INTO result (bench, started_unix, revision, cores, load_1m, options_json, result_json)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                options.name,
                started,
                revision(),
                os.cpu_count() or 0,
                os.getloadavg()[0],
                json.dumps(vars(options)),
                json.dumps(result),
            ),
        )
    database.close()


def remove(folder: pathlib.Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
