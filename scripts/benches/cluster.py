"""A cluster under measurement: started, watched, and ended. All of its files are in one folder."""

import http.client
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time

ROLES = ("serve", "nodes", "proxy", "cloud", "agent")


class Cluster:
    def __init__(self, binary: str, folder: pathlib.Path, cluster: dict, serve: dict) -> None:
        self.binary = binary
        self.state = folder / "State"
        self.log = folder / "up.log"
        self.port = cluster["ports"]["ingress"]
        self.cluster_file = folder / "cluster.yaml"
        self.serve_file = folder / "serve.yaml"
        self.cluster_file.write_text(json.dumps(cluster, indent=2))
        self.serve = serve
        self.serve_file.write_text(json.dumps(serve, indent=2))
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def up(self) -> None:
        """Starts `tandem up` and returns at once."""
        command = [self.binary, "up", str(self.cluster_file), "--apps", str(self.serve_file)]
        command += ["--state", str(self.state), "--plain"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def deploy(self, serve: dict) -> None:
        """Sends another serve file; returns when it was acknowledged."""
        self.serve = serve
        self.serve_file.write_text(json.dumps(serve, indent=2))
        self.tandem("deploy", str(self.serve_file))

    def down(self) -> None:
        """Ends everything, also what a failed benchmark left."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
        subprocess.run(
            [self.binary, "down", "--state", str(self.state)], capture_output=True, check=False, timeout=60
        )
        for pid in [pid for pids in self.pids().values() for pid in pids]:
            kill(pid)

    def tandem(self, *words: str) -> str:
        """The output of a tandem command on this cluster. RuntimeError with its words when it fails."""
        answer = subprocess.run(
            [self.binary, *words, "--state", str(self.state)], capture_output=True, text=True, check=False, timeout=60
        )
        if answer.returncode != 0:
            raise RuntimeError(f"tandem {' '.join(words)}: status {answer.returncode}: {answer.stderr.strip()}")
        return answer.stdout

    def status(self) -> dict:
        return json.loads(self.tandem("status", "--json"))

    def machines(self) -> list[dict]:
        """What the fake cloud says that it has."""
        answer = json.loads(self.tandem("cloud", "list", "--json"))
        return answer["instances"] if isinstance(answer, dict) else answer

    def rows(self, query: str, *values) -> list[tuple]:
        """Reads the database without writing or checkpointing."""
        database = sqlite3.connect(f"file:{self.state}/tandem.sqlite?mode=ro", uri=True, timeout=5)
        try:
            return database.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            raise RuntimeError(f"{self.state}/tandem.sqlite: {error}: {' '.join(query.split())[:120]}") from error
        finally:
            database.close()

    def pids(self) -> dict[str, list[int]]:
        """The live processes of this State directory, by role."""
        found: dict[str, list[int]] = {role: [] for role in ROLES}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            ours = any(str(self.state) in word for word in words)
            if ours and len(words) > 2 and words[1] == "run" and words[2] in found:
                found[words[2]].append(int(entry.name))
        return found

    def check_alive(self) -> None:
        if self.process and self.process.poll() is not None:
            lines = self.log.read_text(errors="replace").splitlines()[-20:]
            raise RuntimeError(f"tandem up ended with status {self.process.returncode}:\n" + "\n".join(lines))

    def wait_for_200(self, deadline_s: float = 60) -> float:
        """When the first 200 came through the ingress (time.monotonic)."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            self.check_alive()
            if answers_200(self.port):
                return time.monotonic()
            time.sleep(0.005)
        raise RuntimeError(f"no 200 from {self.url} within {deadline_s} s")


def answers_200(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def kill(pid: int) -> None:
    """kill -9; a process that is gone already is fine."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def pss_mib(pid: int) -> float:
    """Proportional set size: shared pages are divided among those who share them."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/smaps_rollup: no line Pss")
