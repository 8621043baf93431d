/// Where a simulation makes a database in memory fail. What is thrown reaches the caller of the Store as if
/// SQLite had said it. Called on the thread of the tier, inside the write gate where it is about a
/// transaction: no call of a Store from in here.
package protocol StoreFaults: AnyObject, Sendable {
    /// Nothing has been read or written yet.
    func beforeTransaction(_ role: StoreRole) throws(StoreError)
    /// Everything is written, nothing is committed: what is thrown rolls it back.
    func beforeCommit(_ role: StoreRole) throws(StoreError)
    /// It is committed and stays so, though the caller hears of an error: the process must end then, as after
    /// a crash between the commit and its answer.
    func afterCommit(_ role: StoreRole) throws(StoreError)
    /// Before rows are read outside a transaction.
    func beforeRead(_ role: StoreRole) throws(StoreError)
}

extension StoreFaults {
    package func beforeTransaction(_ role: StoreRole) throws(StoreError) {}
    package func beforeCommit(_ role: StoreRole) throws(StoreError) {}
    package func afterCommit(_ role: StoreRole) throws(StoreError) {}
    package func beforeRead(_ role: StoreRole) throws(StoreError) {}
}
