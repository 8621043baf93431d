"""What a step of load did to a scaler, from instants alone; the same for Tandem and for its peer."""

import dataclasses
import statistics

# Times in ms. From the first request of the step: first_target, first_ready, first_extra_200, steady. From the word to
# the users to leave: back. From the sending of a request while there are no replicas to its 200: from_zero.
KEYS = ("first_target_ms", "first_ready_ms", "steady_ms", "overshoot", "back_ms", "from_zero_ms")
MORE_KEYS = ("reaction_ms", "first_extra_200_ms", "back_serving_ms")
WORDS = {
    "first_target_ms": "first change of the target",
    "first_ready_ms": "first extra replica ready and routed",
    "reaction_ms": "  from the one to the other",
    "first_extra_200_ms": "first 200 of an extra replica",
    "steady_ms": "replicas as they stayed",
    "overshoot": "most replicas wanted beyond the ideal",
    "back_ms": "target back at the minimum",
    "back_serving_ms": "replicas back at the minimum",
    "from_zero_ms": "from zero: first request to its 200",
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """Of the scaler under measurement, by the names and in the seconds of `autoscaling_config`."""

    upscale_delay_s: float
    downscale_delay_s: float
    metrics_interval_s: float
    look_back_period_s: float

    def config(self, **more) -> dict:
        return dataclasses.asdict(self) | more

    def longest_up_s(self) -> float:
        """Until more are wanted, with two reports missed."""
        return self.upscale_delay_s + self.look_back_period_s + 2 * self.metrics_interval_s

    def longest_down_s(self) -> float:
        return self.downscale_delay_s + 2 * self.look_back_period_s + 2 * self.metrics_interval_s


SETTINGS = {
    "quick": Settings(upscale_delay_s=2, downscale_delay_s=5, metrics_interval_s=0.5, look_back_period_s=2),
    "default": Settings(upscale_delay_s=30, downscale_delay_s=600, metrics_interval_s=10, look_back_period_s=30),
}


@dataclasses.dataclass
class History:
    """What became of one deployment; instants in ms of the boot clock, in order.

    `targets`: replicas wanted from then on. `serving`: replicas that requests are sent to from then on. `off_ms`: how
    far an instant may be off."""

    targets: list[tuple[float, int]]
    serving: list[tuple[float, int]]
    off_ms: float

    def now(self) -> tuple[int, int]:
        """Replicas wanted and serving, as last known; 0 when nothing is."""
        return last(self.targets), last(self.serving)


def last(changes: list[tuple[float, int]]) -> int:
    return changes[-1][1] if changes else 0


def upward(history: History, start: float, end: float, ideal: int) -> dict:
    """From `start` (the step's first request) to `end` (the users were told to leave)."""
    targets = [(at, count) for at, count in history.targets if start <= at <= end]
    serving = [(at, count) for at, count in history.serving if start <= at <= end]
    first_target = targets[0][0] - start if targets else None
    before = last([change for change in history.serving if change[0] < start])
    first_ready = next((at - start for at, count in serving if count > before), None)
    known = first_target is not None and first_ready is not None
    return {
        "first_target_ms": first_target,
        "first_ready_ms": first_ready,
        "reaction_ms": first_ready - first_target if known else None,
        "steady_ms": serving[-1][0] - start if serving else None,
        "steady_replicas": last(serving),
        "targets": [count for _, count in targets],
        "overshoot": max([0, *(count - ideal for _, count in targets)]),
    }


def downward(history: History, end: float, minimum: int) -> dict:
    """From `end` (the users were told to leave) to the minimum, by target and by replicas that serve."""

    def reached(changes: list[tuple[float, int]]) -> float | None:
        return next((at - end for at, count in changes if at > end and count <= minimum), None)

    return {"back_ms": reached(history.targets), "back_serving_ms": reached(history.serving)}


def summary(rounds: list[dict], zeros: list[float]) -> dict:
    """Median, least and most of each figure over the rounds; null where no round has it. Whole ms."""
    figures: dict = {"rounds": len(rounds), "zero_rounds": len(zeros)}
    for key in [*KEYS, *MORE_KEYS]:
        values = zeros if key == "from_zero_ms" else [one[key] for one in rounds if one.get(key) is not None]
        figures |= spread(key, values)
    figures["steady_replicas"] = [one["steady_replicas"] for one in rounds]
    figures["targets"] = [one["targets"] for one in rounds]
    figures["settled"] = all(one["settled"] for one in rounds)
    figures["failed"] = sum(one["failed"] for one in rounds)
    figures["clock_error_ms"] = round(max((one["clock_error_ms"] for one in rounds), default=0), 1)
    return figures


def spread(key: str, values: list[float]) -> dict:
    if not values:
        return {key: None, f"{key}_min": None, f"{key}_max": None}
    middle, least, most = statistics.median(values), min(values), max(values)
    return {key: round(middle), f"{key}_min": round(least), f"{key}_max": round(most)}


def show(figures: dict, key: str) -> str:
    """`2250 (2249-2271)`, or a dash."""
    if figures.get(key) is None:
        return "-"
    middle, least, most = figures[key], figures.get(f"{key}_min"), figures.get(f"{key}_max")
    return f"{middle}" if least is None or (least, most) == (middle, middle) else f"{middle} ({least}-{most})"
