import Model
import ServeTier
import Store

extension WorldPlan {
    /// The operator allows fewer replicas than a load of this plan needs: its queue grows, and so do the waits, whatever a
    /// scaler does. By Little's law: a rate times the mean time of a request is how many of them run at once.
    /// - Parameters:
    ///   - now: what comes later has not made anybody wait.
    ///   - replicas: as many as the deployment may ever have.
    package func overloads(
        _ path: String, until now: Millis, command: String, replicas: Int, maxOngoing: Int
    ) -> Bool {
        let service = (conduct[command] ?? usualConduct).service.meanMillis
        let peak = clients.filter { $0.path == path }.reduce(Int64(0)) { $0 + $1.load.peakMilli(until: now) }
        // Thousandths a second by milliseconds, against requests at a time.
        return peak * service > Int64(replicas) * Int64(max(maxOngoing, 1)) * 1_000_000
    }
}

extension ServiceTime {
    /// Rounded up a little: e^(σ²/2) by the first terms of its series.
    fileprivate var meanMillis: Int64 {
        switch self {
        case .fixed(let time), .traced(let time): return time.rawValue
        case .lognormal(let median, let sigma):
            let half = sigma * sigma / 2_000
            return median.rawValue * (1_001 + half + half * half / 2_000) / 1_000
        }
    }
}

extension ClientPlan.Load {
    /// Of open load: the most requests a second, in thousandths. Users wait for their answers and overload nothing.
    fileprivate func peakMilli(until now: Millis) -> Int64 {
        if case .open(let steps) = self { return steps.filter { $0.at <= now }.map(\.amount).max() ?? 0 }
        return 0
    }
}

extension Checks {
    /// More comes to what answers there than its operator lets it have replicas for.
    func isOverloaded(_ path: String, _ world: World) -> Bool {
        guard let row = deployment(at: path) else { return false }
        let most =
            switch watch?.state.count(of: row.settings) ?? row.settings.count {
            case .fixed(let count): count
            case .auto(let scaling): scaling.maxReplicas
            }
        return plan.overloads(
            path, until: Millis(world.now / 1000), command: row.settings.replica.command.first ?? "",
            replicas: most,
            maxOngoing: row.settings.maxOngoing)
    }
}
