import HTTP
import Testing

struct MessageTests {
    @Test func `headers are found in any case, first and all, in order`() {
        var headers = HTTPHeaders()
        headers.append(name: "Accept", value: "a")
        headers.append(name: "X-Empty", value: "")
        headers.append(name: "ACCEPT", value: "b")
        #expect(headers["accept"] == "a")
        #expect(headers["x-empty"] == "")
        #expect(headers["x"] == nil)
        #expect(headers.all("Accept") == ["a", "b"])
        #expect(headers.fields.map(\.name) == ["accept", "x-empty", "accept"])
    }

    @Test(arguments: [
        ("keep-alive, Upgrade", true), ("UPGRADE", true), (" upgrade\t,x", true), ("upgraded", false), ("", false), ("up grade", false),
    ])
    func `a token is found among the values of a header`(_ value: String, _ expected: Bool) {
        var headers = HTTPHeaders()
        headers.append(name: "Connection", value: value)
        #expect(headers.contains(token: "upgrade", in: "connection") == expected)
    }

    @Test func `a problem escapes what it quotes and names every bad field`() {
        let problem = Problem(
            400, TestCode.badField, "Say \"x\"\n.", errors: [.init(field: "a\\b", message: "é\u{1}"), .init(field: "c", message: "d")])
        #expect(
            problem.text
                == #"{"type":"about:blank","title":"Bad Request","status":400,"success":false,"code":"BAD_FIELD","error":"Say \"x\"\n.","#
                + #""errors":[{"field":"a\\b","message":"é\u0001"},{"field":"c","message":"d"}]}"#)
    }
}
