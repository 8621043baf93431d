"""Runs Ray's own commands against a cluster and compares what they say with what is expected. Called by
scripts/compare-ray, with the Python in which Ray is installed (its YAML library reads what the commands print)."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).parent / "benches"))

import files  # noqa: E402
from cluster import Cluster  # noqa: E402
from ending import end_in_order  # noqa: E402

# A command of Ray's takes seconds to start.
COMMAND_SECONDS_MAX = 120
# For what happens after an answer: replicas start, applications go.
UNTIL_SECONDS_MAX = 60
IMPORT_PATH = "shop.models:app"
# Of every key that a cluster file may have there is an example here.
REFERENCE = pathlib.Path("Config/cluster.reference.yaml")

# What `serve deploy` is given. The client drops every key that it does not know, `command` too: all that is left to
# say what runs is the import path.
BY_IMPORT_PATH = {
    "name": "shop",
    "route_prefix": "/shop",
    "import_path": IMPORT_PATH,
    "deployments": [{"name": "Model", "num_replicas": 2, "ray_actor_options": {"num_cpus": 0.1}}],
}

# What `tandem deploy` is given: also values that Ray writes in another way, or not at all.
BY_COMMAND = {
    "name": "demo",
    "route_prefix": "/demo",
    "external_scaler_enabled": True,
    "runtime_env": {"working_dir": "."},
    "deployments": [
        {
            "name": "sleeper",
            "command": ["tandem", "replica", "sleep", "--ms", "10"],
            "readiness": {"path": "/-/healthz", "period_s": 0.2},
            "num_replicas": 2,
            "max_queued_requests": None,
            "ray_actor_options": {"num_cpus": 0.1, "memory": "64 MiB"},
        }
    ],
}


class Answer:
    """What a command left."""

    def __init__(self, code: int, output: str, errors: str) -> None:
        self.code, self.output, self.errors = code, output, errors

    @property
    def whole(self) -> str:
        return self.output + self.errors

    @property
    def yaml(self) -> dict:
        """Of several documents that of the last."""
        try:
            documents = [one for one in yaml.safe_load_all(self.output) if one]
        except yaml.YAMLError as error:
            return {"no YAML": str(error)}
        return documents[-1] if documents and isinstance(documents[-1], dict) else {}


class Comparison:
    def __init__(self, peer: pathlib.Path, folder: pathlib.Path, cluster: Cluster, address: str) -> None:
        # Not by the environment's own script, which names the folder that it was made in.
        python = str((peer / "bin" / "python").absolute())
        self.serve = [python, "-c", "from ray.serve.scripts import cli; cli(prog_name='serve')"]
        self.folder, self.cluster, self.address = folder, cluster, address
        self.token = (cluster.state / "token").read_text().strip()
        self.rows: list[tuple[str, str, str, bool]] = []

    def environment(self, token: str | None) -> dict:
        """Without what the user has set for Ray; None: the client is told of no token."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
        kept |= {"HOME": str(self.folder), "NO_PROXY": "*", "RAY_USAGE_STATS_ENABLED": "0", "NO_COLOR": "1"}
        if token is not None:
            kept |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
        return kept

    def run(self, words: list[str], token: str | None) -> Answer:
        done = subprocess.run(
            [*self.serve, *words, "--address", self.address], env=self.environment(token), cwd=self.folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS_MAX)
        plain = [re.sub(r"\x1b\[[0-9;]*m", "", text) for text in (done.stdout, done.stderr)]
        return Answer(done.returncode, *plain)

    def file(self, name: str, *applications: dict) -> str:
        """The name of a file in the folder that the commands run in."""
        (self.folder / name).write_text(yaml.safe_dump({"applications": list(applications)}, sort_keys=False))
        return name

    def take(self, what: str, expected: str, seen: str, fits: bool) -> None:
        self.rows.append((what, expected, seen, fits))
        mark = "ok  " if fits else "DIFF"
        print(f"{mark} {what:44} {expected}" + ("" if fits else f"\n     seen: {seen}"), flush=True)

    def says(self, what: str, words: list[str], code: int, *parts: str, token: str | None = "") -> None:
        """A command ends with a code and prints these parts. An empty token is the right one."""
        answer = self.run(words, self.token if token == "" else token)
        missing = [part for part in parts if part not in answer.whole]
        expected = f"exit {code}" + "".join(f", {part!r}" for part in parts)
        seen = f"exit {answer.code}: {shortened(answer.whole)}"
        self.take(what, expected, seen, answer.code == code and not missing)

    def shows(self, what: str, words: list[str], expected, of=lambda document: document) -> None:
        """A command prints YAML of which a part is as expected, at the latest after a while."""
        end = time.monotonic() + UNTIL_SECONDS_MAX
        while True:
            answer = self.run(words, self.token)
            seen = of(answer.yaml) if answer.code == 0 else None
            if seen == expected or time.monotonic() > end:
                break
        report = json.dumps(seen) if answer.code == 0 else f"exit {answer.code}: {shortened(answer.errors)}"
        self.take(what, json.dumps(expected), report, seen == expected)

    def call(self, method: str, path: str, body: dict | None, headers: dict) -> tuple[int, str]:
        """A call of a client other than Ray's commands."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, headers=headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def answers(self, what: str, status: int, part: str, *call) -> None:
        seen = self.call(*call)
        self.take(what, f"{status}, {part!r}", f"{seen[0]}: {shortened(seen[1])}", seen[0] == status and part in seen[1])


def shortened(text: str) -> str:
    """The end says why."""
    words = " ".join(text.split())
    return words if len(words) < 400 else "… " + words[-400:]


def states(document: dict) -> dict:
    """Of each application its status, and of its deployments status, trigger and replicas."""
    return {
        name: [
            application["status"],
            {
                deployment: [entry["status"], entry["status_trigger"], entry["replica_states"]]
                for deployment, entry in application["deployments"].items()
            },
        ]
        for name, application in (document.get("applications") or {}).items()
    }


def without_token(run: Comparison) -> None:
    run.says("status, wrong token", ["status"], 1, "Authentication failed", "token is wrong", token="0" * 64)
    run.says("status, no token", ["status"], 1, "Authentication required", "token is missing", token=None)
    run.says("shutdown, wrong token", ["shutdown", "-y"], 0, "Authentication failed", token="0" * 64)
    scale = "/api/v1/applications/demo/deployments/sleeper/scale"
    wrong = {"Authorization": "Bearer " + "0" * 64, "X-Ray-Authorization": f"Bearer {run.token}"}
    run.answers("scale, the first token is wrong", 403, "wrong", "POST", scale, {"target_num_replicas": 3}, wrong)
    run.answers("is a token needed", 200, '"token"', "GET", "/api/authentication_mode", None, {})


def by_import_path(run: Comparison, runs_import_paths: bool) -> None:
    broken = json.loads(json.dumps(BY_IMPORT_PATH))
    broken["deployments"][0]["autoscaling_config"] = {"max_replicas": 3}
    run.says("deploy, refused by the client", ["deploy", run.file("both.yaml", broken)], 1, "ValidationError")
    broken["deployments"][0] |= {"num_replicas": "auto", "autoscaling_config": {"min_replicas": 5, "max_replicas": 2}}
    run.says(
        "deploy, refused by the server", ["deploy", run.file("bounds.yaml", broken)], 1, "status code 400",
        "nothing was changed", "min_replicas")
    run.shows("status, nothing was changed", ["status"], {}, states)
    good = run.file("shop.yaml", BY_IMPORT_PATH)
    run.says("deploy", ["deploy", good], 0, "Sent deploy request successfully")
    if runs_import_paths:
        deployment = ["HEALTHY", "CONFIG_UPDATE_COMPLETED", {"RUNNING": 2}]
        run.shows("status, running", ["status"], {"shop": ["RUNNING", {"Model": deployment}]}, states)
    else:
        deployment = ["DEPLOY_FAILED", "REPLICA_STARTUP_FAILED", {}]
        run.shows("status, no program for it", ["status"], {"shop": ["DEPLOY_FAILED", {"Model": deployment}]}, states)
        run.says("status, why", ["status"], 0, "import_path")
    run.shows("config, as it was put", ["config"], BY_IMPORT_PATH)
    run.says("deploy, an import path alone", ["deploy", IMPORT_PATH], 0, "Sent deploy request successfully")
    run.shows("config, of that", ["config", "--name", "default"], IMPORT_PATH, lambda found: found.get("import_path"))


def by_command(run: Comparison) -> None:
    run.cluster.tandem("deploy", str(run.folder / run.file("demo.yaml", BY_COMMAND)), "--yes")

    def demo(replicas: int, trigger: str) -> dict:
        return {"demo": ["RUNNING", {"sleeper": ["HEALTHY", trigger, {"RUNNING": replicas}]}]}

    run.shows("status, of commands", ["status"], demo(2, "CONFIG_UPDATE_COMPLETED"), states)
    run.shows("status, proxies", ["status"], ["HEALTHY"], lambda found: list((found.get("proxies") or {}).values()))
    run.says("status, of one", ["status", "--name", "demo"], 0, "status: RUNNING")
    run.says("status, of none", ["status", "--name", "nosuch"], 0, "does not exist")
    shown = {key: value for key, value in BY_COMMAND.items() if key != "runtime_env"} | {
        "import_path": "tandem:command",
        "deployments": [
            {"name": "sleeper", "num_replicas": 2, "ray_actor_options": {"num_cpus": 0.1, "memory": 64 << 20}}
        ],
    }
    run.shows("config, in Ray's terms", ["config"], shown)
    scale = "/api/v1/applications/demo/deployments/sleeper/scale"
    token = {"X-Ray-Authorization": f"Bearer {run.token}"}
    run.answers("scale", 200, "message", "POST", scale, {"target_num_replicas": 3}, token)
    run.shows("status, scaled", ["status"], demo(3, "UPSCALE_COMPLETED"), states)


def compare(run: Comparison, runs_import_paths: bool) -> None:
    run.shows("status, nothing runs", ["status"], {}, states)
    run.says("config, nothing runs", ["config"], 0, "No configuration was found")
    by_import_path(run, runs_import_paths)
    by_command(run)
    without_token(run)
    run.says("shutdown", ["shutdown", "-y"], 0, "Sent shutdown request")
    run.shows("status, all gone", ["status"], {}, states)


def start(binary: str, folder: pathlib.Path) -> tuple[Cluster, str, bool]:
    """A cluster without applications, where its control listens, and whether it runs import paths."""
    ports = files.free_ports(3)
    settings = files.cluster_file(ports, node_cpus=4, boot_delay_s=0.2, max_workers=2, seed=1)
    settings["available_node_types"]["bench"]["resources"]["memory"] = "1 GiB"
    runs_import_paths = "import_paths:" in REFERENCE.read_text()
    if runs_import_paths:
        settings["import_paths"] = {IMPORT_PATH: BY_COMMAND["deployments"][0]["command"]}
    cluster = Cluster(binary, folder, settings, {"applications": []})
    cluster.up()
    return cluster, f"http://127.0.0.1:{ports[1]}", runs_import_paths


def await_control(cluster: Cluster, address: str) -> None:
    end = time.monotonic() + UNTIL_SECONDS_MAX
    while time.monotonic() < end:
        cluster.check_alive()
        try:
            urllib.request.urlopen(f"{address}/api/gcs_healthz", timeout=1).close()
            return
        except urllib.error.HTTPError:
            return  # what it says instead is compared later
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{address} does not answer: see {cluster.log}")


def main() -> int:
    end_in_order()
    parser = argparse.ArgumentParser(prog="scripts/compare-ray", description=__doc__)
    parser.add_argument("--peer", type=pathlib.Path, required=True, help="the virtual environment with Ray")
    parser.add_argument("--binary", default=".build/release/tandem", help="the program to compare")
    parser.add_argument("--keep", action="store_true", help="keep State and logs, and print where")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tandem-compare-ray-"))
    began = time.monotonic()
    cluster, address, runs_import_paths = start(str(pathlib.Path(options.binary).resolve()), folder)
    try:
        await_control(cluster, address)
        run = Comparison(options.peer, folder, cluster, address)
        compare(run, runs_import_paths)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"compare-ray: {error}\nState and logs are kept in {folder}", file=sys.stderr)
        return 2
    finally:
        cluster.down()
    differing = [what for what, _, _, fits in run.rows if not fits]
    if options.keep or differing:
        print(f"State and logs: {folder}", flush=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({
        "ray": options.peer.name.removeprefix("ray-"), "compared": len(run.rows), "differing": differing,
        "runs_import_paths": runs_import_paths, "seconds": round(time.monotonic() - began, 1)}))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
