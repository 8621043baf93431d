import Cloud
import Model
import Wire

/// What a provider's answer must hold before anything is decided on it. An answer is believed whole or not at
/// all.
enum AnswerCheck {
    /// Instances in one list; more are refused, since a cluster of this version is far smaller.
    static let instancesMax = 10_000
    /// Bytes of an instance id, a state word, or a name in an offering.
    static let wordBytesMax = 256
    /// Ways to buy; the largest cloud's regions have some thousands.
    static let offeringsMax = 10_000
    /// A million dollars an hour: what is dearer is a mistake, and sums of prices stay far from overflowing.
    static let microdollarsMax: Int64 = 1_000_000_000_000
    /// Machines of one offering that a provider may say it has; beyond it says nothing more.
    static let availableMax = 1_000_000_000

    /// The node tier keeps the last good catalogue while this throws.
    static func offerings(_ answer: OfferingsAnswer) throws(CloudError) -> [Offering] {
        try check(version: answer.wireVersion)
        guard answer.offerings.count <= offeringsMax else {
            throw .outcomeUnknown(
                "a catalogue of \(answer.offerings.count) offerings; at most \(offeringsMax)")
        }
        var seen: Set<[String]> = []
        for (index, offering) in answer.offerings.enumerated() {
            try check(offering, "offerings[\(index)]")
            if !seen.insert([offering.nodeType, offering.zone, offering.capacityType]).inserted {
                throw .outcomeUnknown(
                    "offerings[\(index)]: this way of buying \(offering.nodeType) is there twice"
                )
            }
        }
        return answer.offerings
    }

    static func created(_ body: InstanceBody, for request: CreateRequest) throws(CloudError) -> Instance {
        let made = try instance(body, "instance")
        guard made.token == request.token else {
            throw .outcomeUnknown("instance \(made.id): its token is not the one that was sent")
        }
        return made
    }

    /// A provider that says it speaks another version is refused in words, before anything of its answer is believed.
    private static func check(version: Int?) throws(CloudError) {
        guard let version, version != CloudVersion.current else { return }
        throw .rejected(
            "the provider speaks version \(version) of the provider protocol and this cluster version "
                + "\(CloudVersion.current): update the older of the two")
    }

    static func list(_ answer: InstancesAnswer, cluster: String) throws(CloudError) -> [Instance] {
        try check(version: answer.wireVersion)
        guard answer.instances.count <= instancesMax else {
            throw .outcomeUnknown("a list of \(answer.instances.count) instances; at most \(instancesMax)")
        }
        var ids: Set<String> = []
        var instances: [Instance] = []
        for (index, body) in answer.instances.enumerated() {
            let instance = try instance(body, "instances[\(index)]")
            guard instance.cluster == cluster else {
                throw .outcomeUnknown("instances[\(index)]: \(instance.id) is of another cluster")
            }
            guard ids.insert(instance.id).inserted else {
                throw .outcomeUnknown("instances[\(index)]: \(instance.id) is there twice")
            }
            instances.append(instance)
        }
        return instances
    }

    private static func instance(_ body: InstanceBody, _ place: String) throws(CloudError) -> Instance {
        guard (1...wordBytesMax).contains(body.id.utf8.count) else {
            throw .outcomeUnknown("\(place).id: 1 to \(wordBytesMax) bytes")
        }
        guard (1...CreateRequest.tokenBytesMax).contains(body.token.utf8.count) else {
            throw .outcomeUnknown("\(place).token: 1 to \(CreateRequest.tokenBytesMax) bytes")
        }
        guard NameRule.accepts(body.node.rawValue) else {
            throw .outcomeUnknown("\(place).node: \"\(body.node.rawValue.prefix(100))\" is no name")
        }
        guard (1...wordBytesMax).contains(body.state.utf8.count) else {
            throw .outcomeUnknown("\(place).state: 1 to \(wordBytesMax) bytes")
        }
        guard (body.preemptedIn ?? .zero) >= .zero else {
            throw .outcomeUnknown("\(place).preempted_in: a span is not negative")
        }
        if let ended = body.endedUnixMs {
            guard let created = body.createdUnixMs, created <= ended else {
                throw .outcomeUnknown("\(place).ended_unix_ms: \(ended) is not after a created_unix_ms")
            }
        }
        guard (body.createdUnixMs ?? 0) >= 0 else {
            throw .outcomeUnknown("\(place).created_unix_ms: a date is not negative")
        }
        try check(body.offering, "\(place).offering")
        return Instance(
            id: body.id, token: body.token, node: body.node, cluster: body.cluster, offering: body.offering,
            state: state(body.state), preemptedIn: body.preemptedIn, createdUnixMs: body.createdUnixMs,
            endedUnixMs: body.endedUnixMs)
    }

    private static func check(_ offering: Offering, _ place: String) throws(CloudError) {
        guard !offering.nodeType.isEmpty else { throw .outcomeUnknown("\(place).node_type is empty") }
        for (name, word) in [
            ("node_type", offering.nodeType), ("zone", offering.zone),
            ("capacity_type", offering.capacityType),
        ] where word.utf8.count > wordBytesMax {
            throw .outcomeUnknown("\(place).\(name): \(word.utf8.count) bytes; at most \(wordBytesMax)")
        }
        guard (0...microdollarsMax).contains(offering.microdollarsPerHour) else {
            throw .outcomeUnknown(
                "\(place).microdollars_per_hour: \(offering.microdollarsPerHour): a price is 0 to \(microdollarsMax)"
            )
        }
        guard (0...availableMax).contains(offering.available ?? 0) else {
            throw .outcomeUnknown(
                "\(place).available: \(offering.available ?? 0): a count is 0 to \(availableMax)")
        }
    }

    private static func state(_ word: String) -> Instance.State {
        switch word {
        case "pending": .pending
        case "running": .running
        case "stopping": .stopping
        case "terminated": .terminated
        default: .unknown(word)
        }
    }
}
