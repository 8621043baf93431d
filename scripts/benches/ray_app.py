"""Ray Serve's handler for the benchmarks, loaded by Ray itself: answers after a fixed time. Tandem's is `tandem replica
sleep`."""

import asyncio
import time

from ray import serve
from starlette.responses import PlainTextResponse


@serve.deployment(name="sleeper")
class Sleeper:
    def __init__(self, service_s: float, start_s: float) -> None:
        time.sleep(start_s)
        self.service_s = service_s
        # The header in which the load generator looks for who answered.
        self.headers = {"x-tandem-replica": serve.get_replica_context().replica_id.unique_id}

    async def __call__(self, request) -> PlainTextResponse:
        await asyncio.sleep(self.service_s)
        return PlainTextResponse("ok", headers=self.headers)


def app(arguments: dict):
    """`arguments`: service_s and start_s, seconds."""
    return Sleeper.bind(float(arguments["service_s"]), float(arguments["start_s"]))
