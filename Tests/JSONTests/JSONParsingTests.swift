import JSON
import Testing

@Suite struct JSONParsingTests {
    @Test(
        arguments: [
            ("null", JSONValue.null), (" true ", .bool(true)), ("\t\r\n[]", .array([])), ("{}", .object([])),
            ("0", .number("0")), ("-0", .number("-0")), ("1.50", .number("1.50")), ("1E+3", .number("1E+3")), ("0e0", .number("0e0")),
            ("123456789012345678901234567890", .number("123456789012345678901234567890")),
            (#""""#, .string("")), (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{c}\n\r\t")),
            (#""\u0041\u00e9\u20AC\ud83d\ude00""#, .string("Aé€😀")), ("\"é€😀\u{7f}\"", .string("é€😀\u{7f}")), (#""\u0000""#, .string("\0")),
            ("[1, [2 ,{\"a\":null}]]", .array([.number("1"), .array([.number("2"), .object([JSONMember("a", .null)])])])),
            (
                #"{"b":1,"a":"x","é":2,"e\u0301":3}"#,
                .object([
                    JSONMember("b", .number("1")), JSONMember("a", .string("x")), JSONMember("é", .number("2")), JSONMember("e\u{301}", .number("3")),
                ])
            ),
        ])
    func `A text of RFC 8259 is accepted`(text: String, value: JSONValue) throws {
        #expect(try JSONValue.parse(text) == value)
    }

    @Test(
        arguments: [
            ("", JSONError.Code.unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("[1", .unexpectedEnd, 2), (#"{"a""#, .unexpectedEnd, 4),
            (#""abc"#, .unexpectedEnd, 4), (#""abc\"#, .unexpectedEnd, 5), ("tru", .unexpectedEnd, 3), ("-", .unexpectedEnd, 1),
            ("1.", .unexpectedEnd, 2), ("1e", .unexpectedEnd, 2), ("[1,]", .unexpectedByte, 3), (#"{"a":1,}"#, .unexpectedByte, 7),
            ("[,1]", .unexpectedByte, 1), ("{a:1}", .unexpectedByte, 1), ("{'a':1}", .unexpectedByte, 1), (#"{"a" 1}"#, .unexpectedByte, 5),
            ("[1 2]", .unexpectedByte, 3), ("[1}", .unexpectedByte, 2), ("// c\n1", .unexpectedByte, 0), ("/**/1", .unexpectedByte, 0),
            ("NaN", .unexpectedByte, 0), ("Infinity", .unexpectedByte, 0), ("+1", .unexpectedByte, 0), (".5", .unexpectedByte, 0),
            ("True", .unexpectedByte, 0), ("nul1", .unexpectedByte, 3), ("\0", .unexpectedByte, 0), ("[1\u{a0}]", .unexpectedByte, 2),
            ("01", .invalidNumber, 1), ("-01", .invalidNumber, 2), ("1.x", .invalidNumber, 2), ("1.e1", .invalidNumber, 2),
            ("1e+]", .invalidNumber, 3), ("-a", .invalidNumber, 1), ("0x1", .trailingData, 1), ("1 1", .trailingData, 2), ("{} x", .trailingData, 3),
            ("\"a\nb\"", .controlCharacter, 2), ("\"\u{1f}\"", .controlCharacter, 1), ("\"\0\"", .controlCharacter, 1),
            (#""\x""#, .invalidEscape, 1), (#""ab\u12g4""#, .invalidEscape, 3), (#""\u12""#, .invalidEscape, 1), (#""\'""#, .invalidEscape, 1),
            (#""\ud800""#, .loneSurrogate, 1), (#""\ud800x""#, .loneSurrogate, 1), (#""\ud800\ud800""#, .loneSurrogate, 1),
            (#""\udc00\ud800""#, .loneSurrogate, 1), (#""\ud800\n""#, .loneSurrogate, 1), ("\u{feff}1", .byteOrderMark, 0),
            (#"{"a":1,"b":2,"a":3}"#, .duplicateName, 13), (#"{"a":1,"\u0061":3}"#, .duplicateName, 7),
        ])
    func `Anything else is refused with its place`(text: String, code: JSONError.Code, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error?.code == code)
        #expect(error?.offset == offset)
        #expect(error?.message.hasSuffix("at byte \(offset).") == true)
    }

    @Test(
        arguments: [
            ([0x22, 0x61, 0xC3, 0x28, 0x22], 2), ([0x22, 0xC0, 0x80, 0x22], 1), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
            ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1), ([0x22, 0x5C, 0x6E, 0xFF, 0x22], 3), ([0x22, 0xE2, 0x82, 0x22], 1),
            ([0x22, 0x5C, 0x80, 0x22], 2),
        ] as [([UInt8], Int)])
    func `Bytes that are not UTF-8 are refused at the first of them`(bytes: [UInt8], offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
        #expect(error?.code == .invalidUTF8)
        #expect(error?.offset == offset)
    }

    @Test func `depth is limited where asked for`() throws {
        let deep = String(repeating: "[", count: 8) + String(repeating: "]", count: 8)
        #expect(throws: Never.self) { try JSONValue.parse(deep, maxDepth: 8) }
        #expect(throws: Never.self) { try JSONValue.parse("[[],[],{\"a\":[]}]", maxDepth: 3) }
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(deep, maxDepth: 7) }
        #expect(error?.code == .tooDeep)
        #expect(error?.offset == 7)
        #expect(throws: JSONError.self) { try JSONValue.parse(String(repeating: "[", count: 100_000)) }
    }

    @Test func `escaped NUL is refused where asked for`() {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(#"{"a":"x\u0000"}"#, refusesNUL: true) }
        #expect(error?.code == .nulCharacter)
        #expect(throws: JSONError.self) { try JSONValue.parse(#"{"\u0000":1}"#, refusesNUL: true) }
    }

    @Test func `a repeated name is found among many`() {
        let names = (0..<100).map { "\"n\($0)\":\($0)" }
        #expect(throws: Never.self) { try JSONValue.parse("{\(names.joined(separator: ","))}") }
        for repeated in [0, 15, 16, 17, 99] {
            let error = #expect(throws: JSONError.self) { try JSONValue.parse("{\(names.joined(separator: ",")),\"n\(repeated)\":0}") }
            #expect(error?.code == .duplicateName)
            #expect(error?.message.contains("\"n\(repeated)\"") == true)
        }
    }

    @Test func `accessors give only their own kind`() throws {
        let value = try JSONValue.parse(#"{"s":"x","i":-5,"f":1.0,"e":1e2,"big":9223372036854775808,"b":false,"n":null,"a":[1]}"#)
        #expect(value["s"]?.string == "x" && value["s"]?.integer == nil && value["s"]?.number == nil)
        #expect(value["i"]?.integer == -5 && value["i"]?.string == nil)
        #expect(value["f"]?.integer == nil && value["e"]?.integer == nil && value["big"]?.integer == nil)
        #expect(value["big"]?.number == "9223372036854775808")
        #expect(value["b"]?.bool == false && value["n"]?.isNull == true && value["a"]?.array?.count == 1)
        #expect(value["missing"] == nil && value.object?.count == 8 && value["a"]?["x"] == nil)
    }

    @Test(arguments: [("\u{212A}", "K"), ("e\u{301}", "\u{E9}"), ("a\u{323}\u{307}", "a\u{307}\u{323}")])
    func `A member is found by its bytes, not by a name that only looks the same`(name: String, other: String) throws {
        let value = try JSONValue.parse(#"{"\#(name)":1}"#)
        #expect(name == other)
        #expect(value[name] == .number("1"))
        #expect(value[other] == nil)
        #expect(try JSONValue.parse(#"{"\#(other)":1}"#)[name] == nil)
    }
}
