/// The version of the messages between processes of one cluster. Two neighbours are always in use at once, since
/// processes are updated one after the other.
///
/// A field that is new in a version is optional: whoever speaks an older one leaves it out, and does not read it.
/// 1: the first. 2: the version is agreed on.
package enum WireVersion {
    package static let oldest = 1
    package static let current = 2

    package static func understands(_ version: Int) -> Bool { (oldest...current).contains(version) }

    /// In which version a request is answered: the older of both.
    package static func answer(to version: Int) -> Int { min(version, current) }

    /// Nil: `version` is understood here. Else the refusal, which names both versions and who is to be updated.
    /// - Parameter peer: who speaks that version, as it begins a sentence.
    /// - Parameter own: who refuses.
    package static func refusal(_ version: Int, of peer: String, by own: String) -> Problem? {
        guard !understands(version) else { return nil }
        let late = version < oldest ? peer : own
        return Problem(
            code: Problem.version,
            message:
                "\(peer) speaks wire version \(version), \(own) versions \(oldest) to \(current): update \(late)"
        )
    }
}

/// In which version a caller speaks to one peer: its own, and step by step an older one while it is refused.
package struct SpokenVersion: Sendable, Equatable {
    package private(set) var version = WireVersion.current

    package init() {}

    /// The peer does not understand this version.
    /// - Returns: true when there is an older one to be tried at once; else the next try is in the newest again.
    package mutating func refused() -> Bool {
        guard version > WireVersion.oldest else {
            version = WireVersion.current
            return false
        }
        version -= 1
        return true
    }

    /// Another process may answer next time, with more to say.
    package mutating func reset() { version = WireVersion.current }
}

/// A message as it arrives: its version is read first, since the rest of a version that is not understood may
/// not be readable.
package enum Received<Message: Decodable & Sendable>: Decodable, Sendable {
    case understood(Message)
    /// Of a version outside `WireVersion.oldest` to `current`.
    case foreign(version: Int)

    private enum CodingKeys: String, CodingKey { case wireVersion }

    package init(from decoder: any Decoder) throws {
        let version = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .wireVersion)
        guard WireVersion.understands(version) else {
            self = .foreign(version: version)
            return
        }
        self = .understood(try Message(from: decoder))
    }

    /// The message.
    /// - Throws: the refusal of its version.
    package func get(from peer: String, by own: String) throws(Problem) -> Message {
        switch self {
        case .understood(let message): return message
        case .foreign(let version):
            throw WireVersion.refusal(version, of: peer, by: own)
                ?? Problem(code: Problem.version, message: "\(peer) speaks wire version \(version)")
        }
    }
}

extension Problem {
    /// The code of a refusal for the version of a message alone.
    package static let version = "version"
}
