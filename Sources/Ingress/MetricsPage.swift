import Model
import NIOCore
import Routing
import Wire

/// The proxy's own figures in the Prometheus text format.
struct MetricsPage: Sendable {
    let plane: Plane
    let lanes: [NIOLoopBound<Lane>]
    let loops: [any EventLoop]

    /// - Returns: on `loop`, the page as of now.
    func render(on loop: any EventLoop) -> EventLoopFuture<String> {
        let tallies = zip(loops, lanes).map { loop, lane in
            loop.submit { lane.value.tally.current(Now.micros) }
        }
        let plane = plane
        return EventLoopFuture.whenAllSucceed(tallies, on: loop).map { tallies in
            var sum = Tally()
            for tally in tallies { sum.add(tally) }
            return Self.text(sum, plane)
        }
    }

    private static func text(_ tally: Tally, _ plane: Plane) -> String {
        var page = Exposition()
        let entries = tally.entries.sorted { $0.key < $1.key }
        for (deployment, entry) in entries {
            for (digit, count) in entry.classes.enumerated() where count > 0 {
                page.add(
                    "tandem_proxy_requests_total", .counter,
                    "Requests by class of their status; client_left: the client closed before there was one.",
                    labels: [
                        ("deployment", deployment.rawValue),
                        ("class", digit == 0 ? "client_left" : "\(digit)xx"),
                    ], value: count)
            }
        }
        for reason in RefusalReason.allCases {
            page.add(
                "tandem_proxy_refusals_total", .counter, "Requests refused by the proxy, by reason.",
                labels: [("reason", reason.rawValue)], value: tally.refusals[reason] ?? 0)
        }
        page.add(
            "tandem_proxy_retries_total", .counter, "Requests tried at a second replica.",
            value: tally.retries)
        page.add(
            "tandem_proxy_load_buckets_dropped_total", .counter,
            "Load buckets dropped because the serve tier stayed away too long.", value: plane.droppedBuckets)
        for (state, count) in plane.impossible.counts {
            page.add(
                "tandem_ingress_impossible_states_total", .counter,
                "States found that cannot be, by place; anything but 0 is a fault to be reported.",
                labels: [("place", state.rawValue)], value: count)
        }
        let now = Now.micros
        let readings = plane.gates.map { ($0.gate.deployment.rawValue, $0.gate.ledger.read(at: now)) }
        for (deployment, reading) in readings {
            page.add(
                "tandem_proxy_ongoing", .gauge, "Requests at replicas now.",
                labels: [("deployment", deployment)], value: Int64(reading.ongoing))
        }
        for (deployment, reading) in readings {
            page.add(
                "tandem_proxy_queued", .gauge, "Requests waiting for a replica now.",
                labels: [("deployment", deployment)], value: Int64(reading.queued))
        }
        addLatency(entries, to: &page)
        return page.text
    }

    private static func addLatency(
        _ entries: [(key: DeploymentID, value: Tally.Entry)], to page: inout Exposition
    ) {
        for (deployment, entry) in entries {
            for (name, percent) in [("0.5", 50.0), ("0.99", 99.0)] {
                guard let micros = entry.latency.quantile(percent) else { continue }
                page.add(
                    "tandem_proxy_latency_microseconds", .gauge,
                    "From head to end of answer, over the last half to whole minute.",
                    labels: [("deployment", deployment.rawValue), ("quantile", name)], value: micros)
            }
        }
    }
}
