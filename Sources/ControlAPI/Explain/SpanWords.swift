import Model

/// A span as people read it: 850 ms, 12.4 s, 3 min 20 s, 5 h 10 min, 2 days 3 h.
package enum SpanWords {
    package static func text(_ ms: Int64) -> String {
        let seconds = ms / 1_000
        switch ms {
        case ..<0: return "no time"
        case ..<1_000: return "\(ms) ms"
        case ..<60_000: return "\(Resources.decimal(ms / 100 * 100)) s"
        case ..<3_600_000: return "\(seconds / 60) min\(rest(seconds % 60, "s"))"
        case ..<86_400_000: return "\(seconds / 3_600) h\(rest(seconds % 3_600 / 60, "min"))"
        default: return "\(seconds / 86_400) days\(rest(seconds % 86_400 / 3_600, "h"))"
        }
    }

    private static func rest(_ count: Int64, _ unit: String) -> String {
        count == 0 ? "" : " \(count) \(unit)"
    }
}
