internal import HTTP
internal import JSON
internal import Orders

/// A venue's JSON, read leniently: unknown members are ignored, and a number may be written `25`, `25.0` or `"25"`. A member that contradicts the
/// request or has the wrong type is refused with VENUE_UNAVAILABLE and a sentence that names it. A member that is only shown, such as a fee, is
/// ignored instead.
struct VenueReply {
    let dex: String
    let value: JSONValue

    init(_ response: HTTPClientResponse, dex: String) throws(NoQuote) {
        self.dex = dex
        if let encoding = Self.encoding(response) { throw .unusable(dex, "answered in the encoding \(encoding), which it was not asked for") }
        let body = response.body.starts(with: Self.byteOrderMark) ? Array(response.body.dropFirst(Self.byteOrderMark.count)) : response.body
        // Jupiter's errors come as JSON with 4xx. Other pages with such a status are usually no JSON.
        guard let value = try? JSONValue.parse(body), value.object != nil else {
            if Self.judging.contains(response.status) { throw Self.refused(dex, nil, status: response.status) }
            throw .unusable(
                dex, (200..<300).contains(response.status) ? "answered with what is no JSON object" : "answered with status \(response.status)")
        }
        self.value = value
    }

    /// Statuses that say that the request is wrong, whatever the body says.
    private static let judging: Set = [400, 422]
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The encoding of the body; nil if it is not encoded.
    private static func encoding(_ response: HTTPClientResponse) -> String? {
        guard let text = response.header("content-encoding")?.lowercased(), !["", "identity"].contains(text) else { return nil }
        let isPlain = text.utf8.count <= 32 && text.utf8.allSatisfy { 0x21...0x7E ~= $0 }
        return isPlain ? text : "with an odd name"
    }

    private init(dex: String, value: JSONValue) {
        self.dex = dex
        self.value = value
    }

    /// The error for an answer that cannot be used; `reason` continues the venue's name.
    func unusable(_ reason: String) -> NoQuote { .unusable(dex, reason) }

    /// Whether a member is there and not null.
    func has(_ name: String) -> Bool { value[name].map { !$0.isNull } ?? false }

    /// A member that is an object.
    func object(_ name: String) throws(NoQuote) -> VenueReply {
        guard let member = value[name], member.object != nil else { throw missing(name) }
        return VenueReply(dex: dex, value: member)
    }

    /// A member that is a list of 1 to 16 objects.
    func objects(_ name: String) throws(NoQuote) -> [VenueReply] {
        guard let list = value[name]?.array, 1...16 ~= list.count, list.allSatisfy({ $0.object != nil }) else { throw missing(name) }
        return list.map { VenueReply(dex: dex, value: $0) }
    }

    /// A member that is an amount in base units, exact.
    func units(_ name: String) throws(NoQuote) -> BaseUnits {
        guard let units = try optionalUnits(name) else { throw missing(name) }
        return units
    }

    /// As ``units(_:)``, but nil if the member is missing or null.
    func optionalUnits(_ name: String) throws(NoQuote) -> BaseUnits? {
        switch value[name] {
        case nil, .null: return nil
        case .string(let text):
            if !text.isEmpty, let units = BaseUnits(units: text) { return units }
        case .number(let text):
            let isFraction = text.contains(".") && text.utf8.allSatisfy { $0 | 0x20 != UInt8(ascii: "e") }
            let whole = isFraction ? String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed()) : text
            do throws(AmountError) { return try BaseUnits(decimal: whole, decimals: 0) } catch { if error == .zero { return BaseUnits(0) } }
        default: break
        }
        throw missing(name)
    }

    /// An amount that is only shown: nil also if it is of another type.
    func remark(_ name: String) -> BaseUnits? { do { return try optionalUnits(name) } catch { return nil } }

    /// A member that is text.
    func text(_ name: String) throws(NoQuote) -> String {
        guard let text = value[name]?.string else { throw missing(name) }
        return text
    }

    /// Refuses an answer in which a member differs from the request.
    func expect(_ name: String, _ text: String) throws(NoQuote) {
        guard try self.text(name) == text else { throw unusable("answered for another \(name) than asked") }
    }

    /// As ``expect(_:_:)``, for an amount.
    func expect(_ name: String, _ units: BaseUnits) throws(NoQuote) {
        guard try self.units(name) == units else { throw unusable("answered for another \(name) than asked") }
    }

    /// As ``expect(_:_:)``, if the member is there.
    func expectIfPresent(_ name: String, _ text: String) throws(NoQuote) { if has(name) { try expect(name, text) } }

    /// As ``expect(_:_:)``, if the member is there.
    func expectIfPresent(_ name: String, _ units: BaseUnits) throws(NoQuote) {
        guard let given = try optionalUnits(name) else { return }
        guard given == units else { throw unusable("answered for another \(name) than asked") }
    }

    /// A member in per cent as the venue gives it, cut to the 4 decimals of events; 0 if it is missing, negative or written with an exponent.
    func percent(_ name: String) -> String {
        let text = value[name]?.number ?? value[name]?.string ?? ""
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isPlain = !text.isEmpty && text.utf8.count <= 40 && parts.allSatisfy { $0.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } }
        guard isPlain, let whole = UInt64(parts[0]) else { return "0.0000" }
        let fraction = (parts.count == 2 ? parts[1] : "").prefix(4)
        return "\(whole)." + fraction + String(repeating: "0", count: 4 - fraction.utf8.count)
    }

    /// A short word of the venue, such as an error code, safe to show; nil for anything else.
    func word(_ name: String) -> String? {
        guard let text = value[name]?.string, 1...64 ~= text.utf8.count else { return nil }
        let isPlain = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & ~0x20)
                || byte == UInt8(ascii: "_")
        }
        return isPlain ? text : nil
    }

    /// The error for a venue that says why it has no quote. It judges the request, unless the status says that nobody looked at the request.
    func refusal(_ reason: String?, status: Int, noRoute: Set<String>) -> NoQuote {
        if let reason, noRoute.contains(reason) { return .judged(.noRoute, dex, "has no route for this token pair") }
        let isLookedAt = (200..<300).contains(status) || Self.judging.contains(status) || (reason != nil && (400..<500).contains(status))
        guard isLookedAt, status != 408 else { return unusable("answered with status \(status)") }
        return Self.refused(dex, reason, status: status)
    }

    private static func refused(_ dex: String, _ reason: String?, status: Int) -> NoQuote {
        let why = reason.map { " (\($0))" } ?? " without a reason that can be shown" + (status == 200 ? "" : " (status \(status))")
        return .judged(.quoteRefused, dex, "refused the request" + why)
    }

    /// The error for a member that is missing or of the wrong type.
    func missing(_ name: String) -> NoQuote { unusable("answered with \(name) missing or of the wrong type") }
}
