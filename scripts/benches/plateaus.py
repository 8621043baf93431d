"""A recorded run with real processes, and its simulation from the same start: do they stand on the same plateaus?"""

import csv
import json
import pathlib
import subprocess

TAIL_S = 1.0  # the simulation's plateau is read so long before the users change again


def compare(binary: str, folder: pathlib.Path, serve: pathlib.Path, machines: pathlib.Path, rows: list[dict]) -> dict:
    """`rows`: for each level `users`, `start_s`, `end_s` and what stood at its end. Prints both side by side."""
    record(folder / "recorded.json", rows)
    trace = folder / "users.csv"
    with trace.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["at_s", "users"])
        # Whole milliseconds, as everything the simulation counts.
        writer.writerows([f"{row['start_s']:.3f}", row["users"]] for row in rows)
    timeline = folder / "timeline.csv"
    command = [binary, "simulate", "--serve", str(serve), "--cluster", str(machines)]
    command += ["--trace", str(trace), "--trace-format", "users", "--timeline", str(timeline), "--json"]
    command += ["--until", f"{rows[-1]['end_s']:.3f}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: status {answer.returncode}: {answer.stderr.strip()}")
    with timeline.open(newline="") as file:
        moments = list(csv.DictReader(file))
    plateaus = [plateau(row, moments) for row in rows]
    show(plateaus)
    simulated = json.loads(answer.stdout)
    return {
        "plateaus": plateaus,
        "plateaus_agree": all(one["agree"] for one in plateaus),
        "simulated_failed": simulated["failed"],
        "simulated_wall_s": simulated["wall_s"],
        "violations": simulated["violations"],
    }


def record(file: pathlib.Path, rows: list[dict]) -> None:
    keys = ("users", "start_s", "end_s", "replicas", "nodes", "settled")
    file.write_text(json.dumps([{key: row[key] for key in keys} for row in rows], indent=1))


def plateau(row: dict, moments: list[dict]) -> dict:
    before = [moment for moment in moments if float(moment["at_s"]) <= row["end_s"] - TAIL_S]
    last = before[-1] if before else moments[0]
    both = {"users": row["users"], "replicas": row["replicas"], "nodes": row["nodes"]}
    both |= {"simulated_replicas": int(last["replicas"]), "simulated_nodes": int(last["nodes"])}
    both["agree"] = (both["replicas"], both["nodes"]) == (both["simulated_replicas"], both["simulated_nodes"])
    return both


def show(plateaus: list[dict]) -> None:
    print(f"{'users':>6} {'replicas':>8} {'simulated':>9} {'nodes':>6} {'simulated':>9}")
    for one in plateaus:
        verdict = "" if one["agree"] else "  differ"
        print(
            f"{one['users']:6} {one['replicas']:8} {one['simulated_replicas']:9} {one['nodes']:6}"
            f" {one['simulated_nodes']:9}{verdict}",
            flush=True,
        )
