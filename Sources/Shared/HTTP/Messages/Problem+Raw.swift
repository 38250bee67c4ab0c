extension Problem {
    /// The whole answer as text, with the headers of every answer, for a connection that the daemon does not write to.
    func wholeAnswer(id: String) -> String {
        let body = text
        var head = "HTTP/1.1 \(status) \(Self.title(status))\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
        for (name, value) in headers + HTTPResponse.usual(id: id) { head += "\(name): \(value)\r\n" }
        return head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
    }
}
