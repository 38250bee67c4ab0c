import JSON

/// The members of a request body by what they mean, whichever name the client used, and every mistake found in them.
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
    mutating func refuse(_ field: String, _ problem: String) {
        errors.append(FieldError(field: field, message: "\(field) \(problem)"))
    }

    /// Notes what the client may not have meant, though the order goes on.
    mutating func warn(_ field: String, _ remark: String) {
        warnings.append(FieldError(field: field, message: "\(field) \(remark)"))
    }

    /// Whether a member is there and says something.
    func has(_ name: String) -> Bool { body.given(name) != nil }

    /// A member under any of its names; JSON's `null` counts as not given.
    ///
    /// Two names for one field are the same key given twice. A required field that is missing is reported under the name the client used for it, or
    /// under its own.
    mutating func take(_ member: OrderMember, isRequired: Bool = false) -> Given? {
        let names = vocabulary.names(of: member)
        let given = names.compactMap { name in body.given(name).map { Given(name: name, value: $0) } }
        for other in given.dropFirst() { refuse(other.name, "is another name of \(given[0].name): give only one of them") }
        if given.isEmpty, isRequired { refuse(names.first { body[$0] != nil } ?? names[0], "is required") }
        return given.first
    }
}
