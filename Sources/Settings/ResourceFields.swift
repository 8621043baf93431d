import Model

/// Amounts of resources. CPU, GPU and custom ones in thousandths; memory in bytes, with or without a unit.
extension Field {
    /// A million of anything on one machine is taken for a mistake.
    static let amountMax = Int64(1_000_000_000)
    /// 1 PiB.
    static let memoryMax = Int64(1) << 50

    func amount() -> Int64? { number(decimals: 3, in: 0...Self.amountMax) }

    /// Bytes: `536870912`, `512 MiB`, `1.5GiB`, `2 GB` (powers of 1000).
    func bytes() -> Int64? {
        let right = "bytes, or a number with KiB, MiB, GiB or TiB: 512 MiB"
        guard let text = text(right, bytesMax: 64) else { return nil }
        guard let product = Self.millionthsOfBytes(text) else {
            refuse("is no amount of memory", right)
            return nil
        }
        guard product >= 0, product <= Int128(Self.memoryMax) * 1_000_000 else {
            refuse("is out of range", "at least 0, at most 1024 TiB")
            return nil
        }
        guard product % 1_000_000 == 0 else {
            refuse("is not a whole number of bytes", right)
            return nil
        }
        return Int64(product / 1_000_000)
    }

    /// Nil: it is no amount.
    private static func millionthsOfBytes(_ text: String) -> Int128? {
        let digits = text.prefix { "0123456789.+-_".contains($0) }
        let word = text.dropFirst(digits.count).drop { $0 == " " }
        let units: [Substring: Int64] = [
            "": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
            "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
        ]
        guard let unit = units[word], let millionths = millionths(String(digits)) else { return nil }
        let product = millionths.multipliedReportingOverflow(by: Int128(unit))
        return product.overflow ? nil : product.partialValue
    }

    /// As a file may say it: `512 MiB`; nil: it is no whole number of bytes.
    static func bytes(_ text: String) -> Int64? {
        guard let product = millionthsOfBytes(text), product % 1_000_000 == 0 else { return nil }
        return Int64(exactly: product / 1_000_000)
    }

    /// Of a number with up to six decimals, or of a whole one that is larger.
    private static func millionths(_ digits: String) -> Int128? {
        if let value = try? DecimalText.parse(digits, decimals: 6) { return Int128(value) }
        return (try? DecimalText.parse(digits, decimals: 0)).map { Int128($0) * 1_000_000 }
    }

    /// `{CPU: 4, memory: 8 GiB, tpu: 1}`. With `customOnly`, the names that have keys of their own are refused.
    /// Nil when any amount is wrong.
    func resources(customOnly: Bool) -> Resources? {
        guard let section else { return nil }
        var resources = Resources()
        var isRight = true
        for (name, place, field) in section.entries {
            let amount = name == Resources.memory ? field.bytes() : field.amount()
            if nameIsRight(name, place, customOnly: customOnly), let amount {
                resources[name] = amount
            } else {
                isRight = false
            }
        }
        return isRight ? resources : nil
    }

    private func nameIsRight(_ name: String, _ place: Place, customOnly: Bool) -> Bool {
        let own = [Resources.cpu: "num_cpus", Resources.gpu: "num_gpus", Resources.memory: "memory"]
        if customOnly, let key = own.first(where: { $0.key.lowercased() == name.lowercased() })?.value {
            findings.refuse(place, "\(path) is for custom resources", name, "use \(key) beside it")
            return false
        }
        if let known = own.keys.first(where: { $0.lowercased() == name.lowercased() }), known != name {
            findings.refuse(place, "unknown resource in \(path)", name, "did you mean \(known)?")
            return false
        }
        if name == "object_store_memory" {
            findings.refuse(place, "there is no object store", name, "remove it")
            return false
        }
        let bare = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        guard bare, !name.isEmpty, name.utf8.count <= NameRule.lengthMax else {
            findings.refuse(
                place, "\(path) has a resource without a usable name", name,
                "1 to \(NameRule.lengthMax) printable characters without spaces")
            return false
        }
        return true
    }
}
