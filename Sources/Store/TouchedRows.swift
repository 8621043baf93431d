/// Rows of `ClusterState` that have changed since somebody last asked: by this process or the other one.
package struct TouchedRows: Equatable, Sendable {
    /// Keys by the name of their table; of no meaning when `isAll`.
    package private(set) var keys: [String: Set<String>] = [:]
    /// Any row may have changed: the state was read whole.
    package private(set) var isAll: Bool
    private var count = 0

    /// More are not told apart: a plan over everything is then as cheap.
    static let keysMax = 1_000_000

    init(isAll: Bool = false) { self.isAll = isAll }

    mutating func all() {
        keys = [:]
        count = 0
        isAll = true
    }

    mutating func add(_ key: String, of table: String) {
        guard !isAll else { return }
        guard keys[table, default: []].insert(key).inserted else { return }
        count += 1
        if count > Self.keysMax { all() }
    }
}
