import JSON

/// The members of a request body by what they mean, whichever name the client used, and every mistake found in them.
struct RequestFields {
    private let body: JSONValue
    private(set) var errors: [FieldError] = []

    init(_ body: JSONValue) {
        self.body = body
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

    func has(_ name: String) -> Bool { body[name] != nil }

    /// The member of any of these names, the first of which is its own; JSON's `null` counts as not given.
    ///
    /// Two names for one field are the same key given twice. A required field that is missing is reported under the name the client used for it, or
    /// under its own.
    mutating func take(_ names: String..., isRequired: Bool = false) -> Given? {
        let given = names.compactMap { name in body[name].map { Given(name: name, value: $0) } }
        for other in given.dropFirst() { refuse(other.name, "is another name of \(given[0].name): give only one of them") }
        if let member = given.first(where: { !$0.value.isNull }) { return member }
        if isRequired { refuse(given.first?.name ?? names[0], "is required") }
        return nil
    }
}
