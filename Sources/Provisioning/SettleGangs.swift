import Model
import Placement

extension ProvisioningStep {
    /// Gangs of which somebody is to stand on a node that is there. When that is so of all of a gang, and all these nodes are
    /// open, it goes there; else it waits whole for the nodes that are coming, and what it waits on is kept for it.
    mutating func settleGangs(_ shop: Shop, _ fleet: FleetPlan) {
        for gang in shop.gangs(fleet) {
            let rooms = gang.map { $0.node < shop.ground.rooms.count ? shop.ground.rooms[$0.node] : nil }
            guard rooms.contains(where: { $0 != nil }) else { continue }
            if rooms.allSatisfy({ $0?.state == .open }) {
                for (member, room) in zip(gang, rooms) {
                    if let room { assign(member, to: room) }
                }
                continue
            }
            let waitedFor =
                rooms.compactMap(\.self).first { $0.state != .open }?.node.rawValue
                ?? gang.lazy.compactMap { shop.typeName(fleet, node: $0.node) }.first
            for (member, room) in zip(gang, rooms) {
                guard let room, let waitedFor else { continue }
                servedMembers.insert(member.replica)
                plan.awaited.append(room.node)
                plan.promised.append(
                    Refused(
                        replica: member.replica, refusals: [Refusal(candidate: waitedFor, code: .coming)]))
            }
        }
    }

    private mutating func assign(_ member: Shop.Member, to room: Room) {
        servedMembers.insert(member.replica)
        plan.assigned.append(Assignment(replica: member.replica, node: room.node, slots: member.slots))
        plan.relaxations.append(
            Decision(
                .place, member.replica.rawValue, before: "pending", after: room.node.rawValue,
                rule: "gang_seated",
                reason:
                    "All of the gang of \(member.replica) has room on nodes that are there, this one on "
                    + "\(room.node) (\(room.type))."))
    }
}
