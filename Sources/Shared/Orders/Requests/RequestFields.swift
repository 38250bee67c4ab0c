import JSON

/// The members of a request body by their meaning, under any name that the client used, and every mistake found in them.
struct RequestFields {
    let body: JSONValue
    let vocabulary: OrderVocabulary
    private(set) var errors: [FieldError] = []
    private(set) var warnings: [FieldError] = []

    init(_ body: JSONValue, _ vocabulary: OrderVocabulary) {
        self.body = body
        self.vocabulary = vocabulary
    }

    /// A member and the name it was given under.
    struct Given {
        let name: String
        let value: JSONValue
    }

    /// Notes that a field is wrong; `problem` is the rest of a sentence that begins with its name.
    mutating func refuse(_ field: String, _ problem: String) { errors.append(FieldError(field: field, message: "\(field) \(problem)")) }

    /// Notes a warning: the client may not have meant this, but the order goes on.
    mutating func warn(_ field: String, _ remark: String) { warnings.append(FieldError(field: field, message: "\(field) \(remark)")) }

    /// Whether a member is given with a value other than null.
    func has(_ name: String) -> Bool { body.given(name) != nil }

    /// A member under any of its names; JSON's `null` counts as not given.
    ///
    /// A member that is given under two names is a mistake. A required member that is missing is reported under the name that the client used for it,
    /// or under the engine's own name.
    mutating func take(_ member: OrderMember, isRequired: Bool = false) -> Given? {
        let names = vocabulary.names(of: member)
        let given = names.compactMap { name in body.given(name).map { Given(name: name, value: $0) } }
        for other in given.dropFirst() { refuse(other.name, "is another name of \(given[0].name): give only one of them") }
        if given.isEmpty, isRequired { refuse(names.first { body[$0] != nil } ?? names[0], "is required") }
        return given.first
    }
}
