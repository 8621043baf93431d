"""The pattern bound of a world without nodes and rules: the least that whole ways to fill nodes cost, nodes in parts. Run by a
Python with SciPy (purchase.py makes one): world and plan as files, one line of JSON with `bound`, `program` and `rounds`.

Column generation with HiGHS: patterns come from mixed-integer programs, one for each kind of node, in which shares of devices
are only held against devices by sums; so the bound is at most that of true patterns. What the best worths so far prove
(Farley 1990) is the answer, however far the generation has come. Worths are smoothed as in Wentges 1997.
"""

import collections
import json
import pathlib
import sys
import time

import numpy
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

import plan_bound
import plan_check

ROUNDS_MAX = 150
GAP = 5e-4
SMOOTHING = 0.75
MILP = {"mip_rel_gap": 2e-4, "time_limit": 10}


class Problem:
    def __init__(self, world: dict):
        self.kinds = plan_bound.kinds(world)
        self.items, self.count, self.able = [], [], []
        for request, need, gpu, count in plan_bound.asks(world):
            able = [
                plan_check.selects(request.get("label_selector", {}), kind.get("labels", {}))
                and all(has.get(name, 0) >= amount for name, amount in need.items())
                and gpu <= 1000 * gpus
                for kind, has, gpus, _ in self.kinds
            ]
            if any(able) and count:
                self.items.append((request["id"], need, gpu))
                self.count.append(float(count))
                self.able.append(able)
        self.row = {id: place for place, (id, _, _) in enumerate(self.items)}
        self.names = sorted({name for _, need, _ in self.items for name in need})
        shares = {gpu for _, _, gpu in self.items if 0 < gpu < 1000}
        self.thresholds = [None] + sorted({1000 - gpu + 1 for gpu in shares if gpu > 500} | ({500} if shares else set()))[:12]

    def best(self, kind: int, worth: numpy.ndarray) -> tuple[float, numpy.ndarray | None]:
        """No filling of the kind is worth more than this; and one that is worth about as much."""
        _, has, gpus, _ = self.kinds[kind]
        use = [i for i in range(len(self.items)) if self.able[i][kind] and worth[i] > 1e-9]
        if not use:
            return 0.0, None
        rows = [[self.items[i][1].get(name, 0) / max(1, has.get(name, 0)) for i in use] for name in self.names]
        if gpus:
            rows += [[plan_bound.share(self.items[i][2], t) / 1000 / gpus for i in use] for t in self.thresholds]
        limits = Bounds(0, [self.count[i] for i in use])
        answer = milp(
            -worth[use], constraints=LinearConstraint(numpy.array(rows), -numpy.inf, 1 + 1e-9), integrality=numpy.ones(len(use)),
            bounds=limits, options=MILP,
        )  # fmt: skip
        load = None
        if answer.x is not None:
            load = numpy.zeros(len(self.items))
            load[use] = numpy.round(answer.x)
        most = -answer.mip_dual_bound if answer.mip_dual_bound is not None else numpy.inf
        return most, load

    def plain_worth(self) -> numpy.ndarray:
        """What each item is worth by the prices of quantities alone: none of these fills a node with more than it costs."""
        kinds, rows, shares = range(len(self.kinds)), [], []
        masks = {tuple(able) for able in self.able} | {tuple(True for _ in kinds)}
        for mask in sorted(masks):
            inside = [all(m or not a for m, a in zip(mask, able)) for able in self.able]
            for name in self.names:
                rows.append([self.kinds[k][1].get(name, 0) * mask[k] for k in kinds])
                shares.append([need.get(name, 0) * i for i, (_, need, _) in zip(inside, self.items)])
            for threshold in self.thresholds:
                rows.append([1000 * self.kinds[k][2] * mask[k] for k in kinds])
                shares.append([plan_bound.share(gpu, threshold) * i for i, (_, _, gpu) in zip(inside, self.items)])
        held, taken = numpy.array(rows, float), numpy.array(shares, float)
        unit = numpy.maximum(held.max(axis=1), 1)[:, None]
        held, taken = held / unit, taken / unit
        prices = [price for *_, price in self.kinds]
        answer = linprog(-(taken @ numpy.array(self.count)), A_ub=held.T, b_ub=prices, method="highs")
        return taken.T @ answer.x

    def patterns(self, plan: dict) -> list[tuple[int, numpy.ndarray]]:
        """Those of a plan, so that the program begins no worse than it."""
        place = {kind["name"]: index for index, (kind, *_) in enumerate(self.kinds)}
        loads = collections.defaultdict(lambda: numpy.zeros(len(self.items)))
        for one in plan["assignments"]:
            if one["request"] in self.row:
                loads[one["node"]][self.row[one["request"]]] += one["count"]
        found = {(place[one["type"]], tuple(loads[one["id"]])) for one in plan["launches"]}
        return [(kind, numpy.array(load)) for kind, load in sorted(found)]


def bound(world: dict, plan: dict, seconds: float) -> dict:
    problem = Problem(world)
    count = numpy.array(problem.count)
    prices = numpy.array([price for *_, price in problem.kinds])
    columns = problem.patterns(plan)
    center, began = problem.plain_worth(), time.monotonic()
    proven = float(count @ center)
    for rounds in range(1, ROUNDS_MAX + 1):
        matrix = numpy.array([load for _, load in columns]).T
        program = linprog([prices[kind] for kind, _ in columns], A_ub=-matrix, b_ub=-count, method="highs")
        worth = -program.ineqlin.marginals
        before = len(columns)
        for weight in (SMOOTHING, 0.0):
            mean = weight * center + (1 - weight) * worth
            fillings = [problem.best(kind, mean) for kind in range(len(prices))]
            scale = min([price / most for (most, _), price in zip(fillings, prices) if most > price], default=1.0)
            if count @ mean * scale > proven:
                proven, center = float(count @ mean * scale), mean * scale
            for kind, (_, load) in enumerate(fillings):
                if load is not None and worth @ load > prices[kind] * (1 + 1e-7):
                    columns.append((kind, load))
            if len(columns) > before:
                break
        if len(columns) == before or program.fun - proven < GAP * program.fun or time.monotonic() - began > seconds:
            break
    return {"bound": proven, "program": program.fun, "rounds": rounds}


if __name__ == "__main__":
    described, planned, patience = sys.argv[1:]
    read = lambda name: json.loads(pathlib.Path(name).read_text())
    print(json.dumps(bound(read(described), read(planned), float(patience))))
