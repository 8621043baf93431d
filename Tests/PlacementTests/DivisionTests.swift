import Model
import Placement
import Testing

@Suite struct DivisionTests {
    private func name(_ number: Int) -> DeploymentID { DeploymentID("app#d\(number)") }
    private func node(_ number: Int) -> NodeID { NodeID("n\(number)") }

    @Test func roomIsSharedByWeightAndWhatSomebodyDoesNotWishForGoesToOthers() throws {
        let berth = Berth(node: node(0), room: amounts(cpu: 12_000), free: amounts(cpu: 12_000))
        let claims = [
            Claim(deployment: name(0), weight: 1, wish: 20, resources: amounts(cpu: 1_000)),
            Claim(deployment: name(1), weight: 3, wish: 20, resources: amounts(cpu: 1_000)),
            Claim(deployment: name(2), weight: 9, wish: 4, resources: amounts(cpu: 1_000)),
        ]
        let division = try #require(divide(claims, among: [berth]))
        #expect((0...2).map { division.count(of: name($0)) } == [2, 6, 4])
        #expect(division.count(of: name(3)) == nil)
    }

    @Test func priorityGoesFirstAndLeavesWhatIsKept() throws {
        let berth = Berth(node: node(0), room: amounts(cpu: 10_000), free: Resources())
        let claims = [
            Claim(
                deployment: name(0), priority: 0, wish: 10, kept: 3, resources: amounts(cpu: 1_000),
                standing: [node(0): 10]),
            Claim(deployment: name(1), priority: 1, wish: 9, resources: amounts(cpu: 1_000)),
        ]
        let division = try #require(divide(claims, among: [berth]))
        #expect(division.parts == [name(0): [node(0): 3], name(1): [node(0): 7]])
    }

    /// Nothing moves for nothing: of equal shares whoever stands there has it, and free room is taken before others'.
    @Test func whoStandsStaysAndFreeRoomGoesFirst() throws {
        let berths = [
            Berth(node: node(0), room: amounts(cpu: 4_000), free: Resources()),
            Berth(node: node(1), room: amounts(cpu: 3_000), free: amounts(cpu: 3_000)),
        ]
        let claims = [
            Claim(deployment: name(0), wish: 9, resources: amounts(cpu: 1_000)),
            Claim(deployment: name(1), wish: 9, resources: amounts(cpu: 1_000), standing: [node(0): 4]),
        ]
        let division = try #require(divide(claims, among: berths))
        #expect(division.parts == [name(0): [node(1): 3], name(1): [node(0): 4]])
    }

    private struct Drawn {
        var claims: [Claim] = []
        var berths: [Berth] = []
    }

    private func drawn(_ dice: inout Dice, oneSize: Bool) -> Drawn {
        var drawn = Drawn()
        for number in 0..<Int.random(in: 1...6, using: &dice) {
            let room = amounts(
                cpu: .random(in: 1...8, using: &dice) * 1_000,
                gpu: oneSize ? 0 : .random(in: 0...2, using: &dice) * 1_000)
            drawn.berths.append(Berth(node: node(number), room: room, free: room))
        }
        for number in 0..<Int.random(in: 1...6, using: &dice) {
            let size =
                oneSize
                ? amounts(cpu: 1_000)
                : amounts(
                    cpu: .random(in: 1...4, using: &dice) * 500,
                    gpu: Int64.random(in: 0...3, using: &dice) / 3 * 500)
            var claim = Claim(
                deployment: name(number), priority: .random(in: 0...2, using: &dice),
                weight: .random(in: 1...4, using: &dice), wish: .random(in: 0...12, using: &dice),
                kept: .random(in: 0...2, using: &dice), resources: size)
            for _ in 0..<Int.random(in: 0...10, using: &dice) {
                let place = Int.random(in: 0..<drawn.berths.count, using: &dice)
                guard drawn.berths[place].free.covers(size) else { continue }
                drawn.berths[place].free = drawn.berths[place].free - size
                claim.standing[drawn.berths[place].node, default: 0] += 1
            }
            if Int.random(in: 0..<4, using: &dice) == 0 {
                claim.nodes = Set(drawn.berths.map(\.node).filter { _ in Bool.random(using: &dice) })
            }
            drawn.claims.append(claim)
        }
        return drawn
    }

