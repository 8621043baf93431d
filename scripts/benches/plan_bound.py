"""What no plan for a described world can cost less than, and what the plainest plan costs: both from the world alone, by
arithmetic that shares nothing with the planner.

The bound is the linear program over quantities: a quantity is something of which each replica takes a part and no node holds
more than so much (a resource, GPU devices, replicas that do not stand with each other), counted once for all replicas and
once for those that only some kinds of node can hold. Solved by its dual, whose answers are made feasible by hand at the end,
so that rounding makes the bound lower and never wrong.
"""

import collections

import plan_check

THRESHOLDS = range(50, 501, 10)  # of shares of a device, in thousandths
MASKS_MAX = 60


def kinds(world: dict) -> list[tuple]:
    """(type, amounts, devices, price of its cheapest offering) of what can be bought."""
    found = []
    for kind in world["node_types"]:
        prices = [o["price_per_hour"] for o in kind.get("offerings", []) if o.get("available", True)]
        if prices:
            found.append((kind, plan_check.amounts(kind["resources"]), round(kind["resources"].get("GPU", 0)), min(prices)))
    return found


def asks(world: dict) -> list[tuple]:
    """(request, amounts, thousandths of GPU, how many), bundles each for itself."""
    found = []
    for request in world["requests"]:
        for ask in request.get("bundles") or [request.get("resources", {})]:
            gpu = plan_check.milli(ask.get("GPU", 0))
            found.append((request, plan_check.amounts(ask), gpu, request.get("count", 1)))
    return found


def share(gpu: int, threshold: int | None) -> int:
    """A share that leaves less than the threshold takes its device whole if shares below the threshold count nothing.

    Source: the dual feasible functions of Fekete and Schepers 2001.
    """
    if threshold is None or gpu >= 1000:
        return gpu
    return 1000 if gpu > 1000 - threshold else 0 if gpu < threshold else gpu


def quantities(world: dict, placed: collections.Counter | None) -> tuple[list[list[float]], list[float], list[float]]:
    """For each quantity what each kind holds and what is needed, both in parts of the largest; and the prices."""
    listed = kinds(world)
    wanted = []
    sets: dict[tuple, frozenset] = {}
    for request, need, gpu, count in asks(world):
        if placed is not None:
            count = placed[request["id"]]
        selectors = [request.get("label_selector", {})] + [f["label_selector"] for f in request.get("fallback_strategy", [])]
        key = (tuple(sorted(need.items())), gpu, str(selectors))
        if key not in sets:
            sets[key] = frozenset(
                index
                for index, (kind, has, gpus, _) in enumerate(listed)
                if any(plan_check.selects(s, kind.get("labels", {})) for s in selectors)
                and all(has.get(name, 0) >= amount for name, amount in need.items())
                and gpu <= 1000 * gpus
            )
        if sets[key] and count:
            wanted.append((request, need, gpu, count, sets[key]))
    sizes: collections.Counter = collections.Counter()
    for *_, count, able in wanted:
        sizes[able] += count
    everything = frozenset(range(len(listed)))
    masks = [everything] + [m for m, _ in sizes.most_common(MASKS_MAX) if m != everything]
    shares = {gpu for _, _, gpu, _, _ in wanted if 0 < gpu < 1000}
    # By shape first: replicas by the thousand ask for a few things.
    shapes: collections.Counter = collections.Counter()
    apart: collections.Counter = collections.Counter()
    for request, need, gpu, count, able in wanted:
        shapes[tuple(sorted(need.items())), gpu, able] += count
        for rule in request.get("anti_affinity", []):
            own = plan_check.matches(rule["selector"], request.get("labels", {}))
            if rule["topology"] == "node" and own and not rule.get("soft"):
                apart[tuple(sorted(rule["selector"].items())), able] += count
    free = [plan_check.Node({n["name"]: n for n in world["node_types"]}[e["type"]], e, False) for e in world.get("nodes", [])]
    rows: dict[tuple, float] = {}

    def add(holds: list[float], need: float) -> None:
        most = max(holds, default=0)
        if most > 0 and need > 0:
            key = tuple(h / most for h in holds)
            rows[key] = max(rows.get(key, 0), need / most)

    names = sorted({name for _, need, _, _, _ in wanted for name in need})
    for mask in masks:
        within = [(dict(need), gpu, count) for (need, gpu, able), count in shapes.items() if able <= mask]
        for name in names:
            held = sum(max(0, node.free.get(name, 0)) for node in free)
            holds = [has.get(name, 0) if i in mask else 0 for i, (_, has, _, _) in enumerate(listed)]
            add(holds, sum(need.get(name, 0) * count for need, _, count in within) - held)
        held = sum(1000 for node in free for device in node.devices if device > 0)
        for threshold in [None, *(THRESHOLDS if shares else [])]:
            holds = [1000 * gpus if i in mask else 0 for i, (_, _, gpus, _) in enumerate(listed)]
            add(holds, sum(share(gpu, threshold) * count for _, gpu, count in within) - held)
        for selector in {selector for selector, _ in apart}:
            holds = [1 if i in mask else 0 for i in range(len(listed))]
            add(holds, sum(n for (s, able), n in apart.items() if s == selector and able <= mask) - len(free))
    return [list(row) for row in rows], list(rows.values()), [price for *_, price in listed]


