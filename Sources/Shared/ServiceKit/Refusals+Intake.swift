public import HTTP
public import Orders
public import Pipeline

/// The refusals of a request that is not let in, or whose order is not taken in.
extension Problem {
    /// The request has no valid key or token.
    ///
    /// - Parameter reason: what is wrong or to do, as a sentence without its end.
    static func unauthenticated(_ reason: String) -> Problem {
        Problem(401, Code.unauthenticated, reason, headers: [("WWW-Authenticate", "Bearer")])
    }

    /// The key does not allow it.
    ///
    /// - Parameter scope: the scope that would.
    static func forbidden(needs scope: String) -> Problem {
        Problem(403, Code.forbidden, "This API key does not allow that: it needs the scope \(scope)")
    }

    /// The caller sends too many requests.
    ///
    /// - Parameters:
    ///   - kind: what was counted: `orders`.
    ///   - rate: how many of them a second are allowed.
    static func tooManyRequests(_ kind: String, rate: Int, retryAfter seconds: Int, headers: [(String, String)]) -> Problem {
        Problem(
            429, Code.tooManyRequests, "One caller may send \(rate) \(kind) a second; try again in \(seconds) s", headers: headers,
            retryAfter: seconds)
    }

    /// The order is for a user for whom the key may not speak.
    public static var foreignUser: Problem {
        Problem(
            403, Code.forbidden, "This API key may not place orders for that user; leave userId out, or use the key of the user",
            errors: [BadField(field: "userId", message: "is not the user of this key")])
    }

    /// The request names the engine by a name that it does not have.
    static var hostNotAllowed: Problem {
        Problem(
            421, Code.hostNotAllowed, "The engine is not known by the host name of this request; its operator can list the name in ALLOWED_HOSTS")
    }

    /// What is posted is not said to be JSON.
    public static var notJSON: Problem {
        Problem(415, HTTPCode.unsupportedMediaType, "Send JSON, with the header Content-Type: application/json")
    }

    /// The request is not a valid order or quote.
    public init(_ refusal: RequestRefusal) {
        let status = [.badTerms, .triggerReached].contains(refusal.code) ? 422 : 400
        self.init(status, refusal.code, refusal.error, errors: refusal.errors.map { BadField(field: $0.field, message: $0.message) })
    }

    /// The idempotency key was used for another order.
    public static var idempotencyConflict: Problem {
        Problem(422, Code.idempotencyConflict, "This Idempotency-Key was used for another order; use a new key for a new order")
    }

    /// The user has as many open orders as it may have.
    static func tooManyOpenOrders(_ most: Int) -> Problem {
        Problem(422, Code.limitExceeded, "One user may have \(most) open orders at once; wait until one has ended, or cancel one")
    }

    /// The user has placed as many orders within a minute as it may.
    static func tooManyRecentOrders(_ most: Int, retryAfter seconds: Int) -> Problem {
        Problem(422, Code.limitExceeded, "One user may place \(most) orders a minute; try again in \(seconds) s", retryAfter: seconds)
    }

    /// The order sells too much.
    ///
    /// - Parameters:
    ///   - most: what it may sell at most, `100 SOL`.
    ///   - field: the member that says too much.
    public static func orderTooLarge(_ most: String, field: String = "amount") -> Problem {
        Problem(
            422, Code.limitExceeded, "One order may sell at most \(most); place a smaller order",
            errors: [BadField(field: field, message: "must be at most \(most)")])
    }

    /// An order that follows another one would sell all that comes in, and an order may sell only so much.
    ///
    /// - Parameter most: what one order may sell at most, `100 SOL`.
    public static func followerWithoutAmount(_ most: String, field: String) -> Problem {
        Problem(
            422, Code.limitExceeded, "Give the following order an amount: one order may sell at most \(most), and more than that might come in",
            errors: [BadField(field: field, message: "is required, and must be at most \(most)")])
    }

    /// The operator's limits name no amount of the token that the order sells.
    public static func notSold(_ symbol: String, field: String = "tokenIn") -> Problem {
        Problem(
            422, Code.limitExceeded, "No order may sell \(symbol) here; sell another token",
            errors: [BadField(field: field, message: "may not be sold")])
    }

