"""The load generator (`tandem load --interactive`) as a process that is told how many users there shall be."""

import json
import subprocess
import threading
import time


class Load:
    """Ticks come once a second; each is a dict with the time of its arrival as `at` (time.monotonic)."""

    def __init__(self, binary: str, url: str) -> None:
        command = [binary, "load", url, "--interactive", "--json"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.ticks: list[dict] = []
        self.report: dict | None = None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            message = json.loads(line)
            if "stages" in message:
                self.report = message
            else:
                self.ticks.append({**message, "at": time.monotonic()})

    def users(self, count: int) -> None:
        self._tell(f"users {count}")

    def stop(self) -> dict:
        """Ends the load; the report of all of it."""
        self._tell("stop")
        self.reader.join(timeout=90)
        if self.report is None:
            raise RuntimeError("tandem load ended without a report")
        self.process.wait(timeout=10)
        return self.report

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def failed(self) -> int:
        return sum(tick["failed"] for tick in list(self.ticks))

    def since(self, instant: float) -> list[dict]:
        """The whole seconds after `instant`."""
        return [tick for tick in list(self.ticks) if tick["at"] - 1 >= instant]

    def _tell(self, line: str) -> None:
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise RuntimeError(f"tandem load ended: {self.process.stderr.read().strip()}") from error
