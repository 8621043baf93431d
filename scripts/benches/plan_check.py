"""Whether a plan of `tandem plan` holds: every rule of the described world is played again on amounts, devices and counts of
this module's own, which shares nothing with the planner."""

import collections
import math

Fault = str


def milli(amount) -> int:
    return round(amount * 1000)


def amounts(resources: dict) -> dict:
    return {k: (int(v) if k == "memory" else milli(v)) for k, v in (resources or {}).items() if v and k != "GPU"}


def selects(selector: dict, labels: dict) -> bool:
    """Ray's label selectors: v, !v, in(a, b), !in(a, b)."""
    for key, text in (selector or {}).items():
        excludes = text.startswith("!")
        rest = text[1:] if excludes else text
        values = [v.strip() for v in rest[3:-1].split(",")] if rest.startswith("in(") else [rest.strip()]
        if (labels.get(key) in values) == excludes:
            return False
    return True


def matches(selector: dict, labels: dict) -> bool:
    return all(labels.get(k) == v for k, v in selector.items())


class Node:
    def __init__(self, kind: dict, entry: dict, launched: bool):
        resources = entry.get("resources") or kind["resources"]
        self.id, self.zone, self.type, self.launched = entry["id"], entry.get("zone"), kind["name"], launched
        self.free = amounts(resources)
        for name, used in amounts(entry.get("used", {})).items():
            self.free[name] = self.free.get(name, 0) - used
        self.devices = [1000] * round(resources.get("GPU", 0))
        for index, used in enumerate(entry.get("used_gpus_milli", [])):
            self.devices[index] -= used
        self.labels = {**kind.get("labels", {}), **entry.get("labels", {})}
        self.total, self.device_count = amounts(resources), len(self.devices)

    def take(self, ask: dict, slots: list, times: int = 1) -> list[Fault]:
        """So many of the ask; of those with a share or a device one at a time."""
        faults = []
        for name, amount in amounts(ask).items():
            self.free[name] = self.free.get(name, 0) - amount * times
            if self.free[name] < 0:
                faults.append(f"{self.id}: {name} is overdrawn")
        gpu = milli(ask.get("GPU", 0))
        if sum(s["milli"] for s in slots) != gpu:
            faults.append(f"{self.id}: {slots} are not {gpu} thousandths of a GPU")
        if gpu >= 1000 and any(s["milli"] != 1000 for s in slots) or 0 < gpu < 1000 and len(slots) != 1:
            faults.append(f"{self.id}: {slots} are neither one share nor whole devices")
        for slot in slots:
            if not 0 <= slot["index"] < len(self.devices):
                faults.append(f"{self.id}: it has no device {slot['index']}")
                continue
            self.devices[slot["index"]] -= slot["milli"]
            if self.devices[slot["index"]] < 0:
                faults.append(f"{self.id}: device {slot['index']} is overdrawn")
        return faults


