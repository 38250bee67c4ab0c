import JSON

/// The members of a request body by their meaning, under any name that the client used, and every mistake found in them.
struct RequestFields {
    let body: JSONValue
    let vocabulary: OrderVocabulary
    private(set) var errors: [FieldError] = []
    private(set) var warnings: [FieldError] = []
    /// Of the errors, those that are about the order as a whole: each field alone is all right.
    private(set) var termErrors = 0
    /// What comes before the names of fields in messages: `then.` for the order that follows.
    private let prefix: String

    init(_ body: JSONValue, _ vocabulary: OrderVocabulary, prefix: String = "") {
        self.body = body
        self.vocabulary = vocabulary
        self.prefix = prefix
    }

    /// A member and the name it was given under.
    struct Given {
        let name: String
        let value: JSONValue
    }

    /// Notes that a field is wrong; `problem` is the rest of a sentence that begins with its name.
    mutating func refuse(_ field: String, _ problem: String) {
        let name = prefix + field
        errors.append(FieldError(field: name, message: "\(name) \(problem)"))
    }

    /// The same where the field alone is all right, or is missing, and the order makes no sense with it.
    mutating func refuseTerm(_ field: String, _ problem: String) {
        refuse(field, problem)
        termErrors += 1
    }

    /// Takes over the mistakes of another object of the same request.
    mutating func add(_ other: RequestFields) {
        errors += other.errors
        warnings += other.warnings
        termErrors += other.termErrors
    }

    /// Why the request is refused; nil if there is no mistake.
    var refusal: RequestRefusal? {
        errors.isEmpty ? nil : RequestRefusal(errors: errors, code: termErrors == errors.count ? .badTerms : .badRequest)
    }

    /// Notes a warning: the client may not have meant this, but the order goes on.
    mutating func warn(_ field: String, _ remark: String) {
        warnings.append(FieldError(field: prefix + field, message: "\(prefix)\(field) \(remark)"))
    }

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
