/// A span of time in whole milliseconds. Never a bare number in a signature.
public struct Millis: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    /// Milliseconds; may be below zero, as a difference.
    public var rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    public static let zero = Millis(0)
    public static func seconds(_ seconds: Int64) -> Millis { Millis(seconds * 1000) }
    /// The same span in microseconds.
    package var micros: Int64 { rawValue * 1000 }
    public static func < (a: Millis, b: Millis) -> Bool { a.rawValue < b.rawValue }
    public static func + (a: Millis, b: Millis) -> Millis { Millis(a.rawValue + b.rawValue) }
    public static func - (a: Millis, b: Millis) -> Millis { Millis(a.rawValue - b.rawValue) }
}

/// An instant on the **cluster clock**: milliseconds that only grow, also over a reboot of the machine.
///
/// It is the boot clock plus an offset kept in SQLite. When the database is opened under another boot id the
/// offset is set so that the clock goes on from the last committed instant; a timer therefore resumes with the
/// time it had left. It says nothing about the date: columns for people are `…_unix_ms`.
public struct Moment: Hashable, Comparable, Sendable, Codable {
    /// Milliseconds on the cluster clock; only differences mean anything.
    public var ms: Int64

    public init(_ ms: Int64) { self.ms = ms }
    public init(from decoder: any Decoder) throws {
        ms = try decoder.singleValueContainer().decode(Int64.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(ms)
    }

    public static func < (a: Moment, b: Moment) -> Bool { a.ms < b.ms }
    public static func + (a: Moment, b: Millis) -> Moment { Moment(a.ms + b.rawValue) }
    public static func - (a: Moment, b: Millis) -> Moment { Moment(a.ms - b.rawValue) }
    public static func - (a: Moment, b: Moment) -> Millis { Millis(a.ms - b.ms) }

    /// The first of those that are; nil: none is.
    package static func earliest(_ a: Moment?, _ b: Moment?) -> Moment? {
        guard let a, let b else { return a ?? b }
        return min(a, b)
    }
    package static func earliest(_ a: Moment?, _ b: Moment?, _ c: Moment?) -> Moment? {
        earliest(earliest(a, b), c)
    }
    /// The last of those that are; nil: none is.
    package static func latest(_ a: Moment?, _ b: Moment?) -> Moment? {
        guard let a, let b else { return a ?? b }
        return max(a, b)
    }
    package static func latest(_ a: Moment?, _ b: Moment?, _ c: Moment?) -> Moment? {
        latest(latest(a, b), c)
    }
}

/// A rational setting in thousandths: `Thousandths(1_500)` is 1.5. Used for targets and gains.
package struct Thousandths: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    package var rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    package static let one = Thousandths(1000)
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
