"""One step of load and back, and requests that come when there are no replicas: driven alike for Tandem and Ray.

A side has `binary` (of the load generator), `port` and `url` (where requests go), `begin(wish)` (only this deployment
runs, and is ready), `history()` (reaction.History), `replicas()` (that exist in any state) and `end()`.
"""

import dataclasses
import http.client
import math
import random
import time

from instants import boot_ms, first_request, wait_until_alive
from load import Load
from reaction import Settings, downward, upward

TARGET_ONGOING = 2  # requests wanted for each replica: the default of num_replicas: auto
MAX_REPLICAS = 100  # the default of num_replicas: auto
POLL_S = 0.1  # between two looks at a history; its instants are those of the events, not of the looks
PROGRESS_S = 5.0
SETTLED_S = 8.0  # as many serve as are wanted, and nothing changed for so long
STARTING_S = 90.0  # at most, from the first target to replicas that settle
ZERO_DOWN_S = 2.0  # from idle to no replicas, where those are measured


@dataclasses.dataclass(frozen=True)
class Wish:
    """A deployment: its handler's times in ms, what it takes of a node, and how it shall scale; `tandem_scaling` has
    the keys that Ray does not know."""

    service_ms: int
    start_ms: int
    num_cpus: float
    autoscaling: dict
    tandem_scaling: dict

    @property
    def minimum(self) -> int:
        return self.autoscaling["min_replicas"]


def step_wish(options, settings: Settings) -> Wish:
    scaling = settings.config(min_replicas=1, max_replicas=MAX_REPLICAS)
    return Wish(options.service_ms, options.start_ms, 0.01, scaling, {"downscale_delay_value": options.downscale_value})


def zero_wish(options, settings: Settings) -> Wish:
    """One that fills the only slot there is."""
    scaling = settings.config(min_replicas=0, max_replicas=1, initial_replicas=0)
    return Wish(options.service_ms, options.start_ms, 1, scaling | {"downscale_delay_s": ZERO_DOWN_S}, {})


def ideal(users: int) -> int:
    return min(math.ceil(users / TARGET_ONGOING), MAX_REPLICAS)


def run_step(side, options, settings: Settings, goes_back: bool, dice: random.Random) -> dict:
    """The figures of one step from one ready replica, without those from zero."""
    side.begin(step_wish(options, settings))
    idle(settings, dice)
    load = Load(side.binary, side.url)
    try:
        wait_until_alive(load)
        start = boot_ms()
        load.users(options.users)
        settled = wait_until_settled(side, start, settings)
        end = boot_ms()
        load.users(0)
        if goes_back:
            wait_until_back(side, settings)
        report = load.stop()
    finally:
        load.kill()
    first, error = first_request(load, start, report)
    history = side.history()
    figures = upward(history, first, end, ideal(options.users)) | downward(history, end, 1)
    seen = report["seen"]
    extra = seen[1]["elapsed_ms"] - report["stages"][0]["first_request_ms"] if len(seen) > 1 else None
    figures |= {"first_extra_200_ms": extra, "settled": settled, "clock_error_ms": error + history.off_ms}
    return figures | {"failed": report["failed"], "requests": report["requests"]}


def idle(settings: Settings, dice: random.Random) -> None:
    """Until the look-back has seen nothing but idleness; a random part more, so that a report is due at any time."""
    rest = settings.look_back_period_s + dice.uniform(0, settings.metrics_interval_s)
    if rest >= PROGRESS_S:
        print(f"    idle for {rest:.0f} s, a look-back", flush=True)
    time.sleep(rest)


def wait_until_settled(side, start: float, settings: Settings) -> bool:
    """Whether it came to rest above one replica."""
    deadline_s = settings.longest_up_s() + STARTING_S

    def at_rest() -> bool:
        history = side.history()
        wanted, serving = history.now()
        moved = max((at for at, _ in history.targets + history.serving), default=start)
        return wanted == serving > 1 and moved > start and boot_ms() - moved >= SETTLED_S * 1000

    return wait_for(side, at_rest, deadline_s, "replicas wanted, serving")


def wait_until_back(side, settings: Settings) -> bool:
    return wait_for(side, lambda: side.history().now() == (1, 1), settings.longest_down_s() + 60, "on the way back")


def wait_for(side, condition, deadline_s: float, words: str) -> bool:
    """Looks every POLL_S; tells how it stands now and then. False when the time is over."""
    began = told = time.monotonic()
    while not condition():
        now = time.monotonic()
        if now - began >= deadline_s:
            return False
        if now - told >= PROGRESS_S:
            told = now
            print(f"    {now - began:4.0f} s  {words} {side.history().now()}", flush=True)
        time.sleep(POLL_S)
    return True


def run_zero(side, options, settings: Settings, rounds: int, dice: random.Random) -> list[float]:
    """Milliseconds from a request to its 200, each while there was no replica and the look-back knew of none."""
    side.begin(zero_wish(options, settings))
    return [one_from_zero(side, settings, dice) for _ in range(rounds)]


def one_from_zero(side, settings: Settings, dice: random.Random) -> float:
    down_s = ZERO_DOWN_S + 2 * settings.look_back_period_s + 2 * settings.metrics_interval_s
    if not wait_for(side, lambda: side.replicas() == 0, down_s + 60, "on the way to none"):
        raise RuntimeError(f"{side.name}: still {side.replicas()} replicas {down_s + 60:.0f} s after the last request")
    idle(settings, dice)
    connection = http.client.HTTPConnection("127.0.0.1", side.port, timeout=60)
    began = time.monotonic()
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise RuntimeError(f"{side.name}: no answer to a request while there were no replicas: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{side.name}: status {answer.status} to a request while there were no replicas")
    return (time.monotonic() - began) * 1000
