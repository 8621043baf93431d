"""Instants of several processes on one clock: this machine's boot clock, in milliseconds."""

import time

from load import Load

ALIVE_S = 10.0
POLL_S = 0.005


def boot_ms() -> float:
    """The boot clock now. Tandem's cluster clock is this one and a constant (cluster.clock_offset_ms)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) * 1000


def boot_ms_of(monotonic_s: float) -> float:
    """What the boot clock showed at an instant of time.monotonic()."""
    return boot_ms() - (time.monotonic() - monotonic_s) * 1000


def first_request(load: Load, told_ms: float, report: dict) -> tuple[float, float]:
    """When the first request of the first stage left, boot clock, and how far this may be off, both in ms.

    The load generator counts from its own start. The start lies before the arrival of each of its lines less what that
    line says; and after `told_ms` (when it was told of the users) less what it says of the first request.
    """
    sent_ms = report["stages"][0]["first_request_ms"]
    if sent_ms is None or not load.ticks:
        raise RuntimeError("the load generator sent no request")
    # It cuts off fractions of a millisecond.
    earliest = told_ms - sent_ms - 1
    latest = min(boot_ms_of(tick["at"]) - tick["elapsed_ms"] for tick in load.ticks)
    return max(earliest, latest) + sent_ms, max(0.0, latest - earliest)


def wait_until_alive(load: Load) -> None:
    """Until the load generator has said its first line: then it takes no time to start when it is told of users."""
    end = time.monotonic() + ALIVE_S
    while not load.ticks:
        if load.process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"tandem load said nothing within {ALIVE_S:.0f} s")
        time.sleep(POLL_S)
