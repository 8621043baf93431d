"""A Ray cluster of this machine alone: private ports and folder, ended by the ids of its own processes. All addresses
are loopback ones; Ray itself opens some of its ports on all interfaces, which no setting prevents."""

import http.client
import json
import os
import pathlib
import secrets
import signal
import subprocess
import tempfile
import time

import files
import ray_peer
import record
from cluster import kill

MARK = "TANDEM_BENCH_RAY"  # in the environment of its processes, and of no others
START_S = 120.0
STOP_S = 15.0
POLL_S = 0.02
# Of Ray's worker processes, apart from those that the kernel and Tandem's benchmarks take.
WORKER_PORTS = (20000, 21999)


class RayCluster:
    def __init__(self, log: pathlib.Path) -> None:
        """`log`: where everything that it prints goes."""
        self.python = ray_peer.installed() / "bin/python"
        self.log = log
        # Short: the paths of Ray's sockets have a limit of 107 bytes.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ray-"))
        self.gcs, self.dashboard, self.http, *self.others = files.free_ports(10)
        self.mark = secrets.token_hex(8)
        self.process: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.gcs}"

    @property
    def environment(self) -> dict[str, str]:
        """Workers at nice 0, as everything else here; the applications beside this file can be imported."""
        own = {MARK: self.mark, "RAY_worker_niceness": "0", "PYTHONPATH": str(pathlib.Path(__file__).resolve().parent)}
        own |= {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        return {key: value for key, value in os.environ.items() if not key.startswith("RAY_")} | own

    def start(self) -> None:
        """`ray start --head`; returns when its API answers."""
        manager, node, client, agent, agent_grpc, runtime, metrics = self.others
        words = f"""--head --block --disable-usage-stats --num-cpus 2 --temp-dir {self.folder}
            --node-ip-address 127.0.0.1 --port {self.gcs} --object-manager-port {manager} --node-manager-port {node}
            --dashboard-host 127.0.0.1 --dashboard-port {self.dashboard} --ray-client-server-port {client}
            --dashboard-agent-listen-port {agent} --dashboard-agent-grpc-port {agent_grpc}
            --runtime-env-agent-port {runtime} --metrics-export-port {metrics}
            --min-worker-port {WORKER_PORTS[0]} --max-worker-port {WORKER_PORTS[1]}"""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.python), "-m", "ray.scripts.scripts", "start", *words.split()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        self.wait_for(lambda: self.get("/api/version") is not None, "its API")

    def wait_for(self, condition, words: str) -> None:
        end = time.monotonic() + START_S
        while not condition():
            if self.process.poll() is not None:
                lines = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
                raise RuntimeError(f"ray start ended with status {self.process.returncode}:\n{lines}")
            if time.monotonic() > end:
                raise RuntimeError(f"Ray: no {words} within {START_S:.0f} s: see {self.log}")
            time.sleep(POLL_S)

    def get(self, path: str, port: int | None = None) -> dict | None:
        """The JSON at a path of the dashboard, or of another port; None when there is none."""
        status, answer = self.call("GET", path, None, port or self.dashboard)
        return answer if status == 200 else None

    def deploy(self, application: dict) -> None:
        """Makes it the only application; returns when that was accepted."""
        options = {"host": "127.0.0.1", "port": self.http}
        body = {"proxy_location": "HeadOnly", "http_options": options, "applications": [application]}
        status, answer = self.call("PUT", "/api/serve/applications/", json.dumps(body), self.dashboard)
        if status != 200:
            raise RuntimeError(f"Ray refused the application: status {status}: {answer}")

    def call(self, method: str, path: str, body: str | None, port: int) -> tuple[int, dict | None]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text.lstrip()[:1] == b"{" else {"text": text.decode()}
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()

    def stop(self) -> None:
        """Asks its head to end, then ends what is left of it, by id; returns when nothing is."""
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                pass
        end = time.monotonic() + STOP_S
        while (left := self.pids()) and time.monotonic() < end:
            for pid in left:
                kill(pid)
            time.sleep(POLL_S)
        if self.process:
            self.process.wait(timeout=STOP_S)
            self.process = None
        record.remove(self.folder)

    def pids(self) -> list[int]:
        """The live processes of this cluster: those of the session that its head leads, and those with its mark."""
        word = f"{MARK}={self.mark}".encode()
        head = self.process.pid if self.process else None
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                state, session = stat_of(entry)
                # Those that write a title over their environment have no mark any more.
                ours = session == head or word in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if ours and state != "Z":
                found.append(int(entry.name))
        return found


def stat_of(entry: pathlib.Path) -> tuple[str, int]:
    """State and session of a process."""
    words = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return words[0], int(words[3])
