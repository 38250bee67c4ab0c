internal import CCrypto

extension HTTPResponse {
    /// This answer with a validator (RFC 9110, 8.8), or 304 without a body if the client has it already. For content that clients ask for repeatedly.
    ///
    /// The validator is weak, because a proxy may compress the body. Use it only for answers whose body does not depend on the client. Answers with a
    /// status other than 200 stay as they are.
    public func unlessKnown(to request: HTTPRequest) -> HTTPResponse {
        guard status == 200, stream == nil else { return self }
        let tag = Self.validator(of: body)
        let fields = [("ETag", tag), ("Cache-Control", "no-cache")]
        let known = (request.header("If-None-Match") ?? "").split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
        guard known.contains(where: { $0 == tag || $0 == tag.dropFirst(2) || $0 == "*" }) else {
            var answer = self
            answer.headers += fields
            return answer
        }
        return HTTPResponse(status: 304, headers: fields)
    }

    /// The length and the SHA-1 of the bytes.
    private static func validator(of body: [UInt8]) -> String {
        let digest = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CCRYPTO_SHA1_LENGTH) + 1) { digest in
            ccrypto_sha1(body, body.count, digest.baseAddress) ? String(cString: digest.baseAddress!) : ""
        }
        return #"W/"\#(String(body.count, radix: 36))-\#(digest)""#
    }
}
