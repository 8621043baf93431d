import Model

extension Dividing {
    /// While somebody could have one more if only replicas of larger shares left a node, they do, and look for another
    /// place: who fits on few nodes only comes last otherwise, however small his share. Each trade gives a smaller share
    /// more, so there is an end.
    mutating func trade() {
        var isTrading = true
        while isTrading {
            isTrading = false
            for claim in hungry where work <= divisionWorkMax {
                while counts[claim] < claims[claim].wish, let node = makeRoom(for: claim) {
                    give(claim, node)
                    isTrading = true
                }
            }
        }
    }

    /// Who has less than wished for: by priority, then the smallest share with one more.
    private var hungry: [Int] {
        claims.indices.filter { counts[$0] < claims[$0].wish }.sorted { a, b in
            if claims[a].priority != claims[b].priority { return claims[a].priority > claims[b].priority }
            let mine = Int128(counts[a] + 1) * Int128(claims[b].weight)
            let other = Int128(counts[b] + 1) * Int128(claims[a].weight)
            return mine != other ? mine < other : a < b
        }
    }

    /// The first node on which one more has room once those have left whose share is larger.
    private mutating func makeRoom(for claim: Int) -> Int? {
        for cell in nodes.indices where work <= divisionWorkMax {
            work += 1
            guard claims[claim].nodes?.contains(nodes[cell]) ?? true,
                given[claim][cell, default: 0] < claims[claim].perNodeMax ?? .max,
                let leavers = leavers(of: cell, for: claim)
            else { continue }
            for leaver in leavers { take(leaver, off: cell) }
            // Each may find another place.
            room[cell].take(demands[claim])
            for leaver in leavers where counts[leaver] < claims[leaver].wish {
                cursors[leaver] = Cursor()
                _ = giveOwn(leaver) || giveFree(leaver) || giveAny(leaver)
            }
            room[cell].giveBack(demands[claim])
            return cell
        }
        return nil
    }

    /// A claim for each replica that would have to leave; nil: there are not enough. The largest shares first.
    private mutating func leavers(of cell: Int, for claim: Int) -> [Int]? {
        var room = room[cell]
        var leavers: [Int] = []
        if room.covers(demands[claim]) { return [] }
        let others = holders[cell].filter { $0 != claim && mayLose($0, 0, to: claim) }.sorted(by: isRicher)
        work += holders[cell].count
        for other in others {
            var gone = 0
            while gone < given[other][cell, default: 0], mayLose(other, gone, to: claim) {
                gone += 1
                leavers.append(other)
                room.giveBack(demands[other])
                if room.covers(demands[claim]) { return leavers }
            }
        }
        return nil
    }

    private func isRicher(_ a: Int, _ b: Int) -> Bool {
        if claims[a].priority != claims[b].priority { return claims[a].priority < claims[b].priority }
        let mine = Int128(counts[a]) * Int128(claims[b].weight)
        let other = Int128(counts[b]) * Int128(claims[a].weight)
        return mine != other ? mine > other : a < b
    }

    /// With so many gone already its share is still larger than that of the other one would be with one more.
    private func mayLose(_ other: Int, _ gone: Int, to claim: Int) -> Bool {
        let count = counts[other] - gone
        guard count > claims[other].kept else { return false }
        if claims[other].priority != claims[claim].priority {
            return claims[other].priority < claims[claim].priority
        }
        return Int128(count) * Int128(claims[claim].weight)
            > Int128(counts[claim] + 1) * Int128(claims[other].weight)
    }

    private mutating func take(_ claim: Int, off cell: Int) {
        room[cell].giveBack(demands[claim])
        given[claim][cell, default: 1] -= 1
        if given[claim][cell] == 0 {
            given[claim][cell] = nil
            holders[cell].remove(claim)
        }
        counts[claim] -= 1
    }
}
