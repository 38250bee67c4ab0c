import JSON
import Orders
import Testing

@Suite struct UserIDTests {
    private static let composed = "Jos\u{E9}"
    private static let decomposed = "Jose\u{301}"

    @Test func `Two Unicode forms of one name are two users`() throws {
        #expect(Self.composed == Self.decomposed, "Swift takes them for one text")
        let users = try [Self.composed, Self.decomposed, "K", "\u{212A}", "a", "a\u{200D}"].map { try #require(UserID($0)) }
        #expect(Set(users).count == users.count)
        for (index, user) in users.enumerated() { #expect(users.firstIndex(of: user) == index) }
        #expect(UserID(Self.composed) == UserID(stored: Self.composed))
    }

    @Test(arguments: [("", false), ("a", true), (String(repeating: "é", count: 255), true), (String(repeating: "a", count: 256), false)])
    func `A name from outside has 1 to 255 characters`(text: String, isName: Bool) { #expect((UserID(text) != nil) == isName) }

    @Test func `A name is written as it came`() {
        #expect(JSONWriter.value(UserID(stored: Self.decomposed)).utf8.elementsEqual("\"Jose\u{301}\"".utf8))
    }
}
