#if MUTANTS
    /// Slips that an engineer could make, built into our own code on purpose, one at a time: the simulator must see each of
    /// them. A site asks `Mutant.x.isOn`. No shipped program has any: they are compiled with `-DMUTANTS` alone.
    package enum Mutant: String, CaseIterable, Sendable {
        /// Asks the provider again under a new token.
        case freshToken
        /// Leaves replicas that fail their health check as they are.
        case keepsUnwell
        /// Makes a call without writing the attempt and its epoch down first.
        case sendsUnnoted
        /// Asks for the end of a machine once.
        case terminatesOnce
        /// Calls a machine lost after one list without it.
        case lostOnOneList
        /// Waits without end for an agent's hello.
        case forgetsJoinDeadline
        /// Never asks again for what was out of stock once.
        case stockOutForEver
        /// Replaces every node whose agent is lost at once, however many there are.
        case repairsAll
        /// Gives nodes back while half of all are silent.
        case neverHalts
        /// Places on a machine of which the provider says an unknown word.
        case usesUnknownState
        /// Gives a node up when its agent is silent for a while, not when it is lost.
        case givesUpEarly
        /// Places replicas on a node whose agent is silent.
        case placesOnSilent
        /// Places replicas on a node that is being emptied.
        case placesOnDraining
        /// Counts the room of a stopping replica as free.
        case countsStoppingAsFree
        /// Does not count machines on their way back against the limits.
        case forgetsTerminating
        /// Gives idle nodes back while the serve tier is silent.
        case givesBackUnasked
        /// Does not raise the generation when a replica is to stop.
        case tellsNobody
        /// Buys for replicas that a coming node has room for.
        case ignoresComing
        /// Gives idle nodes back below min_workers.
        case forgetsMinimum
        /// Does not ask to be woken when an idle timeout ends.
        case forgetsWake
        /// Stops a replica that has left its route without waiting for the proxies.
        case ignoresAcknowledgement
        /// Takes the acknowledgement of the route before for that of the new one.
        case drainsByOldRoute
        /// Stops a routed replica without draining it.
        case stopsRouted
        /// Routes to a replica that has been started and is not ready.
        case routesUnready
        /// Leaves draining replicas on the route.
        case routesDraining
        /// Takes what is not heard for no load.
        case shrinksBlind
        /// Begins the delay anew at each step.
        case restartsTimer
        /// Calls a proxy silent by what the rows say, right after a restart.
        case judgesAtOnce
        /// Judges agents by what the rows say, right after a restart.
        case judgesAgentsAtOnce
        /// Deletes a deployment's row before its replicas have ended.
        case deletesAtOnce
        /// Puts any route in force, whatever its fence.
        case unfencedProxy
        /// Gives a place back twice when somebody waits for it.
        case releasesTwice
        /// Hands nothing to those who wait when a route brings new places.
        case wakesNobody
        /// Gives a port again as soon as it is free.
        case reusesPorts
        /// Forgets at its start what an earlier agent left running.
        case adoptsNothing
        /// Does not kill a process that ignores the order to end.
        case neverKills
        /// Commits though a newer process holds the role.
        case staleEpochCommits
        /// Keeps a deleted row in mind when it follows the changes.
        case keepsDeleted
        /// Takes it for no news that a proxy has finished with a replica that left its route.
        case busyIsNoNews
        /// Takes the node tier's silence for no reason to hold.
        case shrinksWithoutNodes
        /// Counts on it that a proxy not heard since the start has let go.
        case forgetsUnheard
        /// Leaves the wish to empty a node when that is gone.
        case keepsDrainRequests
        /// Does not keep in mind that it has renewed.
        case forgetsOwnRenewal
        /// Knows the load that a proxy's earlier process has sent for that of the next.
        case keepsSequences
        /// A call that could not be noted counts as being on its way.
        case keepsInFlight
        /// Counts load that a proxy sends again, after a restart of the tier, once more.
        case countsTwice
        /// Tells a proxy that its load is stored before it is.
        case acknowledgesUnstored
        /// Does not write the cluster's settings again after the first try has failed.
        case storesSettingsOnce
        /// Says "applied" also when nothing could be written.
        case saysAppliedAnyway
        /// Begins the routes of a deployment that comes back under its name anew.
        case routesFromZero

        /// Named by the environment variable TANDEM_MUTANT; nil: the code as it is meant.
        package static let active: Mutant? = variable("TANDEM_MUTANT").flatMap { name in
            Mutant(rawValue: String(cString: name))
        }

        package var isOn: Bool { self == Mutant.active }

        /// In the catalogue of failure modes.
        package var failureMode: String { record.mode }
        /// What follows from the slip.
        package var breaks: String { record.breaks }
        /// As measured: no test of a room, of a tier or of both tiers fails by it.
        package var passesUnitTests: Bool { Self.unseenByUnitTests.contains(self) }

        private static let unseenByUnitTests: Set<Mutant> = [
            .sendsUnnoted, .lostOnOneList, .judgesAtOnce, .releasesTwice, .keepsSequences, .keepsInFlight,
            .forgetsOwnRenewal, .acknowledgesUnstored, .storesSettingsOnce, .saysAppliedAnyway,
        ]
    }

    extension Mutant {
        private var record: (mode: String, breaks: String) {
            switch self {
            case .freshToken: ("F02", "one node may come as two machines")
            case .sendsUnnoted: ("F44", "a restarted tier acts on rows that another epoch wrote")
            case .terminatesOnce: ("F17", "a lost call leaves it running and paid for")
            case .lostOnOneList: ("F11", "one bad list and a short silence end a node that serves")
            case .forgetsJoinDeadline: ("F05", "a machine that never boots counts as coming for ever")
            case .stockOutForEver: ("F09", "demand is not met after the shortage has ended")
            case .repairsAll: ("F22", "a cut network ends a whole pool that serves")
            case .neverHalts: ("F22", "while nobody is heard idle ones go that are wanted again")
            case .usesUnknownState: ("F14", "replicas run on what may be on its way out")
            case .givesUpEarly: ("F48", "a short partition ends machines that serve")
            case .placesOnSilent: ("F48", "they wait for an agent that may be gone")
            case .placesOnDraining: ("F64", "they are moved as soon as they run")
            case .countsStoppingAsFree: ("F57", "a node holds more than it has until that one has ended")
            case .forgetsTerminating: ("F17", "there are more machines than max_workers")
            case .givesBackUnasked: ("F29", "demand that nobody can speak for finds no node")
            case .tellsNobody: ("F30", "its agent is never told, and the replica runs on")
            case .ignoresComing: ("F62", "each unit of demand is bought twice")
            case .forgetsMinimum: ("F65", "they are bought again at once, round and round")
            case .forgetsWake: ("F63", "an idle node stays until something else happens")
            case .ignoresAcknowledgement: ("F57", "requests meet a closed port")
            case .drainsByOldRoute: ("F57", "a replica is stopped while proxies still route to it")
            case .stopsRouted: ("F57", "requests meet a closed port")
            case .routesUnready: ("F60", "requests meet a port on which nobody listens yet")
            case .routesDraining: ("F57", "they are stopped while proxies route to them")
            case .shrinksBlind: ("F54", "targets fall while a proxy or the node tier is silent")
            case .restartsTimer: ("F63", "a wish never lasts for its delay, so nothing scales")
            case .judgesAtOnce: ("F68", "replicas stop that the proxy still routes to")
            case .judgesAgentsAtOnce: ("F68", "nodes that serve are given up after each restart")
            case .deletesAtOnce: ("F65", "they run on, and nobody stops them")
            case .unfencedProxy: ("F27", "an overtaken route sends requests to replicas that left")
            case .releasesTwice: ("F57", "a replica gets more requests than it may have")
            case .wakesNobody: ("F56", "requests from zero wait until they are refused")
            case .reusesPorts: ("F57", "a request on its way reaches another replica")
            case .adoptsNothing: ("F49", "each replica is started a second time beside the first")
            case .keepsUnwell: ("F52", "a hung replica is never replaced")
            case .neverKills: ("F52", "a hung replica holds its room for ever")
            case .staleEpochCommits: ("F27", "two tiers buy and end nodes side by side")
            case .keepsDeleted: ("F15", "the tier plans with things that are no more")
            case .busyIsNoNews: ("F57", "a replica that is done keeps its room")
            case .shrinksWithoutNodes: ("F54", "replicas are stopped while nobody could place others")
            case .forgetsUnheard: ("F57", "after a restart replicas are stopped that proxies route to")
            case .keepsDrainRequests: ("F64", "the serve tier moves replicas off what is no more")
            case .forgetsOwnRenewal: ("F15", "what a tier keeps in mind is not what the rows say")
            case .keepsSequences: ("F54", "the load that a restarted proxy tells is not counted")
            case .keepsInFlight: ("F33", "after a full disk a call is never made")
            case .countsTwice: ("F54", "each restart of the tier doubles the load that it sees")
            case .acknowledgesUnstored: ("F33", "load is forgotten that nobody has written down")
            case .storesSettingsOnce: ("F33", "no machine type is known, so nothing is ever bought")
            case .saysAppliedAnyway: ("F33", "an operator's wish is forgotten")
            case .routesFromZero: ("F27", "proxies refuse every route of it")
            }
        }
    }

    /// Of the C library: this room imports nothing.
    @_silgen_name("getenv")
    private func variable(_ name: UnsafePointer<CChar>) -> UnsafePointer<CChar>?
#endif
