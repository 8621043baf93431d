/// The order of what one peer says over several connections: a report may arrive behind a later one. Taken as the
/// newest it would undo what the later one said; a proxy that once had no route of a deployment would seem to have let
/// go of its replicas.
package enum Overtaking {
    /// A clock that seems to have gone back by more than this was started anew with its machine.
    package static let spanMax = Millis(60_000)

    /// - Parameters:
    ///   - sent: when a report was written, on the boot clock of the machine of its sender.
    ///   - last: the same of the latest report that was heard.
    /// - Returns: whether the later report has been heard already. Peers that say no times are never overtaken.
    package static func has(_ sent: Millis?, _ last: Millis?) -> Bool {
        guard let sent, let last else { return false }
        return sent < last && last - sent <= spanMax
    }
}
