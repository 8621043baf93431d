import Routing
import Testing

@Suite struct HeadTests {
    static let canonical: [(String, String)] = [
        ("/", "/"), ("/a/b", "/a/b"), ("/a?x=1&y=%zz", "/a?x=1&y=%zz"), ("/%61%2d%7E", "/a-~"),
        ("/a%2fb", "/a%2Fb"), ("/a%2Fb", "/a%2Fb"), ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/a/b/..", "/a/"),
        ("/a/%2e%2E/b", "/b"), ("/.", "/"), ("//a", "//a"), ("/a//b", "/a//b"),
        ("/..a/.b/c..", "/..a/.b/c.."),
        ("http://host", "/"), ("HTTP://host:80/a/b?c", "/a/b?c"), ("http://host?c", "/?c"), ("*", "*"),
        ("/a%20b%3F", "/a%20b%3F"), ("/%25", "/%25"),
    ]

    @Test(arguments: canonical) func targetsBecomeCanonical(raw: String, expected: String) throws {
        #expect(try CanonicalTarget(raw).text == expected)
        #expect(try CanonicalTarget(expected).text == expected, "canonical is its own canonical form")
    }

    @Test(arguments: [
        "/..", "/../a", "/a/../../b", "/%2e%2e/a", "/a%00b", "/%", "/%4", "/%g1", "a/b", "", "/a#b", "/a b",
        "/ä",
        "ftp://host/", "http://", "http:///a", "http://user@host/a", "example.com:443",
    ]) func hostileTargetsAreRefused(raw: String) {
        #expect { try CanonicalTarget(raw) } throws: { ($0 as? HeadRefusal)?.status == 400 }
    }

    @Test func absoluteFormNamesTheHost() throws {
        #expect(try CanonicalTarget("http://a.b:8080/x").authority == "a.b:8080")
        #expect(try CanonicalTarget("/x").authority == nil)
    }

    static func head(
        _ fields: [(String, String)], method: String = "POST", target: String = "/", minor: Int = 1
    ) throws(HeadRefusal) -> RequestHead {
        try RequestHead(
            method: method, target: target, minorVersion: minor,
            headers: [HeaderField("Host", "h")] + fields.map { HeaderField($0.0, $0.1) })
    }

    static let framings: [([(String, String)], Int, RequestHead.Framing?, Int)] = [
        ([], 1, RequestHead.Framing.none, 0),
        ([("Content-Length", "0")], 1, RequestHead.Framing.none, 0),
        ([("content-length", "17")], 1, .length(17), 0),
        ([("Transfer-Encoding", "Chunked")], 1, .chunked, 0),
        ([("Content-Length", "17"), ("Content-Length", "17")], 1, nil, 400),
        ([("Content-Length", "1"), ("Transfer-Encoding", "chunked")], 1, nil, 400),
        ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], 1, nil, 400),
        ([("Transfer-Encoding", "gzip, chunked")], 1, nil, 501),
        ([("Transfer-Encoding", "chunked")], 0, nil, 400),
        ([("Content-Length", "+1")], 1, nil, 400), ([("Content-Length", "-1")], 1, nil, 400),
        ([("Content-Length", "1, 1")], 1, nil, 400), ([("Content-Length", "")], 1, nil, 400),
        ([("Content-Length", "99999999999999999999")], 1, nil, 400),
        ([("Expect", "100-continue"), ("Content-Length", "3")], 1, .length(3), 0),
        ([("Expect", "a miracle")], 1, nil, 417),
        ([("host", "other")], 1, nil, 400),
    ]

    @Test(arguments: framings)
    func framingIsReadOneWayOrNotAtAll(
        fields: [(String, String)], minor: Int, expected: RequestHead.Framing?, status: Int
    ) {
        do throws(HeadRefusal) {
            let head = try Self.head(fields, minor: minor)
            #expect(head.framing == expected)
        } catch {
            #expect(expected == nil && error.status == status, "\(error)")
        }
    }

    @Test func limitsHoldAtTheirEdges() throws {
        let path = "/" + String(repeating: "a", count: HeadLimits.targetBytesMax - 1)
        #expect(try Self.head([], target: path).target.path == path)
        #expect { try Self.head([], target: path + "a") } throws: { ($0 as? HeadRefusal)?.status == 414 }
        let fields = Array(repeating: ("a", "b"), count: HeadLimits.fieldsMax - 1)
        #expect(try Self.head(fields).headers.count == HeadLimits.fieldsMax)
        #expect { try Self.head(fields + [("a", "b")]) } throws: { ($0 as? HeadRefusal)?.status == 431 }
        let long = String(repeating: "v", count: HeadLimits.fieldBytesMax - 1)
        #expect(try Self.head([("a", long)]).headers.count == 2)
        #expect { try Self.head([("a", long + "v")]) } throws: { ($0 as? HeadRefusal)?.status == 431 }
        #expect { try Self.head(Array(repeating: ("a", long), count: 5)) } throws: {
            ($0 as? HeadRefusal)?.status == 431
        }
    }

    @Test(
        arguments: [
            (1, [], true), (1, ["close"], false), (1, ["Keep-Alive, Close"], false), (0, [], false),
            (0, ["keep-alive"], true), (1, ["x", "close"], false),
        ] as [(Int, [String], Bool)])
    func keepAliveFollowsVersionAndConnection(minor: Int, values: [String], expected: Bool) throws {
        #expect(try Self.head(values.map { ("Connection", $0) }, minor: minor).keepAlive == expected)
    }

    @Test func hopByHopFieldsStayHere() {
        let fields = [
            HeaderField("Connection", "close, X-Secret , Content-Length"), HeaderField("x-secret", "1"),
            HeaderField("Keep-Alive", "5"), HeaderField("TE", "trailers"), HeaderField("Upgrade", "h2c"),
            HeaderField("Content-Length", "3"), HeaderField("Accept", "*/*"), HeaderField("X-Mine", "2"),
        ]
        let names = Headers.forwarded(fields, without: ["x-mine"]).map(\.name)
        #expect(names == ["Content-Length", "Accept"])
    }

    @Test(arguments: [
        ("a", true), ("", false), (String(repeating: "x", count: 128), true),
        (String(repeating: "x", count: 129), false), ("a b", false), ("a\n", false), ("ä", false),
        ("~!", true),
    ]) func requestIdsAreSane(id: String, sane: Bool) {
        #expect(RequestID.isSane(id) == sane)
    }

    @Test func madeRequestIdsAreSaneAndDiffer() {
        var dice = SystemRandomNumberGenerator()
        let ids = Set((0..<100).map { _ in RequestID.make(using: &dice) })
        #expect(ids.count == 100)
        #expect(ids.allSatisfy { RequestID.isSane($0) && $0.utf8.count == 32 })
    }
}
