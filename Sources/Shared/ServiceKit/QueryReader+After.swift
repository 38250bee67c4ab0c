public import HTTP
public import Orders

extension QueryReader {
    /// The parameter `after`: the seq up to which the client has seen the order's events; 0 if it is missing.
    ///
    /// - Parameter name: the parameter's name in the sentence of the refusal.
    public static func after(of request: HTTPRequest, called name: String) throws(Problem) -> Seq {
        var query = QueryReader(request)
        let range = "from 0 to \(Seq.max)"
        let after = query.read(
            "after", "is not a whole number \(range)", alone: "\(name) has to be the seq of an event, \(range)", readsEmpty: true
        ) { Seq(parsing: $0) }
        try query.check()
        return after ?? 0
    }
}
