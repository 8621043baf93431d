import Model
import Placement
import Testing
import WhatIf

@Suite struct PlanOnlineTests {
    private static let world = #"""
        {"node_types":[{"name":"quad","resources":{"CPU":32,"GPU":4},"labels":{"gpu":"A10"}},
          {"name":"plain","resources":{"CPU":16,"memory":1000}}],
         "nodes":[{"id":"n1","type":"quad","used":{"CPU":4},"used_gpus_milli":[750,0,0,0]},{"id":"n2","type":"quad"},
          {"id":"n3","type":"plain"}],
         "requests":[{"id":"part","count":3,"resources":{"CPU":1,"GPU":0.25}},
          {"id":"two","count":2,"resources":{"CPU":8,"GPU":2},"label_selector":{"gpu":"in(A10, L4)"}},
          {"id":"bytes","count":2,"resources":{"memory":600}},
          {"id":"four","resources":{"CPU":1,"GPU":4}},
          {"id":"other","resources":{"CPU":1},"label_selector":{"gpu":"H100"}}],
         "online":true,"policy":"POLICY"}
        """#

    @Test(arguments: PlacementPolicy.allCases)
    func noNodeIsOverdrawnAndTheRestSaysWhy(policy: PlacementPolicy) throws {
        let text = Self.world.replacing("POLICY", with: policy.rawValue)
        let world = try World(json: text)
        let plan = PreparedWorld(world).plan()
        var check = PlanCheck(world)
        check.play(plan)
        #expect(plan.assignments.filter { $0.request == 0 }.reduce(0) { $0 + $1.count } == 3)
        #expect(plan.assignments.filter { $0.request == 2 }.map(\.node) == [2])
        let bytes = try #require(plan.unplaced.first { $0.request == 2 })
        #expect(bytes.count == 1 && bytes.refusals.map(\.code) == [.tooLarge, .tooLarge, .short])
        #expect(bytes.refusals[2].short == Resources(["memory": 200]))
        let other = try #require(plan.unplaced.first { $0.request == 4 })
        #expect(other.refusals.allSatisfy { $0.code == .labelSelector })
        #expect(
            try plan.json(of: world, isSummary: false)
                == PreparedWorld(world).plan().json(of: world, isSummary: false)
        )
    }

    /// Three quarters are taken of the first device: the fourth quarter goes there, and whole devices stay whole.
    @Test(arguments: [PlacementPolicy.tandem, .fgd, .bestFit])
    func partsGoWhereLeastIsBroken(policy: PlacementPolicy) throws {
        let plan = PreparedWorld(try World(json: Self.world.replacing("POLICY", with: policy.rawValue)))
            .plan()
        let first = try #require(plan.assignments.first)
        #expect(first.node == 0 && first.slots == [DeviceSlot(index: 0, milli: 250)])
        #expect(plan.assignments.filter { $0.request == 1 }.reduce(0) { $0 + $1.count } == 2)
    }

    /// Drawn worlds under every policy: nothing is overdrawn, and nothing is left out that has room.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func drawnWorldsHold(seed: UInt64) throws {
        var dice = SeededDraw(seed: seed)
        let gpus = [0, 0.2, 0.25, 0.5, 0.75, 1, 1, 2, 4]
        let nodes = (0..<Int.random(in: 1...8, using: &dice)).map { number in
            let count = Int.random(in: 0...4, using: &dice)
            let used = (0..<count).map { _ in Int.random(in: 0...3, using: &dice) * 250 }
            return
                #"{"id":"n\#(number)","type":"t","resources":{"CPU":\#(Int.random(in: 1...32, using: &dice)),"#
                + #""GPU":\#(count)},"used_gpus_milli":\#(used),"labels":{"rack":"\#(number % 3)"}}"#
        }
        let requests = (0..<Int.random(in: 1...12, using: &dice)).map { number in
            let rack = Int.random(in: 0...5, using: &dice)
            let selector = rack < 3 ? #","label_selector":{"rack":"\#(rack == 0 ? "!" : "")\#(rack)"}"# : ""
            return #"{"id":"r\#(number)","count":\#(Int.random(in: 0...6, using: &dice)),"resources":{"CPU":"#
                + #"\#(Int.random(in: 0...8, using: &dice)),"GPU":\#(gpus.randomElement(using: &dice) ?? 0)}\#(selector)}"#
        }
        for policy in PlacementPolicy.allCases {
            for expects in ["past", "requests"] {
                let world = try World(
                    json:
                        #"{"node_types":[{"name":"t","resources":{}}],"nodes":[\#(nodes.joined(separator: ","))],"#
                        + #""requests":[\#(requests.joined(separator: ","))],"online":true,"#
                        + #""policy":"\#(policy.rawValue)","expects":"\#(expects)","seed":\#(seed)}"#)
                var check = PlanCheck(world)
                check.play(PreparedWorld(world).plan())
            }
        }
    }
}

/// Plays a plan on devices and amounts of its own.
private struct PlanCheck {
    let world: World
    var free: [Resources]
    var devices: [[Int64]]

    init(_ world: World) {
        self.world = world
        free = world.nodes.map { $0.resources - $0.used }
        devices = world.nodes.map { $0.usedGPUs.map { 1_000 - $0 } }
    }

    mutating func play(_ plan: WorldPlan) {
        var placed = world.requests.map { _ in 0 }
        for one in plan.assignments {
            let request = world.requests[one.request]
            placed[one.request] += one.count
            #expect(request.admits(world.nodes[one.node].labels))
            for _ in 0..<one.count {
                #expect(free[one.node].covers(request.ask.resources))
                free[one.node] = free[one.node] - request.ask.resources
                #expect(one.slots.reduce(0) { $0 + $1.milli } == request.ask.gpu.milli)
                for slot in one.slots {
                    devices[one.node][slot.index] -= slot.milli
                    #expect(devices[one.node][slot.index] >= 0)
                }
            }
        }
        for left in plan.unplaced {
            let request = world.requests[left.request]
            placed[left.request] += left.count
            #expect(left.refusals.count == min(world.nodes.count, WorldPlan.refusalsMax))
            // As nothing is given back, what has no room now was refused rightly.
            for node in world.nodes.indices
            where request.admits(world.nodes[node].labels) {
                let hasRoom = free[node].covers(request.ask.resources) && fits(request.ask.gpu, devices[node])
                if hasRoom { #expect(left.count == 0, "\(request.id) fits on \(world.nodes[node].id)") }
            }
        }
        #expect(placed == world.requests.map(\.count))
    }

    private func fits(_ ask: DeviceAsk, _ devices: [Int64]) -> Bool {
        switch ask {
        case .none: true
        case .share(let milli): devices.contains { $0 >= Int64(milli) }
        case .whole(let count): devices.count { $0 == 1_000 } >= count
        }
    }
}

extension WorldRequest {
    fileprivate func admits(_ labels: [String: String]) -> Bool {
        selectors.isEmpty || selectors.contains { $0.admits(labels) }
    }
}
