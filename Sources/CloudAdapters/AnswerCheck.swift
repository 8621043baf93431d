import Cloud
import Model
import Wire

/// What a provider's answer must hold before anything is decided on it. An answer is believed whole or not at
/// all.
enum AnswerCheck {
    /// Instances in one list; more are refused, since a cluster of this version is far smaller.
    static let instancesMax = 10_000
    /// Bytes of an instance id or a state word.
    static let wordBytesMax = 256

    static func offerings(_ answer: OfferingsAnswer) throws(CloudError) -> [Offering] {
        for (index, offering) in answer.offerings.enumerated() {
            try check(offering, "offerings[\(index)]")
            if answer.offerings[..<index].contains(where: { $0.isSameWay(as: offering) }) {
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

    static func list(_ answer: InstancesAnswer, cluster: String) throws(CloudError) -> [Instance] {
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
        guard offering.microdollarsPerHour >= 0 else {
            throw .outcomeUnknown(
                "\(place).microdollars_per_hour: \(offering.microdollarsPerHour): a price is not negative")
        }
        guard (offering.available ?? 0) >= 0 else {
            throw .outcomeUnknown("\(place).available: \(offering.available ?? 0): a count is not negative")
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
