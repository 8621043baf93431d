import Model

/// Table `scaling`: what scaling a deployment remembers. Written by the serve tier, with each change of the load that
/// matters; no row: nothing is remembered.
package struct ScalingRow: StoreRow {
    package var deployment: DeploymentID
    package var memory = ScalingMemory()
    /// The instant of the latest look at the load, which knew what had been reported up to it. So a restart, or any other
    /// reason to plan, leaves out no look and adds none.
    package var lookedAt: Moment?
    /// When that one wished for another, whatever is reported.
    package var lookAt: Moment?
    /// Replicas that served at the latest look.
    package var served = 0
    /// Requests over the look-back window; nil: no data.
    package var load: Thousandths?
    /// When `load` was computed.
    package var loadAt: Moment?

    package init(_ deployment: DeploymentID) { self.deployment = deployment }

    package var key: DeploymentID { deployment }
    package static let sql = RowSQL(
        "scaling", key: ["deployment"],
        columns: [
            "deployment", "direction", "direction_since_ms", "wishes_json", "policy_state_json", "raised_ms",
            "lowered_ms", "looked_ms", "look_ms", "served", "load_milli", "load_ms",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        deployment = try columns.key()
        let direction = try columns.int()
        memory.timer = DelayTimer(direction: direction, since: try columns.momentOrNil())
        memory.wishes = try Self.wishes(columns.text())
        memory.policy = try columns.json()
        memory.raisedAt = try columns.momentOrNil()
        memory.loweredAt = try columns.momentOrNil()
        lookedAt = try columns.momentOrNil()
        lookAt = try columns.momentOrNil()
        served = try columns.int()
        load = try columns.integerOrNil().map { Thousandths($0) }
        loadAt = try columns.momentOrNil()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(deployment.rawValue)
        columns.put(memory.timer.direction)
        columns.put(memory.timer.since)
        columns.put("[" + memory.wishes.map { "[\($0.at.ms),\($0.wish)]" }.joined(separator: ",") + "]")
        if memory.policy.values.isEmpty {
            columns.put(Self.nothingKept)
        } else {
            try columns.put(json: memory.policy)
        }
        columns.put(memory.raisedAt)
        columns.put(memory.loweredAt)
        columns.put(lookedAt)
        columns.put(lookAt)
        columns.put(served)
        columns.put(load?.rawValue)
        columns.put(loadAt)
    }

    /// As `StoreJSON` writes it: most policies keep nothing.
    private static let nothingKept = #"{"values":{}}"#

    /// By hand and byte by byte, since each is another list than the one before: a coder, and its memo, would be busy
    /// with nothing else.
    private static func wishes(_ text: String) throws(StoreError) -> [WishSample] {
        func corrupt() -> StoreError {
            .corrupt("column wishes_json of table scaling holds no list of wishes but '\(text.prefix(200))'")
        }
        guard text.hasPrefix("["), text.hasSuffix("]") else { throw corrupt() }
        var numbers: [Int64] = []
        var digits: Int64?
        var isNegative = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let (tens, high) = (digits ?? 0).multipliedReportingOverflow(by: 10)
                let (next, over) = tens.addingReportingOverflow(Int64(byte & 15))
                guard !high, !over else { throw corrupt() }
                digits = next
            case UInt8(ascii: "-") where digits == nil && !isNegative: isNegative = true
            case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: " "):
                if let found = digits {
                    numbers.append(isNegative ? -found : found)
                } else if isNegative {
                    throw corrupt()
                }
                (digits, isNegative) = (nil, false)
            default: throw corrupt()
            }
        }
        guard numbers.count % 2 == 0 else { throw corrupt() }
        return stride(from: 0, to: numbers.count, by: 2).map { place in
            WishSample(at: Moment(numbers[place]), wish: Int(numbers[place + 1]))
        }
    }
}
