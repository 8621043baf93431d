import Model
import Placement
import Wire

extension World {
    /// - Throws: why this is no world: the first fault, with its path.
    package init(json text: String) throws(WorldProblem) {
        guard let value = JSONValue(text: text) else {
            throw WorldProblem(path: "", words: "this is no JSON")
        }
        let top = Reader(value: value, path: "")
        let fields = try top.object([
            "node_types", "nodes", "requests", "limits", "online", "policy", "seed", "expects",
        ])
        if let value = fields["online"] { isOnline = try top.at("online", value).flag() }
        for reader in try top.at("node_types", fields["node_types"] ?? .list([])).list() {
            let type = try WorldType(reader)
            if types.contains(where: { $0.name == type.name }) {
                throw reader.problem("there are two types \"\(type.name)\"")
            }
            types.append(type)
        }
        let known = Dictionary(uniqueKeysWithValues: types.map { ($0.name, $0) })
        var ids: Set<String> = []
        for reader in try top.at("nodes", fields["nodes"] ?? .list([])).list() {
            let node = try WorldNode(reader, known)
            guard ids.insert(node.id).inserted else {
                throw reader.problem("there are two nodes \"\(node.id)\"")
            }
            nodes.append(node)
        }
        ids = []
        for reader in try top.at("requests", fields["requests"] ?? .list([])).list() {
            let request = try WorldRequest(reader)
            guard ids.insert(request.id).inserted else {
                throw reader.problem("there are two requests \"\(request.id)\"")
            }
            requests.append(request)
        }
        if let value = fields["limits"] { try readLimits(top.at("limits", value)) }
        if let value = fields["policy"] { policy = try top.at("policy", value).word(PlacementPolicy.self) }
        if let value = fields["expects"] { expects = try top.at("expects", value).word(Expectation.self) }
        if let value = fields["seed"] { seed = UInt64(try top.at("seed", value).whole(0...Int.max)) }
        try checkGangs(top)
    }

    private mutating func readLimits(_ reader: Reader) throws(WorldProblem) {
        let fields = try reader.object(["max_workers", "price_per_hour"])
        if let value = fields["max_workers"] {
            maxWorkers = try reader.at("max_workers", value).whole(0...Reader.countMax)
        }
        if let value = fields["price_per_hour"] { budget = try reader.at("price_per_hour", value).price() }
    }

    /// A gang is placed as one: its requests have one strategy and one priority.
    private func checkGangs(_ top: Reader) throws(WorldProblem) {
        var first: [String: WorldRequest] = [:]
        for (index, request) in requests.enumerated() {
            guard let gang = request.gang else { continue }
            guard let known = first[gang] else {
                first[gang] = request
                continue
            }
            guard known.strategy == request.strategy, known.priority == request.priority else {
                throw WorldProblem(
                    path: "requests[\(index)].gang",
                    words: "strategy and priority of a gang are one: \(gang) has others in \"\(known.id)\"")
            }
        }
    }
}

extension WorldType {
    fileprivate init(_ reader: Reader) throws(WorldProblem) {
        let fields = try reader.object([
            "name", "resources", "labels", "offerings", "min_workers", "max_workers",
        ])
        name = try reader.at("name", fields["name"] ?? .null).name()
        resources = try reader.at("resources", fields["resources"] ?? .null).resources()
        labels = try reader.at("labels", fields["labels"] ?? .object([:])).labels()
        try reader.at("resources", .null).checkDevices(resources)
        for offering in try reader.at("offerings", fields["offerings"] ?? .list([])).list() {
            offerings.append(try WorldOffering(offering))
        }
        if let value = fields["min_workers"] {
            minWorkers = try reader.at("min_workers", value).whole(0...Reader.countMax)
        }
        if let value = fields["max_workers"], value != .null {
            let most = try reader.at("max_workers", value).whole(0...Reader.countMax)
            guard most >= minWorkers else {
                throw reader.at("max_workers", value).problem("it is below min_workers, \(minWorkers)")
            }
            maxWorkers = most
        }
    }
}

extension WorldOffering {
    fileprivate init(_ reader: Reader) throws(WorldProblem) {
        let fields = try reader.object(["zone", "capacity_type", "price_per_hour", "available"])
        if let value = fields["zone"], value != .null { zone = try reader.at("zone", value).name() }
        capacityType = try reader.at("capacity_type", fields["capacity_type"] ?? .text("on-demand")).name()
        price = try reader.at("price_per_hour", fields["price_per_hour"] ?? .null).price()
        switch fields["available"] ?? .flag(true) {
        case .flag(true): available = nil
        case .flag(false): available = 0
        case let value: available = try reader.at("available", value).whole(0...Reader.countMax)
        }
    }
}

extension Reader {
    /// So many devices a node has at most.
    static let devicesMax: Int64 = 1_024

    func checkDevices(_ resources: Resources) throws(WorldProblem) {
        let gpu = resources[Resources.gpu]
        guard gpu % Devices.whole == 0, gpu <= Self.devicesMax * Devices.whole else {
            throw at(Resources.gpu, .null).problem(
                "a node has whole devices, \(Self.devicesMax) at most: \(Resources.decimal(gpu))")
        }
    }
}

extension WorldNode {
    fileprivate init(_ reader: Reader, _ types: [String: WorldType]) throws(WorldProblem) {
        let fields = try reader.object([
            "id", "type", "zone", "resources", "used", "used_gpus_milli", "labels",
        ])
        id = try reader.at("id", fields["id"] ?? .null).name()
        type = try reader.at("type", fields["type"] ?? .null).name()
        guard let kind = types[type] else {
            throw reader.at("type", .null).problem("there is no node type \"\(type)\"")
        }
        if let value = fields["zone"], value != .null { zone = try reader.at("zone", value).name() }
        let own = try fields["resources"].map { value throws(WorldProblem) in
            try reader.at("resources", value).resources()
        }
        resources = own ?? kind.resources
        try reader.at("resources", .null).checkDevices(resources)
        labels = kind.labels
        let labelled = try reader.at("labels", fields["labels"] ?? .object([:])).labels()
        labels.merge(labelled) { $1 }
        used = try reader.at("used", fields["used"] ?? .object([:])).resources()
        let usedGPU = used[Resources.gpu]
        used[Resources.gpu] = 0
        usedGPUs = Array(repeating: 0, count: Int(resources[Resources.gpu] / Devices.whole))
        try readDevices(reader, fields["used_gpus_milli"], usedGPU)
        for entry in used.entries where entry.amount > resources[entry.name] {
            throw reader.at("used", .null).at(entry.name, .null).problem("more than the node has")
        }
    }

    private mutating func readDevices(
        _ reader: Reader, _ list: JSONValue?, _ usedGPU: Int64
    ) throws(WorldProblem) {
        let place = reader.at("used_gpus_milli", list ?? .null)
        guard list != nil else {
            guard usedGPU == 0 else {
                throw place.problem(
                    "it is missing: of which devices are \(Resources.decimal(usedGPU)) GPU used?")
            }
            return
        }
        let devices = try place.list()
        guard devices.count == usedGPUs.count else {
            throw place.problem("\(devices.count) devices, and the node has \(usedGPUs.count)")
        }
        for (index, device) in devices.enumerated() {
            usedGPUs[index] = Int64(try device.whole(0...Int(Devices.whole)))
        }
    }
}
