import Testing

@testable import Orders

@Suite struct StringFillingTests {
    @Test(arguments: [
        ("", ""), ("no place", "no place"), ("{id}", "X"), ("/a/{id}", "/a/X"), ("{id} é", "X é"), ("é {id} é", "é X é"), ("{{id}", "{X"),
        ("{i {id}", "{i X"), ("{id}{id}", "X{id}"), ("/a/{id", "/a/{id"),
    ])
    func `the first place is filled, and nothing else changes`(text: String, filled: String) { #expect(text.filling("{id}", with: "X") == filled) }
}