    /// The order would exceed a limit of its account.
    public static func limitExceeded(_ limit: ExceededLimit) -> Problem {
        switch limit {
        case .openOrders(let most): .tooManyOpenOrders(most)
        case .ordersPerMinute(let most, let wait): .tooManyRecentOrders(most, retryAfter: max(1, Int((wait + 999) / 1000)))
        }
    }

    /// An operator has paused the engine.
    ///
    /// - Parameter reason: the operator's reason; empty for none.
    public static func paused(_ reason: String) -> Problem {
        let why = reason.isEmpty ? "" : " (\(reason))"
        return Problem(503, Code.paused, "The engine takes no new orders for now\(why); those it has go on. Try again later", retryAfter: 30)
    }

    /// The largest allowed number of orders waits for a router.
    public static func tooManyOrdersWaiting(_ count: Int) -> Problem {
        overloaded("The engine has \(count) orders waiting, which is its limit; try again in a few seconds")
    }

    /// The largest allowed number of events waits for Postgres.
    public static func tooManyEventsUnstored(_ count: Int) -> Problem {
        overloaded("The engine has \(count) events that are not in its database yet, which is its limit; try again in half a minute", retryAfter: 30)
    }

    /// The oldest order waits for longer than allowed.
    public static var waitTooLong: Problem { overloaded("Orders wait longer than the engine allows; try again in a few seconds") }

    /// More orders come in than the workers take.
    public static var moreThanWorkersTake: Problem {
        overloaded("More orders come in than the engine can work on; try again in a second", retryAfter: 1)
    }

    /// The rest of Redis' memory is for the orders inside.
    public static var memoryNearlyFull: Problem { overloaded("The engine's memory is nearly full; try again in a few seconds") }

    /// Redis has refused an order because its memory is full.
    public static var memoryFull: Problem { overloaded("The engine's memory is full; try again in a few seconds") }

    private static func overloaded(_ sentence: String, retryAfter: Int = 5) -> Problem {
        Problem(503, Code.overloaded, sentence, retryAfter: retryAfter)
    }

    /// Nothing can be written, for a reason that the client need not know.
    public static var cannotTakeOrders: Problem {
        Problem(503, Code.unavailable, "The engine cannot take orders at the moment; try again in a few seconds", retryAfter: 2)
    }

    /// Redis can be reached, but this process could not prepare what it needs there.
    public static func cannotTakeOrdersYet(_ trouble: String) -> Problem {
        Problem(503, Code.redisNotReady, "The engine cannot take orders yet: \(trouble); try again in a few seconds", retryAfter: 2)
    }

    /// The key has a limit that counts orders, and they lie on several masters.
    public static var cannotCountOrders: Problem {
        Problem(
            503, Code.redisRefused,
            "The engine cannot count the orders of one user over the masters of a Redis Cluster; its operator has to take openOrders and "
                + "ordersPerMinute from the API key, or set PARTITIONS=1")
    }

    /// The order may have been accepted.
    ///
    /// - Parameter id: the order's id, for a GET; nil if it is not known.
    public static func orderOutcomeUnknown(_ id: OrderID?) -> Problem {
        let look = id == nil ? "" : "look it up by orderId, or "
        return Problem(
            503, HTTPCode.outcomeUnknown, "The engine could not say whether it took the order; \(look)send it again with the same Idempotency-Key",
            members: id.map { #""orderId":"\#($0)""# } ?? "", retryAfter: 2)
    }

    /// The body of a pause is not valid.
    public static var badPause: Problem { Problem(400, HTTPCode.badRequest, #"Send nothing, or a JSON object such as {"reason":"upgrade"}"#) }

    /// The reason of a pause is not one line of text, or is too long.
    public static func badPauseReason(maxCharacters: Int) -> Problem {
        Problem(
            400, HTTPCode.badRequest, "The reason has to be one line of at most \(maxCharacters) characters",
            errors: [BadField(field: "reason", message: "is no text of one line, or too long")])
    }
}
