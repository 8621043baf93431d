import Model
import ServeTier
import Store
import Testing
import TwoTiers

/// Where a serve file wants to be reached, beside where the proxies listen.
@Suite struct HTTPOptionsTests {
    @Test(arguments: [
        (HTTPOptions(host: "127.0.0.1", port: 8000), true), (HTTPOptions(host: "localhost"), true),
        (HTTPOptions(port: 8000), true), (HTTPOptions(), true), (HTTPOptions(port: 8001), false),
        (HTTPOptions(host: "0.0.0.0", port: 8000), false), (HTTPOptions(host: "::1", port: 8000), false),
    ])
    func anAddressIsComparedByItsParts(options: HTTPOptions, isMet: Bool) {
        let words = options.difference(from: ["10.0.0.7:8000", "127.0.0.1:8000"])
        #expect((words == nil) == isMet, "\(words ?? "")")
        #expect(options.difference(from: []) == nil, "there is nobody yet who could listen elsewhere")
    }

    @Test func bracketsAndWildcardsAreTheSameHost() {
        #expect(HTTPOptions(host: "::1", port: 80).difference(from: ["[::1]:80"]) == nil)
        #expect(HTTPOptions(host: "0.0.0.0", port: 80).difference(from: ["[::]:80"]) == nil)
    }

    @Test func aDifferenceIsToldAndNothingMoves() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try await world.run(.seconds(2))
        let address = try #require(try world.state().proxies["p1"]).address
        let wish = HTTPOptions(host: "10.1.2.3", port: 8001)
        try world.apply([.of(.named("chat", .fixed(1)))], http: wish)
        try await world.run(.seconds(10))
        #expect(try world.state().proxies["p1"]?.address == address)
        world.killServe()
        try world.openServe()
        #expect(try world.state().httpWish?.options == wish, "the status asks the state")
        let words = try #require(try world.serve?.difference(from: wish))
        #expect(words.contains("10.1.2.3, port 8001") && words.contains(address))
        try world.apply([.of(.named("chat", .fixed(1)))])
        #expect(try world.state().httpWish == nil, "a file that says nothing takes it back")
        #expect(world.violations == [])
    }
}
