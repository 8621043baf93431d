/// A date with a time of day, as Azure's traces have it: `2023-11-16 18:15:46.6805900`, with or without
/// `+00:00`.
enum Timestamp {
    private static let right = "a time such as 2023-11-16 18:15:46.6805900"

    /// Microseconds since the beginning of 1970; leap seconds are not counted.
    static func micros(_ cell: ArraySlice<UInt8>) throws(TraceProblem.Fault) -> Int64 {
        let bytes = Array(cell)
        let fault = Cells.fault(cell, "TIMESTAMP is not a time", right)
        // yyyy-mm-dd hh:mm:ss
        guard bytes.count >= 19 else { throw fault }
        let marks: [(Int, StaticString)] = [(4, "-"), (7, "-"), (13, ":"), (16, ":")]
        guard marks.allSatisfy({ bytes[$0.0] == $0.1.utf8Start.pointee }),
            bytes[10] == 0x20 || bytes[10] == 0x54
        else { throw fault }
        func number(_ range: Range<Int>) throws(TraceProblem.Fault) -> Int64 {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { throw fault }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        let (year, month, day) = (try number(0..<4), try number(5..<7), try number(8..<10))
        let (hour, minute, second) = (try number(11..<13), try number(14..<16), try number(17..<19))
        guard year >= 1970, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second <= 60
        else { throw fault }
        var rest = bytes[19...]
        for zone in ["+00:00", "+00", "Z"]
        where rest.elementsEqual(rest.dropLast(zone.utf8.count) + Array(zone.utf8)) {
            rest = rest.dropLast(zone.utf8.count)
        }
        var fraction: Int64 = 0
        if !rest.isEmpty {
            guard rest.removeFirst() == 0x2E, !rest.isEmpty, rest.allSatisfy({ (0x30...0x39).contains($0) })
            else {
                throw fault
            }
            fraction = (0..<6).reduce(0) {
                $0 * 10 + ($1 < rest.count ? Int64(rest[rest.startIndex + $1] - 0x30) : 0)
            }
        }
        let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
        return seconds * 1_000_000 + fraction
    }

    /// Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that begin in March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, ofEra) = (year / 400, year % 400)
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }
}
