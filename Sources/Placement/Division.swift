import Model

/// What one deployment would have of the nodes that are there.
package struct Claim: Hashable, Sendable {
    package var deployment: DeploymentID
    /// Higher ones have what they wish for before lower ones have anything beyond what they keep.
    package var priority: Int
    /// Of what deployments of one priority share it gets so many parts; at least 1.
    package var weight: Int
    /// Replicas that are wished for.
    package var wish: Int
    /// Of those that stand so many are nobody else's, whatever the priorities.
    package var kept: Int
    /// Of one replica.
    package var resources: Resources
    /// Its replicas by node.
    package var standing: [NodeID: Int]
    /// Where others of it may stand; nil: anywhere.
    package var nodes: Set<NodeID>?
    /// So many may stand on one node; nil: any number.
    package var perNodeMax: Int?

    package init(
        deployment: DeploymentID, priority: Int = 0, weight: Int = 1, wish: Int, kept: Int = 0,
        resources: Resources, standing: [NodeID: Int] = [:], nodes: Set<NodeID>? = nil, perNodeMax: Int? = nil
    ) {
        self.deployment = deployment
        self.priority = priority
        self.weight = max(weight, 1)
        self.wish = wish
        self.kept = kept
        self.resources = resources
        self.standing = standing
        self.nodes = nodes
        self.perNodeMax = perNodeMax
    }
}

/// A node as something to be divided.
package struct Berth: Hashable, Sendable {
    package var node: NodeID
    /// What the claims share: all of it but what belongs to nobody who claims.
    package var room: Resources
    /// What none of those holds that stand there; the part of `room` that costs nobody anything.
    package var free: Resources

    package init(node: NodeID, room: Resources, free: Resources) {
        self.node = node
        self.room = room
        self.free = free
    }
}

/// So many replicas each deployment has of the room there is, and where.
package struct Division: Hashable, Sendable {
    /// A deployment without a claim has no entry.
    package private(set) var parts: [DeploymentID: [NodeID: Int]]

    init(_ parts: [DeploymentID: [NodeID: Int]]) { self.parts = parts }

    /// Nil: it has no claim.
    package func count(of deployment: DeploymentID) -> Int? {
        parts[deployment].map { $0.values.reduce(0, +) }
    }
}

/// Beyond so many comparisons and nodes looked at, nothing is divided: everyone keeps what stands.
package let divisionWorkMax = 2_000_000

/// Divides the room of nodes among deployments when there is too little of it: by priority, and within one priority by
/// weighted max-min. What each keeps is given first; then, priority by priority, one replica at a time to whoever has the
/// smallest share (replicas over weight) with it, where one of its own stands, else where room is free, else where
/// others stand; and last, replicas of a larger share leave the nodes on which alone one of a smaller fits. So nobody could have one more unless one went of a higher priority, of what is kept, or of a share that
/// is not larger than its own would be then.
/// - Returns: nil: more than `divisionWorkMax`.
/// - Source: weighted max-min fairness by progressive filling (D. Bertsekas, R. Gallager, Data Networks, 6.5.2), here
///   with whole replicas on whole nodes.
package func divide(_ claims: [Claim], among berths: [Berth]) -> Division? {
    var dividing = Dividing(claims, berths)
    dividing.keep()
    for group in Dictionary(grouping: dividing.claims.indices, by: { dividing.claims[$0].priority })
        .sorted(by: { $0.key > $1.key })
    {
        dividing.fill(group.value.sorted())
    }
    dividing.trade()
    return dividing.work <= divisionWorkMax ? dividing.division : nil
}

struct Dividing {
    /// Sorted by deployment.
    let claims: [Claim]
    let demands: [Amounts]
    let nodes: [NodeID]
    private let standing: [[(cell: Int, count: Int)]]
    private let stood: [Int]
    var room: [Amounts]
    private var free: [Amounts]
    var given: [[Int: Int]]
    /// Claims that were given something on each node.
    var holders: [Set<Int>]
    var counts: [Int]
    var cursors: [Cursor]
    var work = 0

    /// Where a claim has come to: what does not fit any more never fits again, since room only goes.
    struct Cursor {
        var own = 0
        var free = 0
        var any = 0
    }

