import Model
import Store
import Testing

/// Lists are written and read element by element, and are the same texts and values as if they were not.
@Suite struct JSONListTests {
    private static let words = [
        "n1", "a,b", "[", "]}", "{\"", "back\\slash\\", "ü, \u{1F600}", "new\nline", "\\\"", "",
    ]

    @Test(arguments: [0, 1, 2, 10])
    func whatIsWrittenIsRead(count: Int) throws {
        let shared = try SharedMemory()
        let nodes = try Store.open(.shared(shared), role: .nodes)
        var row = placement(1)
        row.refusals = Self.words.prefix(count).map {
            Refusal(candidate: $0, code: .short, short: Resources(["CPU": 1_500, "memory": 7]))
        }
        try nodes.commit { try $0.put(row) }
        let texts = try nodes.query("SELECT refusals_json FROM placement").rows
        #expect(try texts == [[.text(StoreJSON.text(row.refusals))]])
        // Another process, with nothing in its memory.
        let serve = try Store.open(.shared(shared), role: .serve)
        #expect(try serve.state().placements[row.replica] == row)
    }

    @Test(arguments: [
        "", "{}", "[", "]", "[{]", "[{}]", "[1,]", "[\"a]", "[{\"candidate\":\"n\"}]", "[[]]", "[}{]",
    ])
    func whatIsNoListIsCorrupt(text: String) throws {
        let place = try Place()
        let nodes = try place.open(.nodes)
        let row = placement(1)
        try nodes.commit { try $0.put(row) }
        nodes.close()
        _ = try place.shell(
            "DROP TRIGGER guard_placement_update; DROP TRIGGER change_placement_update;"
                + " UPDATE placement SET refusals_json = '\(text)'")
        let serve = try place.open(.serve)
        let error = #expect(throws: StoreError.self) { try serve.state() }
        #expect(error.map { "\($0)".contains("refusals_json") } == true)
    }
}