def bound(world: dict, plan: dict | None = None) -> float:
    """Dollars per hour that those placed by the plan (all, without one) cost at least."""
    placed = None
    if plan is not None:
        placed = collections.Counter()
        for one in plan["assignments"]:
            if one.get("bundle", 0) == 0:
                placed[one["request"]] += one["count"]
    rows, needs, prices = quantities(world, placed)
    if not rows:
        return 0.0
    worth = dual(rows, needs, prices)
    # Whatever the simplex method says: prices under which no kind holds more than it costs.
    worst = max(
        (sum(w * row[i] for w, row in zip(worth, rows)) / price for i, price in enumerate(prices) if price > 0), default=1
    )
    for i, price in enumerate(prices):
        if price == 0 and any(w > 0 and row[i] > 0 for w, row in zip(worth, rows)):
            return 0.0
    return sum(w * n for w, n in zip(worth, needs)) / max(1.0, worst)


def dual(rows: list[list[float]], needs: list[float], prices: list[float]) -> list[float]:
    """Worths of one of each quantity: max needs·w with no kind worth more than its price. Simplex method on a dense table, which
    begins at zero; the steepest gain enters, and after many pivots the first one, so that it ends."""
    count, kinds_ = len(rows), len(prices)
    table = [[rows[r][k] for r in range(count)] + [float(prices[k])] for k in range(kinds_)]
    gain = [float(n) for n in needs] + [0.0]
    basis = [count + k for k in range(kinds_)]
    at = list(range(count))  # the variable of each column
    for step in range(50 * (count + 10)):
        choices = [c for c in range(count) if gain[c] > 1e-9]
        if not choices:
            break
        column = max(choices, key=lambda c: gain[c]) if step < 20 * count else min(choices, key=lambda c: at[c])
        able = [(row[-1] / row[column], basis[k], k) for k, row in enumerate(table) if row[column] > 1e-9]
        if not able:
            break
        leaving = min(able)[2]
        pivot = table[leaving]
        by = pivot[column]
        pivot[column] = 1.0
        pivot[:] = [v / by for v in pivot]
        for other in [*table, gain]:
            if other is not pivot and other[column]:
                factor = other[column]
                other[column] = 0.0
                other[:] = [v - factor * p for v, p in zip(other, pivot)]
        basis[leaving], at[column] = at[column], basis[leaving]
    worth = [0.0] * count
    for k, variable in enumerate(basis):
        if variable < count:
            worth[variable] = max(0.0, table[k][-1])
    return worth


class Bin:
    """A node to be: it becomes the cheapest kind that holds what is in it."""

    def __init__(self, zone):
        self.zone, self.used, self.shares, self.whole = zone, collections.Counter(), [], 0
        self.able: frozenset | None = None
        self.labelled: set = set(range(10_000))  # kinds whose labels do for all in it
        self.seen: collections.Counter = collections.Counter()
        self.repelled: set = set()


def first_fit(world: dict) -> float:
    """What first fit decreasing pays, the cheaper of two ways to choose the kind of a new node."""
    return min(first_fit_by(world, is_open) for is_open in (True, False))


