"""Run by the private Python of Ray: asks Serve's controller how a deployment stands, and prints a line of JSON whenever
that has changed. Arguments: address of the cluster, application, deployment, seconds between two looks."""

import json
import logging
import sys
import time

import ray


def main(address: str, application: str, deployment: str, period_s: float) -> None:
    ray.init(address=address, namespace="serve", log_to_driver=False, logging_level=logging.ERROR)
    controller = ray.get_actor("SERVE_CONTROLLER_ACTOR", namespace="serve")
    seen, before_ms, due = None, boot_ms(), time.monotonic()
    while True:
        asked_ms = boot_ms()
        details = ray.get(controller.get_serve_instance_details.remote())
        now_ms = boot_ms()
        state = look(details, application, deployment)
        if state != seen:
            seen = state
            # It changed at the earliest when the look before this one was asked for.
            print(json.dumps({"at_ms": now_ms, "off_ms": now_ms - before_ms, **state}), flush=True)
        before_ms = asked_ms
        due = max(due + period_s, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def look(details: dict, application: str, deployment: str) -> dict:
    """Replicas wanted, running, and existing in any state."""
    found = details["applications"].get(application, {})
    one = found.get("deployments", {}).get(deployment)
    states = [replica["state"] for replica in one["replicas"]] if one else []
    return {
        "status": found.get("status"),
        "message": found.get("message"),
        "wanted": one["target_num_replicas"] if one else 0,
        "running": states.count("RUNNING"),
        "all": len(states),
    }


def boot_ms() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) * 1000


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
