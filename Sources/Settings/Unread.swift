/// A key that Ray knows and this version does not act upon. It is never passed over in silence: what it asks for is
/// checked as Ray checks it, and then said not to be done.
struct Unread: Sendable {
    var key: String
    /// Why, and what to do instead.
    var sentence: String
    /// Values that ask for nothing, besides null, `{}` and `[]`: Ray's default, or what is done anyway.
    var harmless: Set<String> = []
    /// Only say so; without it the file is refused.
    var onlyWarns = false
    /// Of a mapping, each of its keys, answered one by one; empty: answered as a whole.
    var fields: [Unread] = []
    /// What a value must be, as Ray has it: reading it says what is wrong.
    var check: (@Sendable (Field) -> Void)?

    /// - Parameters:
    ///   - place: of the key.
    ///   - whereabouts: for messages: ` in applications[0]`.
    func report(_ field: Field, at place: Place, of key: String, in whereabouts: String) {
        guard !field.isEmptyOrNull else { return }
        guard fields.isEmpty else {
            field.section?.check(known: [], unread: fields)
            return
        }
        if let word = field.word, harmless.contains(word) { return }
        let mistakes = field.findings.count
        check?(field)
        guard field.findings.count == mistakes else { return }
        let what = "\(key)\(whereabouts) is not read by this version"
        if onlyWarns {
            field.findings.warn(place, what, field.summary, sentence)
        } else {
            field.findings.refuse(place, what, field.summary, sentence)
        }
    }
}
