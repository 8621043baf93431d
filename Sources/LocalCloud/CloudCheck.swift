import Cloud
import Model
import Wire

/// What a create call must hold before it becomes a machine: its words become file names and arguments.
enum CloudCheck {
    static let offeringsMax = 1_000
    static let textBytesMax = 1_024

    /// - Throws: `rejected`, with one line for each thing that is wrong.
    static func create(_ call: CreateCall) throws(Problem) {
        guard call.wireVersion == CloudVersion.current else {
            throw Problem(
                code: "version",
                message: "wire version \(call.wireVersion) is not spoken here, only \(CloudVersion.current)")
        }
        var wrong: [String] = []
        if !(1...CreateRequest.tokenBytesMax).contains(call.token.utf8.count)
            || !call.token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        {
            wrong.append("token: 1 to \(CreateRequest.tokenBytesMax) visible ASCII characters")
        }
        if !NameRule.accepts(call.node.rawValue) {
            wrong.append("node: \"\(call.node.rawValue.prefix(100))\" is no name")
        }
        if !NameRule.accepts(call.cluster) {
            wrong.append("cluster: \"\(call.cluster.prefix(100))\" is no name")
        }
        if !(1...offeringsMax).contains(call.offerings.count) {
            wrong.append("offerings: 1 to \(offeringsMax)")
        }
        if !isArgument(call.join.endpoint) { wrong.append("join.endpoint: 1 to \(textBytesMax) bytes") }
        if !isArgument(call.join.tokenFile) || !call.join.tokenFile.hasPrefix("/") {
            wrong.append("join.token_file: an absolute path of at most \(textBytesMax) bytes")
        }
        let ports = 1...65_535
        if !ports.contains(call.join.portsFirst) || !ports.contains(call.join.portsLast)
            || call.join.portsFirst > call.join.portsLast
        {
            wrong.append("join.ports_first to join.ports_last: a range within 1 to 65535")
        }
        guard wrong.isEmpty else {
            throw Problem(code: CloudProblem.rejected, message: "the machine cannot be made", problems: wrong)
        }
    }

    private static func isArgument(_ text: String) -> Bool {
        (1...textBytesMax).contains(text.utf8.count) && !text.utf8.contains(0)
    }
}
