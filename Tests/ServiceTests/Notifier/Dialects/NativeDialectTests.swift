import Testing

@testable import NotifierService

@Suite struct NativeDialectTests {
    @Test(arguments: [0, 1, 4, 7])
    func `Native: each event as it was published, byte by byte, with what this version does not know`(seen: Int) throws {
        var story = Story()
        story.accepted()
        story.submitted("sig1")
        story.add("confirmed", "confirmed", 100, "Order successfully executed", story.hashed("sig1") + #","ofALaterVersion":[1.50,{"a":null}]"#)
        let messages = try told(by: NativeDialect(), story, seen: seen)
        #expect(messages == story.texts.map { #"{"op":"event","event":\#($0)}"# })
    }
}
