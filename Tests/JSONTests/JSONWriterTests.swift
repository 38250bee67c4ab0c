import JSON
import Testing

@Suite struct JSONWriterTests {
    @Test func `an object is written without spaces in order`() {
        let text = JSONWriter.object {
            $0.field("a", 1)
            $0.field("b", "x\"y")
            $0.field("c", ifPresent: Optional<String>.none)
            $0.field("d", orNull: Optional<Int>.none)
            $0.field("e", orNull: true)
            $0.number("f", "145.48")
            $0.object("g") { $0.field("h", UInt64.max) }
            $0.object("i") { _ in }
            $0.array("j") {
                $0.object { $0.field("k", Int64.min) }
                $0.value(integer: 10)
                $0.array { _ in }
            }
            $0.raw("l", #"{"m":[]}"#)
            $0.field("n", ["x", "y"])
        }
        #expect(
            text
                == #"{"a":1,"b":"x\"y","d":null,"e":true,"f":145.48,"g":{"h":18446744073709551615},"i":{},"#
                + #""j":[{"k":-9223372036854775808},10,[]],"l":{"m":[]},"n":["x","y"]}"#)
    }

    @Test func `members are a fragment that splices into an object`() {
        let fragment = JSONWriter.members {
            $0.field("a", 1)
            $0.field("b", "x")
        }
        #expect(fragment == #""a":1,"b":"x""#)
        let text = JSONWriter.object {
            $0.field("z", 0)
            $0.splice(JSONWriter.members { _ in })
            $0.splice(fragment)
            $0.field("y", 9)
        }
        #expect(text == #"{"z":0,"a":1,"b":"x","y":9}"#)
    }

    @Test(
        arguments: [
            ("", #""""#), ("plain", #""plain""#), ("\"\\/", #""\"\\/""#), ("\u{8}\t\n\u{c}\r", #""\b\t\n\f\r""#),
            ("\0\u{1}\u{10}\u{1f}", #""\u0000\u0001\u0010\u001f""#), ("é€😀\u{7f}\u{2028}", "\"é€😀\u{7f}\u{2028}\""), ("a\nb", #""a\nb""#),
        ])
    func `A string is escaped only where it must be`(string: String, text: String) throws {
        #expect(JSONWriter.value(string) == text)
        #expect(try JSONValue.parse(text) == .string(string))
    }
}