    /// No node is overdrawn, no wish exceeded, what is kept stays, and nobody could have one more on any node unless one
    /// went of a higher priority, of what is kept, or of a share not larger than its own would be.
    @Test(arguments: 1...2_000 as ClosedRange<UInt64>)
    func nobodyGainsUnlessASmallerShareLoses(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let world = drawn(&dice, oneSize: false)
        let division = try #require(divide(world.claims, among: world.berths))
        var left = Dictionary(uniqueKeysWithValues: world.berths.map { ($0.node, $0.room) })
        for claim in world.claims {
            let part = division.parts[claim.deployment] ?? [:]
            let count = part.values.reduce(0, +)
            #expect(count <= claim.wish)
            #expect(count >= min(claim.kept, claim.wish, claim.standing.values.reduce(0, +)))
            for (node, count) in part {
                if let nodes = claim.nodes, !nodes.contains(node) {
                    #expect(count <= claim.standing[node] ?? 0)
                }
                for _ in 0..<count { left[node] = (left[node] ?? Resources()) - claim.resources }
            }
        }
        for (node, rest) in left { #expect(rest.covers(Resources()), "\(node)") }
        #expect(left.values.allSatisfy { $0.entries.allSatisfy { $0.amount >= 0 } })
        for claim in world.claims { check(claim, world, division, left) }
    }

    private func check(
        _ claim: Claim, _ world: Drawn, _ division: Division, _ left: [NodeID: Resources]
    ) {
        let count = division.count(of: claim.deployment) ?? 0
        guard count < claim.wish else { return }
        for berth in world.berths where claim.nodes?.contains(berth.node) ?? true {
            // What others could lose: all that lies above the share that this one would have.
            var room = left[berth.node] ?? Resources()
            for other in world.claims where other.deployment != claim.deployment {
                let total = division.count(of: other.deployment) ?? 0
                let here = division.parts[other.deployment]?[berth.node] ?? 0
                let kept = min(other.kept, total)
                let beyond: Int
                if other.priority < claim.priority {
                    beyond = total - kept
                } else if other.priority == claim.priority {
                    // Those that make its share larger than that of the claim would be with one more.
                    let fair = (count + 1) * other.weight / claim.weight
                    beyond = total - max(kept, fair)
                } else {
                    beyond = 0
                }
                for _ in 0..<max(0, min(here, beyond)) {
                    room = room + other.resources
                }
            }
            #expect(!room.covers(claim.resources), "\(claim.deployment) could have one more on \(berth.node)")
        }
    }

    /// With replicas of one size and no wish for certain nodes it is weighted max-min to the letter.
    @Test(arguments: 1...1_000 as ClosedRange<UInt64>)
    func ofOneSizeItIsMaxMin(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var world = drawn(&dice, oneSize: true)
        for index in world.claims.indices {
            world.claims[index].nodes = nil
            world.claims[index].kept = 0
        }
        let division = try #require(divide(world.claims, among: world.berths))
        var slots = world.berths.reduce(0) { $0 + Int($1.room[Resources.cpu] / 1_000) }
        for priority in Set(world.claims.map(\.priority)).sorted(by: >) {
            let group = world.claims.filter { $0.priority == priority }
            let counts = group.map { division.count(of: $0.deployment) ?? 0 }
            let wishes = group.reduce(0) { $0 + $1.wish }
            #expect(counts.reduce(0, +) == min(slots, wishes))
            for (a, mine) in zip(group, counts) where mine < a.wish {
                for (b, other) in zip(group, counts) where b.deployment != a.deployment {
                    #expect(other * a.weight <= (mine + 1) * b.weight, "\(a.deployment) \(b.deployment)")
                }
            }
            slots -= counts.reduce(0, +)
        }
    }
}
