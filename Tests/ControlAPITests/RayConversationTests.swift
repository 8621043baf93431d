import ControlAPI
import Model
import Testing
import TwoTiers
import Wire

/// The calls that were recorded on Ray 2.60.0, made here.
@Suite(.timeLimit(.minutes(2))) struct RayConversationTests {
    private func play(_ conversation: RayConversation, _ door: RayDoor) async throws {
        let secret = RayHouse.token.secret
        let headers = conversation.headers?.map {
            $0.replacing("TOKEN", with: secret).replacing("WRONG", with: String(secret.dropLast()) + "0")
        }
        let reply = try await door.call(
            conversation.method, conversation.path, headers: headers, body: conversation.body)
        let answer = RayConversation.Answer(reply.status, reply.kind)
        #expect(answer == conversation.ours?.answer ?? conversation.ray, "\(conversation): \(reply.body)")
        if let ours = conversation.ours {
            #expect(answer != conversation.ray, "\(conversation) is as in Ray now: \(ours.why)?")
        }
        if reply.kind == "json" {
            #expect(reply.contentType == "application/json; charset=utf-8" || conversation.ours != nil)
        }
        guard let keys = conversation.keys else { return }
        var shape: [String: Set<String>] = [:]
        RayComparison.collect(try #require(JSONValue(text: reply.body)), at: "", into: &shape)
        shape[""] = nil
        #expect(shape == keys, "\(conversation): \(reply.body)")
    }

    private static let scaled = #"""
        {"name":"greet","route_prefix":"/greet","external_scaler_enabled":true,
         "deployments":[{"name":"d","command":["serve"],"num_replicas":2}]},
        {"name":"plain","route_prefix":"/plain","deployments":[{"name":"d","command":["serve"]}]}
        """#

    @Test func whereNothingRuns() async throws {
        try await RayHouse().serving { door in
            for conversation in RayConversation.ofNothing { try await play(conversation, door) }
        }
    }

    @Test func whatADeployIsAnswered() async throws {
        try await RayHouse().serving { door in
            for conversation in RayConversation.ofDeploying { try await play(conversation, door) }
        }
    }

    @Test func aScaleCall() async throws {
        let house = try RayHouse()
        try await house.put(Self.scaled, then: .seconds(12))
        try await house.serving { door in
            for conversation in RayConversation.ofScaling { try await play(conversation, door) }
        }
        try await house.put("")
        try await house.serving { door in
            for conversation in RayConversation.ofDeleting { try await play(conversation, door) }
        }
    }

    @Test func tokens() async throws {
        try await RayHouse().serving { door in
            for conversation in RayConversation.ofTokens { try await play(conversation, door) }
        }
    }

    @Test func nothingThatWasRecordedIsForgotten() {
        let played = RayConversation.ofNothing + RayConversation.ofDeploying + RayConversation.ofScaling
        let all = played + RayConversation.ofDeleting + RayConversation.ofTokens
        var numbers = Set(all.map(\.recorded))
        for gap in RayConversation.unplayed {
            #expect(numbers.isDisjoint(with: gap.recorded), "\(gap)")
            numbers.formUnion(gap.recorded)
        }
        #expect(numbers == Set(1...90))
        let states = RayConversation.unplayed.filter { $0.why == "RayState" }.flatMap { Array($0.recorded) }
        #expect(Set(states) == Set(RayState.all.map(\.recorded)))
    }

    /// What a person reads after `serve deploy`: the text is printed as it is.
    @Test func aRefusalNamesPlaceAndRemedy() async throws {
        let reply = try await RayHouse().call(
            "PUT", RayDoor.applications,
            #"{"applications":[{"name":"a","import_path":"s:a","rout_prefix":"/"}]}"#)
        #expect(reply.kind == "text" && reply.body.contains("nothing was changed"), "\(reply.body)")
        #expect(reply.body.contains("body:1:") && reply.body.contains("route_prefix"), "\(reply.body)")
    }
}
