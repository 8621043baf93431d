import Model

/// What nobody but the simulator may know.
extension MemoryCloud {
    /// The truth about the machines that are not terminated, in the order of creation.
    package var liveMachines: [Machine] { read { state in state.live.sorted.map { state.machines[$0] } } }

    /// Machines whose agent lives, with those that outlived their machine, in the order of creation.
    package var machinesWithAgents: [Machine] {
        read { state in state.agents.sorted.map { state.machines[$0] } }
    }

    /// Machines there ever were.
    package var machinesMade: Int { read { $0.machines.count } }

    /// Machines there were at one instant, at most.
    package var peakMachines: Int { read { $0.peakMachines } }

    /// What has been spent until now.
    package var bill: Bill { read { $0.bill } }

    /// The same by machine, each that there ever was.
    package var billByMachine: [Bill.MachineLine] { read { $0.billByMachine } }

    /// The date on its clock.
    package var unixMillis: Int64 { read { $0.settings.unixMsAtStart + $0.now.ms } }

    /// Calls that each fault has struck until now.
    package var struckFaults: [CloudFault: Int] { read { $0.settings.faults.struck } }

    /// How many machines this token has made.
    package func count(ofToken token: String) -> Int { read { $0.lives(of: token).count } }

    /// All machines that this token has made, in the order of creation.
    package func lives(of token: String) -> [Machine] {
        read { state in state.lives(of: token).map { state.machines[$0] } }
    }

    /// Tokens that made more than one machine, in the order in which they made the second.
    package var twinnedTokens: [String] { read { $0.twinnedTokens } }

    /// Entries of the books that were looked at or moved so far: what the cloud has cost, without a clock.
    package var work: Int { read { $0.work } }
}
