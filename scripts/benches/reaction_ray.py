"""Ray's side of a step of load: the same handler and settings, its history sampled from Serve's controller."""

import json
import pathlib
import subprocess
import threading
import time

import ray_peer
from cluster import answers_200
from ray_cluster import RayCluster
from reaction import History
from reaction_step import Wish

SAMPLE_S = 0.05  # between two looks at the controller; each change says how far off its instant may be
QUIET_S = 5.0  # after it is ready Ray still starts processes of its own
APP, DEPLOYMENT = "bench", "sleeper"


class RaySide:
    name = "Ray"

    def __init__(self, binary: str, folder: pathlib.Path) -> None:
        ray_peer.installed()
        self.binary, self.folder = binary, folder
        self.ray: RayCluster | None = None
        self.sampler: Sampler | None = None

    @property
    def port(self) -> int:
        return self.ray.http

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ray.http}/"

    def begin(self, wish: Wish) -> None:
        """On a new cluster, unless one runs from a call before."""
        if self.ray is None:
            print("    starting Ray, half a minute or less ...", flush=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            self.ray = RayCluster(self.folder / "ray.log")
            self.ray.start()
            time.sleep(QUIET_S)
        elif self.sampler:
            self.sampler.stop()
        # A new name: what it remembers of the one before is gone with it.
        app = f"{APP}-{wish.minimum}"
        self.ray.deploy(application(app, wish))
        self.ray.wait_for(lambda: self.is_routed(app), "route to the application")
        self.sampler = Sampler(self.ray, app)
        self.ray.wait_for(lambda: self.is_ready(wish), "ready application")

    def is_routed(self, app: str) -> bool:
        return (self.ray.get("/-/routes", self.port) or {}).get("/") == app

    def is_ready(self, wish: Wish) -> bool:
        state = self.sampler.state()
        if state.get("status") == "DEPLOY_FAILED":
            raise RuntimeError(f"Ray could not deploy the application: {state['message']}")
        running = state.get("status") == "RUNNING" and state["running"] == wish.minimum
        return running and (wish.minimum == 0 or answers_200(self.port))

    def end(self) -> None:
        try:
            if self.sampler:
                self.sampler.stop()
        finally:
            self.sampler = None
            if self.ray:
                self.ray.stop()
                self.ray = None

    def replicas(self) -> int:
        return self.sampler.state().get("all", 0)

    def history(self) -> History:
        samples = list(self.sampler.samples)
        off_ms = max((sample["off_ms"] for sample in samples[1:]), default=SAMPLE_S * 1000)
        return History(changes(samples, "wanted"), changes(samples, "running"), off_ms)


def changes(samples: list[dict], key: str) -> list[tuple[float, int]]:
    """The first of each run of equal values."""
    found: list[tuple[float, int]] = []
    for sample in samples:
        if not found or found[-1][1] != sample[key]:
            found.append((sample["at_ms"], sample[key]))
    return found


class Sampler:
    """A process of Ray's own Python that watches the controller."""

    def __init__(self, ray: RayCluster, app: str) -> None:
        script = pathlib.Path(__file__).resolve().with_name("ray_sampler.py")
        command = [str(ray.python), str(script), ray.address, app, DEPLOYMENT, str(SAMPLE_S)]
        self.samples: list[dict] = []
        with ray.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=ray.environment
            )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            if line.startswith("{"):
                self.samples.append(json.loads(line))

    def state(self) -> dict:
        """How the deployment stands now; empty before the first look."""
        if self.process.poll() is not None:
            raise RuntimeError(f"the sampler of Ray ended with status {self.process.returncode}")
        return self.samples[-1] if self.samples else {}

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(timeout=5)


def application(name: str, wish: Wish) -> dict:
    deployment = {
        "name": DEPLOYMENT,
        "num_replicas": "auto",
        "ray_actor_options": {"num_cpus": min(wish.num_cpus, 0.01)},
        "autoscaling_config": wish.autoscaling,
    }
    return {
        "name": name,
        "route_prefix": "/",
        "import_path": "ray_app:app",
        "args": {"service_s": wish.service_ms / 1000, "start_s": wish.start_ms / 1000},
        "deployments": [deployment],
    }