def first_fit_by(world: dict, is_open: bool) -> float:
    """First fit decreasing by GPU, CPU, memory: a replica goes to the first node with room, else to a new one, in the zone that its
    rules like best. With `is_open` a node is any kind that holds what is in it until the end, as in Karpenter; else it is from
    the first the kind that costs least for each such replica. In the end each node is the cheapest kind that holds it.
    For worlds without nodes, gangs and bundles. Returns dollars per hour; replicas that nothing holds are left out."""
    listed = kinds(world)
    order = sorted(range(len(listed)), key=lambda i: listed[i][3])
    zones = sorted({o["zone"] for kind, *_ in listed for o in kind.get("offerings", []) if o.get("zone")}) or [None]
    bins: list[Bin] = []
    totals: dict[tuple, collections.Counter] = collections.defaultdict(collections.Counter)
    rules: dict[str, list] = {}
    keys = set()
    alive: dict[tuple, list] = collections.defaultdict(lambda: [0, []])
    for request in world["requests"]:
        rules[request["id"]] = [
            (kind, rule, (rule["topology"], tuple(sorted(rule["selector"].items()))))
            for kind in ("spread", "affinity", "anti_affinity")
            for rule in request.get(kind, [])
            if not rule.get("soft")
        ]
        keys |= {key for _, _, key in rules[request["id"]]}
    rooms: dict[tuple, frozenset] = {}

    def kinds_of(one: Bin, need: dict, gpu: int, able: frozenset) -> frozenset | None:
        used, shares, whole = one.used.copy(), list(one.shares), one.whole
        used.update(need)
        if gpu >= 1000:
            whole += gpu // 1000
        elif gpu:
            tight = [i for i, left in enumerate(shares) if left >= gpu]
            if tight:
                shares[min(tight, key=lambda i: shares[i])] -= gpu
            else:
                shares.append(1000 - gpu)
        left = frozenset(
            i
            for i in (able if one.able is None else able & one.able)
            if len(shares) + whole <= listed[i][2] and all(listed[i][1].get(n, 0) >= a for n, a in used.items())
        )
        if not left:
            return None
        one.trial = (used, shares, whole)
        return left

    def times(i: int, need: dict, gpu: int) -> int:
        """So many of it an empty one holds."""
        _, has, gpus, _ = listed[i]
        rooms = [has.get(name, 0) // amount for name, amount in need.items()]
        if gpu:
            rooms.append(gpus * (1000 // gpu) if gpu < 1000 else 1000 * gpus // gpu)
        return max(1, min(rooms, default=1))

    def holds(i: int, one: Bin) -> bool:
        fits = len(one.shares) + one.whole <= listed[i][2] and all(listed[i][1].get(n, 0) >= a for n, a in one.used.items())
        return fits and i in one.labelled

    def on_node(request: dict, one: Bin, number: int, own: frozenset) -> bool:
        """By rules about the node alone; what these refuse once they refuse for ever."""
        if one.repelled & own:
            return False
        for kind, rule, key in rules[request["id"]]:
            there = totals[key][number] if key[0] == "node" else 0
            if there and (kind == "anti_affinity" or kind == "spread" and there + (key in own) > rule.get("max_skew", 1)):
                return False
        return True

    def in_zone(request: dict, one: Bin, number: int, own: frozenset) -> bool:
        for kind, rule, key in rules[request["id"]]:
            there = totals[key][number if key[0] == "node" else one.zone]
            if kind == "affinity" and not there and not (key in own and not sum(totals[key].values())):
                return False
            if key[0] == "zone" and kind == "anti_affinity" and there:
                return False
            if key[0] == "zone" and kind == "spread":
                if there + (key in own) - min(totals[key][z] for z in zones) > rule.get("max_skew", 1):
                    return False
        return True

    def enter(request: dict, one: Bin, number: int, own: frozenset, left: frozenset) -> None:
        one.used, one.shares, one.whole = one.trial
        one.able = left
        one.labelled &= rooms[request["id"],]
        for key in own:
            totals[key][number if key[0] == "node" else one.zone] += 1
        one.repelled |= {key for kind, _, key in rules[request["id"]] if kind == "anti_affinity" and key[0] == "node"}

    sized = sorted(asks(world), key=lambda ask: (-ask[2], -ask[1].get("CPU", 0), -ask[1].get("memory", 0)))
    for request, need, gpu, count in sized:
        key = (request["id"],)
        if key not in rooms:
            rooms[key] = frozenset(
                i for i in order if plan_check.selects(request.get("label_selector", {}), listed[i][0].get("labels", {}))
            )
        own = frozenset(k for k in keys if plan_check.matches(dict(k[1]), request.get("labels", {})))
        # Those under the same rules have refused the same nodes before.
        open_bins = alive[tuple((kind, key) for kind, _, key in rules[request["id"]]), own]
        begin = 0  # what had no room for one of these has none for the next
        for _ in range(count):
            open_bins[1].extend(range(open_bins[0], len(bins)))
            open_bins[0] = len(bins)
            dead, is_placed = set(), False
            for place in range(begin, len(open_bins[1])):
                number = open_bins[1][place]
                one = bins[number]
                if not on_node(request, one, number, own):
                    dead.add(number)
                elif in_zone(request, one, number, own) and (left := kinds_of(one, need, gpu, rooms[key])):
                    enter(request, one, number, own, left)
                    is_placed = True
                    begin = place if not rules[request["id"]] else 0
                    break
            if dead:
                begin = 0
                open_bins[1] = [number for number in open_bins[1] if number not in dead]
            if is_placed:
                continue
            begin = len(open_bins[1]) if not rules[request["id"]] else 0
            for zone in sorted(zones, key=lambda z: (sum(totals[k][z] for k in own if k[0] == "zone"), str(z))):
                one = Bin(zone)
                if in_zone(request, one, len(bins), own) and (left := kinds_of(one, need, gpu, rooms[key])):
                    if not is_open:
                        left = frozenset([min(left, key=lambda i: (listed[i][3] / times(i, need, gpu), i))])
                    bins.append(one)
                    enter(request, one, len(bins) - 1, own, left)
                    break
    return sum(min(listed[i][3] for i in order if holds(i, one)) for one in bins)
