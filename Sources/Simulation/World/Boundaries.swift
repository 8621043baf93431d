import Model
import Store

/// Counts the places at which a torment can strike, and strikes at the one that the plan names.
final class Boundaries {
    enum Place {
        /// A tier, before or after a commit or an effect.
        case tier
        case transaction
        case call
        /// The provider has done it; the caller does not hear.
        case callReply
        /// Of a tier, on its way to an agent or a proxy.
        case answer
    }

    /// Of the kind that the plan's torment strikes.
    private(set) var count = 0

    /// True at the boundary that is to be struck; none is once all trouble is over.
    func strikes(_ place: Place, _ world: World) -> Bool {
        !world.isHealed && strikes(place, world.plan.torment)
    }

    func strikes(_ place: Place, _ torment: Torment) -> Bool {
        let wanted: Int? =
            switch (torment, place) {
            case (.crash(let at), .tier), (.failStore(let at), .transaction), (.failCall(let at), .call),
                (.loseReply(let at), .callReply), (.loseAnswer(let at), .answer):
                at
            default: nil
            }
        guard let wanted else { return false }
        count += 1
        return count == wanted
    }
}
