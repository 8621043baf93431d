import Model

/// The seven shapes of Karpenter's end-to-end performance suite (kubernetes-sigs/karpenter, `test/suites/performance`, on
/// kwok) with kwok's catalogue of sizes below 32.
extension ElasticShape {
    static let ofKarpenter: [(name: String, make: Making)] = [
        ("karpenter-basic", basic), ("karpenter-host-spread", hostSpread),
        ("karpenter-spread-xl", spreadLarge),
        ("karpenter-do-not-disrupt", doNotDisrupt), ("karpenter-drift", drift),
        ("karpenter-interference", interference), ("karpenter-wide", wide),
    ]

    private static let mebibyte: Int64 = 1 << 20

    private static func size(_ milli: Int64, _ mebibytes: Int64) -> Resources {
        Resources([Resources.cpu: milli, Resources.memory: mebibytes * mebibyte, "pods": 1_000])
    }

    private static let small = size(900, 3_100)
    private static let large = size(3_500, 28 * 1_024)

    /// Cores × GiB a core × systems × architectures, each in four zones, spot and on demand.
    private static let catalogue: (types: [NodeType], offerings: [Offering]) = {
        var types: [NodeType] = []
        var offerings: [Offering] = []
        for cores in [1, 2, 4, 8, 16] as [Int64] {
            for (family, factor) in [("c", 2), ("s", 4), ("m", 8)] as [(String, Int64)] {
                for system in ["linux", "windows"] {
                    for build in ["amd64", "arm64"] {
                        let bytes = cores * factor << 30
                        var type = NodeType(
                            name: "\(family)-\(cores)x-\(build)-\(system)",
                            resources: Resources([
                                Resources.cpu: cores * 1_000, Resources.memory: bytes,
                                "pods": min(16 * cores, 1_024) * 1_000,
                            ]), maxWorkers: 20_000)
                        type.labels = [.init(name: "arch", value: build), .init(name: "os", value: system)]
                        types.append(type)
                        // 0.025 a core and 0.001 for 10⁹ bytes.
                        let price = 25_000 * cores + bytes / 1_000_000
                        for zone in ["a", "b", "c", "d"] {
                            offerings += [("on_demand", price), ("spot", price * 7 / 10)].map {
                                Offering(
                                    nodeType: type.name, zone: "zone-" + zone, capacityType: $0.0,
                                    microdollarsPerHour: $0.1)
                            }
                        }
                    }
                }
            }
        }
        return (types.sorted { $0.name < $1.name }, offerings)
    }()

    private static func shape(_ name: String, _ acts: [Act]) -> ElasticShape {
        ElasticShape(
            name: name, cluster: cluster(catalogue.types), offerings: catalogue.offerings, acts: acts)
    }

    private static func out(_ applications: [ApplicationSettings]) -> Act {
        Act("out to \(count(applications))", .out, applications)
    }

    private static func into(_ applications: [ApplicationSettings]) -> Act {
        Act("in to \(count(applications))", .into, applications)
    }

    private static func count(_ applications: [ApplicationSettings]) -> Int {
        applications.flatMap(\.deployments).reduce(0) {
            if case .fixed(let count) = $1.count { $0 + count } else { $0 }
        }
    }

    /// - Parameter rules: of the small ones.
    private static func two(_ few: Int, _ many: Int, _ rules: [TopologyRule] = []) -> [ApplicationSettings] {
        [application("small", few, small, rules), application("large", many, large)]
    }

    private static func basic(_ scale: Scale) -> ElasticShape {
        var (wide, narrow) = (
            out(two(scale(500), scale(500))), into(two(scale(350), scale(350)))
        )
        (wide.cpuMin, wide.memoryMin, narrow.cpuMin, narrow.memoryMin) = (53, 65, 53, 65)
        return shape("karpenter-basic", [wide, narrow])
    }

    private static func hostSpread(_ scale: Scale) -> ElasticShape {
        let rules = [spread("small", over: .node)]
        var (wide, narrow) = (
            out(two(scale(500), scale(500), rules)), into(two(scale(350), scale(350), rules))
        )
        (wide.cpuMin, narrow.cpuMin) = (38, 40)
        return shape("karpenter-host-spread", [wide, narrow])
    }

    private static func spreadLarge(_ scale: Scale) -> ElasticShape {
        let rules = [spread("small", over: .node)]
        return shape(
            "karpenter-spread-xl",
            [out(two(scale(1_000), scale(1_000), rules)), into(two(scale(700), scale(700), rules))])
    }

    private static func doNotDisrupt(_ scale: Scale) -> ElasticShape {
        let rules = [spread("small", over: .node)]
        let kept = application("kept", scale(100), size(900, 450), isUndisturbed: true)
        return shape(
            "karpenter-do-not-disrupt",
            [
                out(two(scale(500), scale(500), rules) + [kept]),
                into(two(scale(250), scale(250), rules) + [kept]),
            ])
    }

    private static func drift(_ scale: Scale) -> ElasticShape {
        let applications = two(scale(300), scale(300), [spread("small", over: .node)])
        var changed = cluster(catalogue.types)
        for index in changed.nodeTypes.indices { changed.nodeTypes[index].config = #"{"image":"2"}"# }
        var next = Act("another template", .into, applications)
        next.cluster = changed
        return shape("karpenter-drift", [out(applications), next])
    }

    private static func interference(_ scale: Scale) -> ElasticShape {
        let first = [application("alone", scale(500), small, [apart("alone")])]
        var begin = out(first)
        begin.span = .seconds(2)
        let both = first + [application("others", scale(250), large)]
        let less = [
            application("alone", scale(300), small, [apart("alone")]),
            application("others", scale(300), large),
        ]
        return shape("karpenter-interference", [begin, out(both), into(less)])
    }

    /// 30 deployments, all spread over zones, 3 of them apart and 3 spread over hosts.
    private static func wide(_ scale: Scale) -> ElasticShape {
        func applications(_ percent: Int) -> [ApplicationSettings] {
            (0..<30).map { number in
                let name = "w\(number)"
                let count = scale(number < 20 ? 35 : 30) * percent / 100
                // From 225 m and 300 MiB to 3.8 cores and 64 GiB, in steps of a like factor.
                let steps: [(Int64, Int64)] = [
                    (225, 300), (400, 700), (600, 1_600), (900, 3_100), (1_200, 6_000), (1_700, 10_240),
                    (2_200, 16_384), (2_800, 28_672), (3_300, 40_960), (3_800, 65_536),
                ]
                let (milli, memory) = steps[number % 10]
                var rules = [spread(name, over: .zone)]
                if number % 10 == 3 { rules.append(apart(name)) }
                if number % 10 == 4 { rules.append(spread(name, over: .node)) }
                return application(name, max(1, count), size(milli, memory), rules)
            }
        }
        var (more, less) = (out(applications(100)), into(applications(70)))
        (more.cpuMin, less.cpuMin) = (20, 20)
        return shape("karpenter-wide", [more, less])
    }
}
