import Cloud
import Model

/// What an oracle would have had and paid; see `OraclePlan`.
package func foresee(_ plan: OraclePlan) -> OracleReport {
    var purse = OraclePurse(plan.market)
    var report = counts(plan, most: plan.replicasMax)
    let peak = report.replicas.max() ?? 0
    // Only when the cluster cannot hold the peak is it worth asking what it can.
    if !purse.holds(peak) {
        report = counts(plan, most: leastThat(in: 0...peak, near: peak) { !purse.holds($0) } - 1)
    }
    purse.pay(plan, &report)
    return report
}

/// The count for each second, and the requests that are late with it.
private func counts(_ plan: OraclePlan, most: Int?) -> OracleReport {
    switch plan.load {
    case .requests(let arrivals):
        guard case .fixed(let otherwise) = plan.service else { return OracleReport() }
        return counts(plan, arrivals, otherwise: otherwise, most: most)
    case .users(let steps): return counts(plan, steps, most: most)
    }
}

private func counts(_ plan: OraclePlan, _ arrivals: [Arrival], otherwise: Int64, most: Int?) -> OracleReport {
    var report = OracleReport()
    report.replicas.reserveCapacity(plan.seconds)
    var queue = OracleQueue(arrivals: arrivals, otherwise: otherwise, objective: plan.objective)
    var count = 0
    for second in 0..<plan.seconds {
        let (begin, end) = (Int64(second) * 1_000_000, Int64(second + 1) * 1_000_000)
        queue.open(begin, end)
        count = leastCount(plan, queue, begin, near: count, most: most)
        report.replicas.append(count)
        queue.serve(count * plan.servers, from: begin, to: end)
    }
    report.requests = queue.tail
    // What still waits is served with the last count, only to know whether it is late.
    queue.serve(max(count, 1) * plan.servers, from: Int64(plan.seconds) * 1_000_000, to: .max)
    report.missed = queue.missed
    return report
}

private func leastCount(_ plan: OraclePlan, _ queue: OracleQueue, _ begin: Int64, near: Int, most: Int?)
    -> Int
{
    let kept = dividedUp(queue.busy.count, plan.servers)
    guard queue.isWaiting else { return kept }
    // With a server for each of them nobody waits.
    let enough = dividedUp(queue.busy.count + queue.tail - queue.head, plan.servers)
    let highest = max(min(enough, most ?? enough), kept)
    guard highest > 0, !queue.isTooLate(at: begin) else { return highest }
    return leastThat(in: max(kept, 1)...highest, near: near) {
        $0 == highest || queue.suffices($0 * plan.servers, from: begin)
    }
}

/// Users in a closed loop: with `m = ⌊objective ÷ service⌋` of them to a server the last of a round is still
/// in time.
private func counts(
    _ plan: OraclePlan, _ steps: [(at: Int64, users: Int)], most: Int?
) -> OracleReport {
    var report = OracleReport()
    var toServer = 1
    switch plan.service {
    case .fixed(let service):
        toServer = Int(max(plan.objective / max(service, 1), 1))
        (report.requests, report.missed) = (1, service > plan.objective ? 1 : 0)
    case .lognormal(let median, let sigma, let seed):
        var dice = SeededDice(seed: seed, text: "oracle")
        report.requests = sampleSize
        report.missed = (0..<sampleSize).count { _ in
            median.rawValue * LogNormal.throwMicros(sigmaMilli: sigma, &dice) > plan.objective
        }
    }
    var (next, users) = (0, 0)
    for second in 0..<plan.seconds {
        var peak = users
        while next < steps.count, steps[next].at < Int64(second + 1) * 1_000_000 {
            users = steps[next].users
            peak = max(steps[next].at > Int64(second) * 1_000_000 ? peak : users, users)
            next += 1
        }
        let wanted = dividedUp(dividedUp(peak, toServer), plan.servers)
        report.replicas.append(min(wanted, most ?? wanted))
    }
    return report
}

private let sampleSize = 10_000

/// Gives every request a time of work of its own, so that the world and the oracle know the same.
package func drawWork(of arrivals: inout [Arrival], median: Millis, sigmaMilli: Int64, seed: UInt64) {
    var dice = SeededDice(seed: seed, text: "work")
    for index in arrivals.indices {
        arrivals[index].service = median.rawValue * LogNormal.throwMicros(sigmaMilli: sigmaMilli, &dice)
    }
}

func dividedUp(_ amount: Int, _ parts: Int) -> Int { (amount + parts - 1) / parts }

/// The least value for which `isEnough` holds, when it holds for all above it as well, and for the last in
/// any case. The search begins at `near` and doubles its steps.
func leastThat(in range: ClosedRange<Int>, near: Int, isEnough: (Int) -> Bool) -> Int {
    let start = min(max(near, range.lowerBound), range.upperBound)
    var (low, high) = (range.lowerBound - 1, range.upperBound)
    var step = 1
    if start == range.upperBound || isEnough(start) {
        high = start
        while high > range.lowerBound {
            let probe = max(high - step, range.lowerBound)
            guard isEnough(probe) else {
                low = probe
                break
            }
            (high, step) = (probe, step * 2)
        }
    } else {
        low = start
        while low + step < range.upperBound {
            guard !isEnough(low + step) else {
                high = low + step
                break
            }
            (low, step) = (low + step, step * 2)
        }
    }
    while high - low > 1 {
        let middle = (low + high) / 2
        if isEnough(middle) { high = middle } else { low = middle }
    }
    return high
}
