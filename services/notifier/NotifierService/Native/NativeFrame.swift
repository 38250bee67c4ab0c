internal import JSON
internal import Orders

/// A request of a client of `/v1/stream`: one JSON object per text frame.
enum NativeFrame: Equatable {
    /// Subscribes to the events of an order after the event `after`.
    case subscribeOrder(OrderID, after: Seq)
    /// Subscribes to the events of all orders of a user, with orders that ended at `since` (Unix ms) or later.
    case subscribeUser(UserID, since: UInt64?)
    /// Ends the subscription of an order.
    case unsubscribeOrder(OrderID)
    /// Ends the subscription of a user.
    case unsubscribeUser(UserID)
    /// Tells the caller's API key.
    case authenticate(key: String)
    /// A sign of life. The answer repeats `id`, the JSON text of a number or a text.
    case ping(id: String?)

    /// Reads a frame. Ignores unknown keys, and treats `null` like a missing key. Throws the error frame that says what is wrong.
    init(parsing text: String) throws(NativeError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue.parse(text, maxDepth: 8, refusesNUL: true)
        } catch {
            throw .badRequest("The frame is no JSON: \(error)")
        }
        guard json.object != nil else { throw .badRequest("A frame has to be a JSON object with the key op.") }
        switch json["op"]?.string {
        case "subscribe": self = try Self.subscription(json)
        case "unsubscribe": self = try Self.unsubscription(json)
        case "auth":
            guard let key = json["key"]?.string else { throw .badRequest("key has to be a text: the API key.") }
            self = .authenticate(key: key)
        case "ping": self = .ping(id: try Self.pingID(json.given("id")))
        default: throw .badRequest("op has to be auth, subscribe, unsubscribe or ping.")
        }
    }

    private static func subscription(_ json: JSONValue) throws(NativeError) -> NativeFrame {
        switch try NativeSubject(json) {
        case .order(let id):
            guard json.given("since") == nil else { throw .badRequest("since belongs to a userId: with an orderId give after.", .order(id)) }
            guard let after = json.given("after") else { return .subscribeOrder(id, after: 0) }
            guard let seq = after.integer.flatMap({ Int(exactly: $0) }).flatMap({ Seq(exactly: $0) }) else {
                throw .badRequest("after has to be a whole number from 0 to \(Seq.max): the seq of the last event that was seen.", .order(id))
            }
            return .subscribeOrder(id, after: seq)
        case .user(let user):
            guard json.given("after") == nil else { throw .badRequest("after belongs to an orderId: with a userId give since.", .user(user)) }
            guard let since = json.given("since") else { return .subscribeUser(user, since: nil) }
            guard let time = since.string.flatMap({ Timestamp.parse($0) }).flatMap({ UInt64(exactly: $0) }) else {
                throw .badRequest("since has to be a time with a zone, such as 2026-01-10T07:30:17.789Z.", .user(user))
            }
            return .subscribeUser(user, since: time)
        }
    }

    private static func unsubscription(_ json: JSONValue) throws(NativeError) -> NativeFrame {
        switch try NativeSubject(json) {
        case .order(let id): .unsubscribeOrder(id)
        case .user(let user): .unsubscribeUser(user)
        }
    }

    private static func pingID(_ id: JSONValue?) throws(NativeError) -> String? {
        switch id {
        case nil: nil
        case .number, .string: id?.serialized
        default: throw .badRequest("id has to be a number or a text.")
        }
    }
}

/// The order or user of a subscription.
enum NativeSubject: Equatable {
    case order(OrderID)
    case user(UserID)

    /// Reads the subject. A frame must name exactly one of the two.
    fileprivate init(_ json: JSONValue) throws(NativeError) {
        switch (json.given("orderId"), json.given("userId")) {
        case (let given?, nil):
            guard let id = given.string.flatMap({ OrderID(parsing: $0) }) else { throw .badRequest("orderId has to be a UUID.") }
            self = .order(id)
        case (nil, let given?):
            guard let user = given.string.flatMap({ UserID($0) }) else { throw .badRequest("userId has to be a text of 1 to 255 characters.") }
            self = .user(user)
        default: throw .badRequest("Name either orderId or userId.")
        }
    }

    /// Writes the key and the id of the subject.
    func write(to writer: inout JSONWriter) {
        switch self {
        case .order(let id): writer.field("orderId", id)
        case .user(let user): writer.field("userId", user)
        }
    }
}
