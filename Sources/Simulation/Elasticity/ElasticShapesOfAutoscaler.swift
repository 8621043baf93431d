import Model

/// Cluster Autoscaler's six scalability scenarios (kubernetes/autoscaler, `proposals/scalability_tests.md`): nodes for 30
/// pods each.
extension ElasticShape {
    static let ofAutoscaler: [(name: String, make: Making)] = [
        ("ca-1-burst", burst), ("ca-2-two-bursts", twoBursts), ("ca-3-empty", empty),
        ("ca-4-under-used", { underUsed($0, mayMove: true) }),
        ("ca-5-unremovable", { underUsed($0, mayMove: false) }), ("ca-6-hopeless", hopeless),
    ]

    private static let perNode = 30
    private static let pod = Resources([Resources.cpu: 1_000])

    private static func kind(least: Int = 0) -> NodeType {
        var kind = NodeType(
            name: "node", resources: Resources([Resources.cpu: Int64(perNode) * 1_000]), maxWorkers: 20_000)
        kind.minWorkers = least
        return kind
    }

    private static func shape(_ name: String, _ acts: [Act], least: Int = 0) -> ElasticShape {
        let kind = kind(least: least)
        return ElasticShape(
            name: name, cluster: cluster([kind]), offerings: [Offering.usual(kind)], acts: acts)
    }

    /// 2 pods on 1 node, then 30,000 more: 1,000 nodes.
    private static func burst(_ scale: Scale) -> ElasticShape {
        var first = Act("2 pods", .out, [application("a", 2, pod)])
        first.isSetUp = true
        let count = scale(30_000)
        var more = Act("+\(count)", .out, [application("a", 2, pod), application("b", count, pod)])
        more.nodes = (count + 2 + perNode - 1) / perNode
        return shape("ca-1-burst", [first, more])
    }

    /// 21,000, and 9,000 after 90 seconds.
    private static func twoBursts(_ scale: Scale) -> ElasticShape {
        let (some, others) = (scale(21_000), scale(9_000))
        var first = Act("+\(some)", .out, [application("a", some, pod)])
        first.span = .seconds(90)
        first.nodes = (some + perNode - 1) / perNode
        var second = Act("+\(others)", .out, [application("a", some, pod), application("b", others, pod)])
        second.nodes = (some + others + perNode - 1) / perNode
        return shape("ca-2-two-bursts", [first, second])
    }

    /// Of 1,000 nodes 300 become empty.
    private static func empty(_ scale: Scale) -> ElasticShape {
        let (busy, idle) = (scale(700), scale(300))
        let kept = application("a", busy * perNode, pod)
        var first = Act("\(busy) full", .out, [kept])
        first.isSetUp = true
        var second = Act("\(idle) more", .out, [kept, application("b", idle * perNode, pod)])
        (second.isSetUp, second.nodes) = (true, busy + idle)
        var last = Act("-\(idle) nodes", .into, [kept])
        last.nodes = busy
        return shape("ca-3-empty", [first, second, last])
    }

    /// 300 nodes are 30 % full and 700 are 70 % full; 970 have to stay. Or nothing may be moved: of the 700 some could be
    /// emptied onto the 300, which Cluster Autoscaler, with its threshold of 50 %, does not look at.
    private static func underUsed(_ scale: Scale, mayMove: Bool) -> ElasticShape {
        let (full, light, goes) = (scale(700), scale(300), scale(30))
        let (much, little) = (perNode * 7 / 10, perNode * 3 / 10)
        let heavy = application("a", full * much, pod, maxPerNode: much, isUndisturbed: !mayMove)
        let filling = application("f", full * (perNode - much), pod)
        let few = application("b", light * little, pod, maxPerNode: little, isUndisturbed: !mayMove)
        let name = mayMove ? "ca-4-under-used" : "ca-5-unremovable"
        var still = shape(name, [], least: mayMove ? full + light - goes : 0).cluster
        still.consolidation.isOn = false
        var acts = [
            Act("\(full) nodes", .out, [heavy]), Act("filled", .out, [heavy, filling]),
            Act("\(light) nodes", .out, [heavy, filling, few]), Act("emptied", .into, [heavy, few]),
        ]
        for index in acts.indices { acts[index].isSetUp = true }
        acts[2].nodes = full + light
        acts[3].nodes = full + light
        let minimum = shape(name, [], least: mayMove ? full + light - goes : 0).cluster
        var last = Act(mayMove ? "-\(goes) nodes" : "no change", mayMove ? .into : .still, [heavy, few])
        last.cluster = minimum
        last.nodes = full + light - (mayMove ? goes : 0)
        acts.append(last)
        var shape = shape(name, acts)
        shape.cluster.consolidation.isOn = false
        return shape
    }

    /// 1,000 pods that no node can hold, among 30,000 others.
    private static func hopeless(_ scale: Scale) -> ElasticShape {
        let (good, bad) = (scale(30_000), scale(1_000))
        let large = Resources([Resources.cpu: Int64(perNode) * 1_000 + 1_000])
        var act = Act(
            "+\(good) and \(bad)", .out, [application("a", good, pod), application("x", bad, large)])
        act.nodes = (good + perNode - 1) / perNode
        act.unplaced = bad
        return shape("ca-6-hopeless", [act])
    }
}