    init(_ claims: [Claim], _ berths: [Berth]) {
        let claims = claims.sorted { $0.deployment < $1.deployment }
        let berths = berths.sorted { $0.node < $1.node }
        let columns = Columns(claims.map(\.resources) + berths.flatMap { [$0.room, $0.free] })
        let places = Dictionary(
            berths.enumerated().map { ($1.node, $0) }, uniquingKeysWith: { first, _ in first })
        self.claims = claims
        demands = claims.map { columns.amounts($0.resources) }
        nodes = berths.map(\.node)
        let standing = claims.map { claim in
            claim.standing.compactMap { node, count in places[node].map { (cell: $0, count: count) } }
                .sorted { $0.cell < $1.cell }
        }
        self.standing = standing
        stood = standing.map { $0.reduce(0) { $0 + $1.count } }
        room = berths.map { columns.amounts($0.room) }
        free = berths.map { columns.amounts($0.free) }
        given = claims.map { _ in [:] }
        holders = berths.map { _ in [] }
        counts = claims.map { _ in 0 }
        cursors = claims.map { _ in Cursor() }
    }

    var division: Division {
        Division(
            Dictionary(
                uniqueKeysWithValues: claims.indices.map { index in
                    let parts = given[index].map { (nodes[$0.key], $0.value) }
                    return (claims[index].deployment, Dictionary(uniqueKeysWithValues: parts))
                }))
    }

    /// What nobody else can have.
    mutating func keep() {
        for claim in claims.indices {
            while counts[claim] < min(claims[claim].kept, claims[claim].wish), giveOwn(claim) {}
        }
    }

    /// One at a time, to whoever has the smallest share with it.
    mutating func fill(_ group: [Int]) {
        var line = ServingLine(group.filter { counts[$0] < claims[$0].wish })
        line.order(isBefore)
        while let claim = line.first, work <= divisionWorkMax {
            work += 1
            let isGiven = giveOwn(claim) || giveFree(claim) || giveAny(claim)
            if !isGiven || counts[claim] >= claims[claim].wish {
                line.removeFirst(isBefore)
            } else {
                line.sink(0, isBefore)
            }
        }
    }

    /// The smaller share with one more; of equal ones whoever has that one already, so that nothing moves for nothing.
    private func isBefore(_ a: Int, _ b: Int) -> Bool {
        let mine = Int128(counts[a] + 1) * Int128(claims[b].weight)
        let other = Int128(counts[b] + 1) * Int128(claims[a].weight)
        if mine != other { return mine < other }
        let (stands, otherStands) = (counts[a] < stood[a], counts[b] < stood[b])
        return stands != otherStands ? stands : a < b
    }

    mutating func giveOwn(_ claim: Int) -> Bool {
        while cursors[claim].own < standing[claim].count {
            work += 1
            let (cell, count) = standing[claim][cursors[claim].own]
            if given[claim][cell, default: 0] < count, room[cell].covers(demands[claim]) {
                give(claim, cell)
                return true
            }
            cursors[claim].own += 1
        }
        return false
    }

    mutating func giveFree(_ claim: Int) -> Bool {
        while cursors[claim].free < nodes.count {
            work += 1
            let cell = cursors[claim].free
            if free[cell].covers(demands[claim]), mayStand(claim, cell) {
                free[cell].take(demands[claim])
                give(claim, cell)
                return true
            }
            cursors[claim].free += 1
        }
        return false
    }

    mutating func giveAny(_ claim: Int) -> Bool {
        while cursors[claim].any < nodes.count {
            work += 1
            let cell = cursors[claim].any
            if mayStand(claim, cell) {
                give(claim, cell)
                return true
            }
            cursors[claim].any += 1
        }
        return false
    }

    private func mayStand(_ claim: Int, _ cell: Int) -> Bool {
        room[cell].covers(demands[claim]) && claims[claim].nodes?.contains(nodes[cell]) ?? true
            && given[claim][cell, default: 0] < claims[claim].perNodeMax ?? .max
    }

    mutating func give(_ claim: Int, _ cell: Int) {
        room[cell].take(demands[claim])
        given[claim][cell, default: 0] += 1
        holders[cell].insert(claim)
        counts[claim] += 1
    }
}

/// Who is served next: a heap, of which only the first one's place changes.
private struct ServingLine {
    private var claims: [Int]

    init(_ claims: [Int]) { self.claims = claims }

    var first: Int? { claims.first }

    mutating func order(_ isBefore: (Int, Int) -> Bool) {
        for place in (0..<claims.count / 2).reversed() { sink(place, isBefore) }
    }

    mutating func removeFirst(_ isBefore: (Int, Int) -> Bool) {
        guard let last = claims.popLast(), !claims.isEmpty else { return }
        claims[0] = last
        sink(0, isBefore)
    }

    mutating func sink(_ from: Int, _ isBefore: (Int, Int) -> Bool) {
        var place = from
        while true {
            var best = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < claims.count && isBefore(claims[child], claims[best]) {
                best = child
            }
            guard best != place else { return }
            claims.swapAt(place, best)
            place = best
        }
    }
}