class Checker:
    """Plays one plan."""

    def __init__(self, world: dict, plan: dict):
        self.world, self.plan = world, plan
        self.types = {t["name"]: t for t in world["node_types"]}
        self.requests = {r["id"]: r for r in world["requests"]}
        self.nodes = {n["id"]: Node(self.types[n["type"]], n, False) for n in world.get("nodes", [])}
        self.faults: list[Fault] = []
        self.cost = 0.0
        self.launch()
        self.known_zones: dict[str, list[str]] = {}
        rules = lambda r: [(k, x) for k in ("spread", "affinity", "anti_affinity") for x in r.get(k, [])]
        self.rules = {id: rules(r) for id, r in self.requests.items()}
        self.kinds: dict[tuple, int] = {}
        for list_ in self.rules.values():
            for _, rule in list_:
                self.kinds.setdefault(self.key(rule), len(self.kinds))
        self.skews: collections.Counter = collections.Counter()
        for list_ in self.rules.values():
            for kind, rule in list_:
                if kind == "spread":
                    self.skews[self.key(rule)] = max(self.skews[self.key(rule)], rule.get("max_skew", 1))
        self.seen = {key: collections.Counter() for key in self.kinds}
        self.seen_by = {
            id: [key for key in self.kinds if matches(dict(key[1]), r.get("labels", {}))] for id, r in self.requests.items()
        }
        # Final: all that a selector matches stands under the same spread.
        self.final = {
            key
            for key in self.kinds
            if all(
                any(k == "spread" and not x.get("soft") and self.key(x) == key for k, x in self.rules[id])
                for id in self.requests
                if key in self.seen_by[id]
            )
        }
        self.can_buy = not world.get("online") and any(o.get("available", True) for t in world["node_types"] for o in t.get("offerings", []))

    @staticmethod
    def key(rule: dict) -> tuple:
        return rule["topology"], tuple(sorted(rule["selector"].items()))

    def launch(self) -> None:
        taken = self.taken = collections.Counter()
        for one in self.plan["launches"]:
            kind = self.types[one["type"]]
            offers = [
                o for o in kind.get("offerings", [])
                if o.get("zone") == one.get("zone") and o.get("capacity_type", "on-demand") == one["capacity_type"]
            ]
            place = (one["type"], one.get("zone"), one["capacity_type"])
            taken[place] += 1
            room = max((o.get("available", True) for o in offers), default=0)
            if room is False or room is not True and taken[place] > room:
                self.faults.append(f"{one['id']}: {place} cannot be had")
            self.cost += min((o["price_per_hour"] for o in offers), default=math.inf)
            if one["id"] in self.nodes:
                self.faults.append(f"{one['id']}: there are two")
            self.nodes[one["id"]] = Node(kind, one, True)
        limits = self.world.get("limits", {})
        if len(self.nodes) > limits.get("max_workers", math.inf) and self.plan["launches"]:
            self.faults.append("more nodes than max_workers")
        for name, kind in self.types.items():
            count = sum(n.type == name for n in self.nodes.values())
            if kind.get("max_workers") is not None and count > kind["max_workers"] and any(l["type"] == name for l in self.plan["launches"]):
                self.faults.append(f"more {name} than its max_workers")
        if abs(self.cost - self.plan["cost_per_hour"]) > 1e-6 * max(1, self.cost):
            self.faults.append(f"cost_per_hour is {self.cost}, and not {self.plan['cost_per_hour']}")
        if self.plan["launches"] and self.cost + self.standing() > limits.get("price_per_hour", math.inf) + 1e-9:
            self.faults.append("the price limit is passed")

    def run(self) -> list[Fault]:
        placed: collections.Counter = collections.Counter()
        here: dict[tuple, int] = collections.Counter()
        self.carriers: list[tuple] = []
        for one in self.plan["assignments"]:
            request, node = self.requests[one["request"]], self.nodes[one["node"]]
            ask = request["bundles"][one["bundle"]] if "bundle" in one else request.get("resources", {})
            wanted = [request.get("label_selector", {})] + [f["label_selector"] for f in request.get("fallback_strategy", [])]
            if not any(selects(s, node.labels) for s in wanted):
                self.faults.append(f"{one['request']} on {node.id}: its labels are not those asked for")
            placed[one["request"], one.get("bundle", 0)] += one["count"]
            here[one["request"], node.id, one.get("bundle")] += one["count"]
            if one["count"] < 1:
                self.faults.append(f"{one['request']} on {node.id}: {one['count']} of it")
            # Nobody's rules see these, and no device is theirs: all at once.
            if not self.rules[request["id"]] and not self.seen_by[request["id"]] and not one.get("gpus"):
                self.faults += node.take(ask, [], one["count"])
                continue
            for _ in range(one["count"]):
                self.faults += node.take(ask, one.get("gpus", []))
                self.turn(request, node)
        for (id, name, _), count in here.items():
            if count > self.requests[id].get("max_per_node", math.inf):
                self.faults.append(f"{id} on {name}: more than max_per_node")
        self.ends()
        missing: collections.Counter = collections.Counter()
        for one in self.plan["unplaced"]:
            missing[one["request"]] += one["count"]
            self.leftover(self.requests[one["request"]], here)
            self.reasons(one)
        for id, request in self.requests.items():
            for part in range(len(request.get("bundles", [0]))):
                if placed[id, part] + missing[id] != request.get("count", 1):
                    self.faults.append(f"{id}: {placed[id, part]} placed and {missing[id]} not, of {request.get('count', 1)}")
        gangs = collections.defaultdict(set)
        for id, request in self.requests.items():
            if "gang" in request and request.get("count", 1):
                gangs[request["gang"]].add(bool(missing[id]))
                if missing[id] not in (0, request.get("count", 1)):
                    self.faults.append(f"gang {request['gang']}: a part of {id} is placed")
        self.faults += [f"gang {g}: only some of it is placed" for g, states in gangs.items() if len(states) > 1]
        return self.faults

    def domain(self, key: tuple, node: Node):
        return node.id if key[0] == "node" else node.zone

    def turn(self, request: dict, node: Node) -> None:
        """One replica takes its place: what was told before is there."""
        id = request["id"]
        for kind, rule in self.rules[id]:
            key = self.key(rule)
            counts, own, domain = self.seen[key], key in self.seen_by[id], self.domain(key, node)
            if rule.get("soft"):
                continue
            if kind == "affinity" and not counts[domain] and not (own and not sum(n for d, n in counts.items() if d is not None)):
                self.faults.append(f"{id} on {node.id}: it stands without {rule['selector']}")
            if kind == "anti_affinity":
                if counts[domain] and domain is not None:
                    self.faults.append(f"{id} on {node.id}: it stands with {rule['selector']}")
                self.carriers.append((id, key, domain, own))
            if kind == "spread":
                if domain is None:
                    self.faults.append(f"{id} on {node.id}: it is in no zone")
                elif (key not in self.final or not own) and counts[domain] + own - self.fewest(key, request) > rule.get("max_skew", 1):
                    self.faults.append(f"{id} on {node.id}: more than max_skew at its turn")
        for key in self.seen_by[id]:
            self.seen[key][self.domain(key, node)] += 1

    def zones(self, request: dict) -> list[str]:
        """Where the request may stand by its labels: a spread counts these zones, as in Kubernetes (nodeAffinityPolicy Honor)."""
        wants = self.wants(request)
        name = str(wants)
        if name not in self.known_zones:
            admits = lambda labels: any(selects(s, labels) for s in wants)
            there = {n.zone for n in self.nodes.values() if n.zone and admits(n.labels)}
            offers = [o for t in self.types.values() if admits(t.get("labels", {})) for o in t.get("offerings", [])]
            if not self.world.get("online"):
                there |= {o["zone"] for o in offers if o.get("zone") and o.get("available", True)}
            self.known_zones[name] = sorted(there)
        return self.known_zones[name]

    def fewest(self, key: tuple, request: dict) -> int:
        if key[0] == "node":
            return 0 if self.can_buy else min((self.seen[key][n] for n in self.nodes), default=0)
        return min((self.seen[key][z] for z in self.zones(request)), default=0)

    def ends(self) -> None:
        """What must hold of the whole."""
        for id, key, domain, own in set(self.carriers):
            if domain is not None and self.seen[key][domain] > own:
                self.faults.append(f"{id} in {domain}: {dict(key[1])} came later")
        placed = {one["request"] for one in self.plan["assignments"]}
        for id, list_ in self.rules.items():
            # A rule binds those that carry it: one that stands nowhere asks nothing of the others.
            for kind, rule in list_ if id in placed else []:
                key = self.key(rule)
                # Nor do those whom it counts answer to one whom it does not count: that was its own turn.
                if kind != "spread" or rule.get("soft") or key not in self.final or key not in self.seen_by[id]:
                    continue
                # Of what it counts only the domains where it could stand, as at its turn.
                own = None if key[0] == "node" else self.zones(self.requests[id])
                most = max((n for d, n in self.seen[key].items() if own is None or d in own), default=0)
                least = self.fewest(key, self.requests[id])
                # Where rules differ in their skew, who may be less even may come last.
                if most - least > self.skews[key]:
                    self.faults.append(f"{id}: {rule} ends at {most} against {least}")


    # What found no place, and why.

    def wants(self, request: dict) -> list[dict]:
        return [request.get("label_selector", {})] + [f["label_selector"] for f in request.get("fallback_strategy", [])]

    def fits(self, ask: dict, free: dict, devices: list[int]) -> bool:
        gpu = milli(ask.get("GPU", 0))
        room = any(d >= gpu for d in devices) if 0 < gpu < 1000 else devices.count(1000) * 1000 >= gpu
        return room and all(max(0, free.get(name, 0)) >= amount for name, amount in amounts(ask).items())

    def allowed(self, request: dict, node: str | None, zone: str | None) -> bool:
        """By the hard rules, for one more that is told last; node None: a new one."""
        own = self.seen_by[request["id"]]
        for kind, rule in self.rules[request["id"]]:
            key = self.key(rule)
            counts, domain = self.seen[key], node if key[0] == "node" else zone
            there = 0 if domain is None else counts[domain]
            if rule.get("soft"):
                continue
            if kind == "affinity" and domain is None and key[0] == "zone":
                return False
            if kind == "affinity" and not there and not (key in own and not sum(n for d, n in counts.items() if d is not None)):
                return False
            if kind == "anti_affinity" and there:
                return False
            if kind == "spread" and (key[0] == "zone" and zone is None or there + (key in own) - self.fewest(key, request) > rule.get("max_skew", 1)):
                return False
        for _, key, domain, _ in self.carriers:
            if key in own and domain is not None and domain == (node if key[0] == "node" else zone):
                return False
        # A spread that holds at the end of the plan would count it.
        return not any(key in self.final for key in own)

    def leftover(self, request: dict, here: collections.Counter) -> None:
        """One that stands alone and would fit as the plan ends should not be left out."""
        if "gang" in request or request.get("bundles") or self.world.get("online"):
            return
        ask, id = request.get("resources", {}), request["id"]
        for node in self.nodes.values():
            full = here[id, node.id, None] >= request.get("max_per_node", math.inf)
            if full or not self.fits(ask, node.free, node.devices) or not any(selects(s, node.labels) for s in self.wants(request)):
                continue
            if self.allowed(request, node.id, node.zone):
                self.faults.append(f"{id} is unplaced and fits on {node.id}")
                return
        limits = self.world.get("limits", {})
        if len(self.nodes) >= limits.get("max_workers", math.inf):
            return
        left = limits.get("price_per_hour", math.inf) - self.cost - self.standing()
        for name, kind in self.types.items():
            count = sum(n.type == name for n in self.nodes.values())
            most = kind.get("max_workers")
            empty = self.fits(ask, amounts(kind["resources"]), [1000] * round(kind["resources"].get("GPU", 0)))
            if not empty or most is not None and count >= most:
                continue
            if not any(selects(s, kind.get("labels", {})) for s in self.wants(request)):
                continue
            for offer in kind.get("offerings", []):
                room = offer.get("available", True)
                place = (name, offer.get("zone"), offer.get("capacity_type", "on-demand"))
                if room is False or room is not True and self.taken[place] >= room or offer["price_per_hour"] > left - 1e-9:
                    continue
                if self.allowed(request, None, offer.get("zone")):
                    self.faults.append(f"{id} is unplaced and {name} could be bought for it in {offer.get('zone')}")
                    return

    def standing(self) -> float:
        """What the nodes that are there cost: each the cheapest offering of its type where it stands."""
        total = 0.0
        for node in self.nodes.values():
            if node.launched:
                continue
            prices = [
                o["price_per_hour"] for o in self.types[node.type].get("offerings", []) if node.zone in (None, o.get("zone"))
            ]
            total += min(prices, default=0)
        return total

    def reasons(self, one: dict) -> None:
        """Codes and shortfalls, counted anew where amounts or labels alone decide."""
        request = self.requests[one["request"]]
        parts = request.get("bundles") or [request.get("resources", {})]
        buys = not self.world.get("online") and any(k.get("offerings") for k in self.types.values())
        if not one["reasons"] and (self.world.get("nodes") or buys):
            self.faults.append(f"{one['request']}: it is unplaced without a reason")
        for reason in one["reasons"]:
            name, code, short = reason["candidate"], reason["code"], reason.get("short", {})
            node = self.nodes.get(name)
            kind = self.types.get(node.type if node else name)
            labels = node.labels if node else kind.get("labels", {})
            admits = any(selects(s, labels) for s in self.wants(request))
            whole = node.total if node else amounts(kind["resources"])
            devices = node.device_count if node else round(kind["resources"].get("GPU", 0))
            where = f"{one['request']}: {name} {code}"
            if (code == "label_selector") == admits:
                self.faults.append(f"{where}: its labels are {labels}")
            if code in ("short", "too_large"):
                have = whole if code == "too_large" else node.free if node else whole
                free = [1000] * devices if code == "too_large" or not node else node.devices
                if code == "short" and self.world.get("online"):
                    continue  # true when its turn came
                if not any(self.shortfall(ask, have, free) == short for ask in parts):
                    expected = [self.shortfall(ask, have, free) for ask in parts]
                    self.faults.append(f"{where}: short of {short}, and it is {expected}")
            elif any(not self.fits(ask, whole, [1000] * devices) for ask in parts) and admits and len(parts) == 1:
                self.faults.append(f"{where}: it is too small even when it is empty")

    def shortfall(self, ask: dict, have: dict, devices: list[int]) -> dict:
        lacking = {}
        for name, amount in amounts(ask).items():
            if amount > max(0, have.get(name, 0)):
                lacking[name] = (amount - have.get(name, 0)) / (1 if name == "memory" else 1000)
        gpu = milli(ask.get("GPU", 0))
        if 0 < gpu < 1000 and not any(d >= gpu for d in devices):
            lacking["GPU"] = (gpu - max(devices, default=0)) / 1000
        if gpu >= 1000 and devices.count(1000) * 1000 < gpu:
            lacking["GPU"] = gpu / 1000 - devices.count(1000)
        return lacking


def check(world: dict, plan: dict) -> list[Fault]:
    """What is wrong with the plan; empty: nothing."""
    return Checker(world, plan).run()
