import Model
import ServeTier
import Store
import Testing
import TwoTiers

@Suite struct InvariantTests {
    @Test func noCountIsBelowZero() {
        var row = DeploymentRow(
            id: chat, settings: .named("chat", .fixed(1)), version: "v", target: 0)
        #expect(ServeInvariants.fault(of: row) == nil)
        row.failures = -1
        #expect(ServeInvariants.fault(of: row) == "deployment shop#chat: failures is -1")
        row.failures = 0
        row.target = -3
        #expect(ServeInvariants.fault(of: row) == "deployment shop#chat: target is -3")
        row.target = 0
        row.routeGeneration = -1
        #expect(ServeInvariants.fault(of: row) == "deployment shop#chat: route_generation is -1")
    }

    /// A step over a spoilt row commits nothing: the process ends before.
    @Test func aStepOverAnImpossibleRowEndsTheProcess() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let store = try Store.open(.memory, role: .serve)
            let id = DeploymentID(application: "shop", deployment: "chat")
            try store.commit { transaction in
                try transaction.put(
                    ApplicationRow(name: "shop", routePrefix: "/", ingress: id, deployedUnixMs: 0))
                var row = DeploymentRow(
                    id: id, settings: .named("chat", .fixed(1)), version: "v", target: 1)
                row.routeGeneration = -5
                try transaction.put(row)
            }
            _ = try ServeTier(store: store).step()
        }
        let words = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
        #expect(
            words.contains("invariant broken, this process ends: deployment shop#chat: route_generation is -")
        )
    }
}
