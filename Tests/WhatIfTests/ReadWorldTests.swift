import Placement
import Testing
import WhatIf

/// A world that cannot be is refused with the path to the fault.
@Suite struct ReadWorldTests {
    private static let type = #"{"name":"t","resources":{"CPU":4,"GPU":2}}"#

    private static func world(_ nodes: String, _ requests: String = "", more: String = "") -> String {
        #"{"node_types":[\#(type)],"nodes":[\#(nodes)],"requests":[\#(requests)],"online":true\#(more)}"#
    }

    @Test(
        arguments: [
            ("{", "", "no JSON"), ("[]", "", "an object is expected"),
            (#"{"online":true,"node":[]}"#, "node", "no such key"),
            (#"{"online":0}"#, "online", "true or false is expected"),
            (world(#"{"id":"n","type":"u"}"#), "nodes[0].type", "no node type \"u\""),
            (world(#"{"id":"n","type":"t"},{"id":"n","type":"t"}"#), "nodes[1]", "two nodes"),
            (world(#"{"id":"n","type":"t","used":{"CPU":-1}}"#), "nodes[0].used.CPU", "not negative"),
            (
                world(#"{"id":"n","type":"t","used":{"CPU":5}}"#), "nodes[0].used.CPU",
                "more than the node has"
            ),
            (world(#"{"id":"n","type":"t","used":{"GPU":1}}"#), "nodes[0].used_gpus_milli", "missing"),
            (world(#"{"id":"n","type":"t","used_gpus_milli":[1]}"#), "nodes[0].used_gpus_milli", "1 devices"),
            (
                world(#"{"id":"n","type":"t","used_gpus_milli":[0,1001]}"#), "nodes[0].used_gpus_milli[1]",
                "from 0 to 1000"
            ),
            (
                world(#"{"id":"n","type":"t","resources":{"GPU":1.5}}"#), "nodes[0].resources.GPU",
                "whole devices"
            ),
            (world("", #"{"id":"r","resources":{"GPU":1.5}}"#), "requests[0].resources.GPU", "a part of one"),
            (
                world("", #"{"id":"r","resources":{"CPU":0.0005}}"#), "requests[0].resources.CPU",
                "three decimals"
            ),
            (
                world("", #"{"id":"r","resources":{"CPU":1e300}}"#), "requests[0].resources.CPU",
                "not negative"
            ),
            (world("", #"{"id":"r","resources":{"memory":0.5}}"#), "requests[0].resources.memory", "bytes"),
            (world("", #"{"id":"r","count":-1}"#), "requests[0].count", "whole number"),
            (world("", #"{"id":"r"},{"id":"r"}"#), "requests[1]", "two requests"),
            (
                world("", #"{"id":"r","spread":[{"topology":"rack","selector":{}}]}"#),
                "requests[0].spread[0].topology", "there are zone, node"
            ),
            (
                world("", #"{"id":"r","spread":[{"topology":"zone","selector":{},"max_skew":0}]}"#),
                "requests[0].spread[0].max_skew", "from 1"
            ),
            (
                world("", #"{"id":"r","strategy":"PACK"}"#), "requests[0].strategy", "a gang or of bundles"
            ),
            (
                world("", #"{"id":"r","label_selector":{"a":"in("}}"#), "requests[0].label_selector",
                "in(a, b)"
            ),
            (world("", more: #","policy":"best"# + "\""), "policy", "best-fit"),
        ])
    func itIsRefusedWithThePath(json: String, path: String, words: String) {
        let problem = #expect(throws: WorldProblem.self) { try World(json: json) }
        #expect(problem?.path == path)
        #expect(problem?.words.contains(words) == true, "\(problem?.words ?? "")")
    }

    @Test func whatIsLeftOutIsNothing() throws {
        let world = try World(json: #"{"online":true}"#)
        #expect(world.nodes.isEmpty && world.requests.isEmpty && world.policy == .tandem)
        let plan = PreparedWorld(world).plan()
        #expect(
            try plan.json(of: world, isSummary: false)
                == #"{"assignments":[],"cost_per_hour":0,"launches":[],"lower_bound_cost_per_hour":0,"unplaced":[]}"#
        )
    }
}
