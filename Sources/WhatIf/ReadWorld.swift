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
            "node_types", "nodes", "requests", "online", "policy", "seed", "expects",
        ])
        guard case .flag(true)? = fields["online"] else {
            throw top.at("online", .null).problem(
                "true is expected: this version places requests one at a time and buys nothing")
        }
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
        if let value = fields["policy"] { policy = try top.at("policy", value).word(PlacementPolicy.self) }
        if let value = fields["expects"] { expects = try top.at("expects", value).word(Expectation.self) }
        if let value = fields["seed"] { seed = UInt64(try top.at("seed", value).whole(0...Int.max)) }
    }
}

extension WorldType {
    fileprivate init(_ reader: Reader) throws(WorldProblem) {
        let fields = try reader.object(["name", "resources", "labels"])
        name = try reader.at("name", fields["name"] ?? .null).name()
        resources = try reader.at("resources", fields["resources"] ?? .null).resources()
        labels = try reader.at("labels", fields["labels"] ?? .object([:])).labels()
        try reader.at("resources", .null).checkDevices(resources)
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

extension WorldRequest {
    fileprivate init(_ reader: Reader) throws(WorldProblem) {
        let fields = try reader.object(["id", "count", "resources", "label_selector", "labels"])
        id = try reader.at("id", fields["id"] ?? .null).name()
        count = try reader.at("count", fields["count"] ?? .whole(1)).whole(0...Reader.countMax)
        let place = reader.at("resources", fields["resources"] ?? .object([:]))
        resources = try place.resources()
        guard let ask = DeviceAsk(milli: resources[Resources.gpu]) else {
            throw place.at(Resources.gpu, .null).problem("a part of one device or whole devices are expected")
        }
        gpu = ask
        resources[Resources.gpu] = 0
        _ = try reader.at("labels", fields["labels"] ?? .object([:])).labels()
        let chosen = reader.at("label_selector", fields["label_selector"] ?? .object([:]))
        let texts = try chosen.labels()
        do { selector = try LabelSelector(texts) } catch { throw chosen.problem(error.description) }
    }
}
