/// A number that any difference changes, equal in every process and build, unlike `Hasher`: FNV-1a, 64 bits (Fowler, Noll,
/// Vo). For names and comparisons; nothing that has to withstand an adversary.
package struct Fingerprint: Hashable, Sendable {
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package init(of text: String) { for byte in text.utf8 { mix(byte) } }

    package init(of bytes: some Sequence<UInt8>) { for byte in bytes { mix(byte) } }

    package mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

    /// One text of several: it ends with a byte that no text contains, so that it counts where one ends and the next begins.
    package mutating func mix(text: String) {
        for byte in text.utf8 { mix(byte) }
        mix(0xff)
    }

    /// In hexadecimal, without leading zeros.
    package var text: String { String(value, radix: 16) }
}
