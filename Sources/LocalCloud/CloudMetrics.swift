import Wire

extension MachineRoom {
    /// The page in the Prometheus text format.
    func metrics() -> String {
        var page = Exposition()
        for state in Machine.State.allCases {
            page.add(
                "tandem_cloud_instances", .gauge, "Machines in the registry.",
                labels: [("state", state.rawValue)],
                value: Int64(registry.machines.count { $0.state == state }))
        }
        let calls = outcomes.sorted { ($0.key.call, $0.key.outcome) < ($1.key.call, $1.key.outcome) }
        for (key, count) in calls {
            page.add(
                "tandem_cloud_calls_total", .counter, "Calls since the start, by outcome.",
                labels: [("call", key.call), ("outcome", key.outcome)], value: count)
        }
        page.add(
            "tandem_cloud_agent_starts_total", .counter, "Agents started since the start.",
            value: agentStarts)
        return page.text
    }
}
