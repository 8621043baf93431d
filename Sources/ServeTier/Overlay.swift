/// Rows as a step leaves them: those of the state, which stay as they are, and what differs. Changing one row costs that
/// row, however many there are; a dictionary that the Store keeps too would be copied whole.
struct Overlay<Key: Hashable, Row> {
    private var base: [Key: Row]
    /// Nil within: removed.
    private var changed: [Key: Row?] = [:]

    init(_ base: [Key: Row]) { self.base = base }

    subscript(key: Key) -> Row? {
        get { changed[key] ?? base[key] }
        set { changed[key] = .some(newValue) }
    }

    /// Only what differs is still known: the Store can then change its own rows in place.
    mutating func letGo() { base = [:] }
}
