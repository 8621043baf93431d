import Cloud
import Model

/// What can go wrong in a simulated world by the dice, by name.
package enum FaultClass: String, CaseIterable, Hashable, Comparable, Sendable {
    // The provider, of a thousand calls.
    case replyLost = "provider_reply_lost"
    case callLost = "provider_call_lost"
    case providerDown = "provider_unavailable"
    case throttled = "provider_throttled"
    case stockOut = "provider_out_of_capacity"
    case quota = "provider_quota"
    case hang = "provider_hangs"
    case listFails = "list_fails"
    case listWrong = "list_wrong"
    case terminateLost = "terminate_lost"
    case neverBoots = "never_boots"
    case slowBoot = "slow_boot"
    case joinsLate = "joins_after_terminate"
    case lies = "provider_lies"
    // Machines, per machine and hour, in thousandths.
    case preemption
    case machineLoss = "machine_loss"
    // The network, of a thousand exchanges.
    case messageLost = "message_lost"
    case messageSlow = "message_slow"
    case messageTwice = "message_twice"
    // Of a thousand, per minute and link.
    case partition
    // Processes, of a million boundaries (tiers) or per process and hour in thousandths (agents, proxies).
    case tierCrash = "tier_crash"
    case agentCrash = "agent_crash"
    case proxyCrash = "proxy_crash"
    // Per tier and hour, in thousandths.
    case tierPause = "tier_pause"
    case secondHead = "second_head"
    case brokenLock = "broken_lock"
    // Per hour, in thousandths.
    case clockJump = "clock_jump"
    // The disk, of a million transactions; full: per hour, in thousandths.
    case diskBusy = "disk_busy"
    case diskBroken = "disk_broken"
    case diskFull = "disk_full"
    // Replicas, per replica and hour in thousandths; start: of a thousand starts.
    case replicaCrash = "replica_crash"
    case replicaHang = "replica_hang"
    case replicaSlow = "replica_slow"
    case startFails = "start_fails"
    case startSlow = "start_slow"
    // People, per hour, in thousandths.
    case operators

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// The provider's own faults that this class stands for.
    package var cloudFaults: [CloudFault] {
        switch self {
        case .replyLost: [.launchSucceedsButReplyIsLost, .terminateReplyIsLost]
        case .callLost: [.launchIsLost]
        case .providerDown: [.unavailable]
        case .throttled: [.throttled]
        case .stockOut: [.outOfCapacity]
        case .quota: [.quota]
        case .listFails: [.listFails]
        case .listWrong: [.listOmits, .listStale, .listDuplicates, .listReorders, .listTruncated, .listEmpty]
        case .terminateLost: [.terminateLost]
        case .neverBoots: [.neverBoots]
        case .slowBoot: [.slowBoot]
        case .joinsLate: [.joinsAfterTerminate]
        case .hang: [.hangs]
        case .lies: [.unknownState, .goesBackwards, .reusesID]
        default: []
        }
    }
}

/// How often what goes wrong; the unit of each is that of its class. Absent: never.
package struct FaultMix: Hashable, Sendable {
    package var rates: [FaultClass: Int]

    package init(_ rates: [FaultClass: Int] = [:]) { self.rates = rates }

    package subscript(fault: FaultClass) -> Int { rates[fault] ?? 0 }
    package var isEmpty: Bool { rates.values.allSatisfy { $0 == 0 } }
    /// Those that can strike, in the order of their names.
    package var classes: [FaultClass] { rates.keys.filter { self[$0] > 0 }.sorted() }
}

/// Systematic trouble, in place of dice: the n-th boundary of a run is struck, n after n.
package enum Torment: Hashable, Sendable {
    case none
    /// A tier dies at the n-th boundary: before or after a commit, before or after an effect.
    case crash(at: Int)
    /// The n-th transaction fails with "disk full", is rolled back, and works when it is tried again.
    case failStore(at: Int)
    /// The n-th provider call fails: nothing happened, the caller knows.
    case failCall(at: Int)
    /// The n-th provider call has its effect and the caller hears nothing.
    case loseReply(at: Int)
    /// The n-th conversation of an agent or a proxy breaks: it was heard, the answer is lost.
    case loseAnswer(at: Int)
    /// Every provider call is made twice; every order, route and report arrives twice.
    case everythingTwice
}

/// Something that happens at a stated instant.
package struct Deed: Hashable, Sendable {
    /// What happens.
    package enum Kind: Hashable, Sendable {
        case apply([ApplicationSettings])
        /// What was applied last comes again, with this `target_capacity` in percent.
        case capacity(percent: Int)
        case delete(application: String)
        /// `nil` for how long: until `restart` or the end of the faults.
        case crash(Party, downFor: Millis?)
        case restart(Party)
        case pause(Party, for: Millis)
        /// Both ways, or only what the first says to the second.
        case partition(Party, Party, for: Millis, oneWay: Bool)
        /// The machine with this number, counted from 1 in the order in which they were made.
        case loseMachine(Int)
        case preempt(Int, notice: Millis)
        case cloudFault(CloudFault, times: Int)
        /// The provider has no machine of this type to give for so long.
        case stockOut(type: String, for: Millis)
        case diskFull(for: Millis)
        case diskBroken(times: Int)
        case clockJump(Millis)
        /// The machine of the tiers is started anew: they die, and the boot clock begins again.
        case reboot
        case secondHead(Party, lockHolds: Bool)
        /// A copy of the database is taken now …
        case backUp
        /// … and put back now, under the running cluster.
        case restore
        /// The database is deleted under the running cluster.
        case loseState
        /// An operator has the state made anew with these applications, if the tiers are in safe mode.
        case readopt([ApplicationSettings])
        /// Replicas of a command behave so from now on.
        case conduct(String, Conduct)
        /// The n-th running replica of a deployment, counted from 1 in the order of their ids.
        case crashReplica(DeploymentID, Int)
        case hangReplica(DeploymentID, Int)
        /// Times by which all work of a deployment's replicas takes longer; 1: as usual.
        case slowReplicas(DeploymentID, times: Int)
        /// Ends all that goes wrong.
        case heal
    }

    package var at: Millis
    package var kind: Kind

    package init(at: Millis, _ kind: Kind) {
        self.at = at
        self.kind = kind
    }
}

/// A process, or a side of a link.
package enum Party: Hashable, Comparable, Sendable, CustomStringConvertible {
    case serve, nodes
    /// Numbers from 1.
    case proxy(Int)
    /// By machine, numbered from 1 in the order in which they were made; 0: every agent.
    case agent(Int)
    case provider

    package var description: String {
        switch self {
        case .serve: "serve"
        case .nodes: "nodes"
        case .proxy(let number): "proxy-\(number)"
        case .agent(let number): number == 0 ? "agents" : "agent-\(number)"
        case .provider: "provider"
        }
    }
}
