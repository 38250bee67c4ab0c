public import HTTP
public import Orders
public import Pipeline

/// Every refusal of the services, each with its status, code and sentence. Those of a request that is not let in, or whose order is not taken in, are
/// in `Refusals+Intake.swift`. `Problem+HTTP.swift` has those of any HTTP server.
extension Problem {
    /// The codes of the engine's own refusals. `HTTPCode` has the server's. Bad orders and failed quotes have codes of their own.
    public enum Code: String, ProblemCode {
        /// The engine cannot grow to this count of partitions now.
        case cannotGrow = "CANNOT_GROW"
        /// Postgres can be reached but refuses to read.
        case databaseRefused = "DATABASE_REFUSED"
        /// The idempotency key was used for another order.
        case idempotencyConflict = "IDEMPOTENCY_CONFLICT"
        /// The key does not allow it.
        case forbidden = "FORBIDDEN"
        /// `Host` names another server.
        case hostNotAllowed = "HOST_NOT_ALLOWED"
        /// The user has as many orders as it may have, or the order is larger than it may be.
        case limitExceeded = "LIMIT_EXCEEDED"
        /// The order is over.
        case orderFinal = "ORDER_FINAL"
        /// Only a retry can tell the outcome of the order's transaction.
        case orderInDoubt = "ORDER_IN_DOUBT"
        /// Redis has lost the order.
        case orderLost = "ORDER_LOST"
        /// A transaction is under way, or a part of the order is filled.
        case orderSubmitted = "ORDER_SUBMITTED"
        /// Too many orders or events wait, or memory is short.
        case overloaded = "OVERLOADED"
        /// An operator has paused the engine.
        case paused = "PAUSED"
        /// Redis refuses for now.
        case redisNotReady = "REDIS_NOT_READY"
        /// Redis refuses until the operator changes something.
        case redisRefused = "REDIS_REFUSED"
        /// One caller sends too many requests.
        case tooManyRequests = "TOO_MANY_REQUESTS"
        /// Previews may not ask the venues more often.
        case tooManyQuotes = "TOO_MANY_QUOTES"
        /// There is no valid key or token.
        case unauthenticated = "UNAUTHENTICATED"
        /// Redis or Postgres is away or slow.
        case unavailable = "UNAVAILABLE"
        /// There is no such dead letter.
        case unknownLetter = "UNKNOWN_LETTER"
        /// There is no such order.
        case unknownOrder = "UNKNOWN_ORDER"
        /// The price of a pair is not known now.
        case priceUnknown = "PRICE_UNKNOWN"
        /// The order no longer waits for its price.
        case orderTriggered = "ORDER_TRIGGERED"
        /// The order is no longer as the caller has seen it.
        case orderChanged = "ORDER_CHANGED"
        /// The dead letter holds nothing that could be put back.
        case unusableLetter = "UNUSABLE_LETTER"
    }
}

// A bad order is refused with the code of its first mistake. A quote that fails has the code with which an order would fail.
extension RequestRefusal.Code: ProblemCode {}
extension FailureCode: ProblemCode {}

// MARK: Redis and Postgres
// `failed` is the first half of a sentence, "The order cannot be looked up"; `cause` is the second, "Redis is away".

extension Problem {
    /// The request cannot be carried out now.
    public static func unavailable(_ failed: String, because cause: String) -> Problem { passing(.unavailable, failed, cause) }

    /// Redis can be reached but cannot do it now.
    public static func redisNotReady(_ failed: String, because cause: String) -> Problem { passing(.redisNotReady, failed, cause) }

    /// Redis or this process has no room for it.
    public static func overloaded(_ failed: String, because cause: String) -> Problem { passing(.overloaded, failed, cause) }

    private static func passing(_ code: Code, _ failed: String, _ cause: String) -> Problem {
        Problem(503, code, "\(failed) because \(cause); try again in a few seconds", retryAfter: 2)
    }

    /// Redis refuses, and will until a person changes something.
    public static func redisRefused(_ failed: String, because cause: String) -> Problem {
        Problem(
            503, Code.redisRefused, "\(failed) because \(cause); this does not pass by itself: tell the operator, who sees why in orderctl doctor",
            retryAfter: 30)
    }

    /// Redis gave no answer to a command that changes something.
    public static func outcomeUnknown(_ failed: String, because cause: String) -> Problem {
        Problem(
            503, HTTPCode.outcomeUnknown, "\(failed), as far as is known: \(cause). It may have been done all the same; look, and ask again",
            retryAfter: 2)
    }

    /// Postgres refuses, and will until a person changes something.
    public static func databaseRefused(_ failed: String, _ reason: String) -> Problem {
        Problem(
            503, Code.databaseRefused, "\(failed) because the database refuses it: \(reason); whoever runs the engine has to mend that",
            retryAfter: 10)
    }

    /// Postgres cannot hold the text of a parameter.
    public static func unstorableText(_ failed: String) -> Problem {
        Problem(400, HTTPCode.badRequest, "\(failed) because a parameter holds a text that the database cannot hold; leave it out")
    }
}

// MARK: Orders

extension Problem {
    /// The order id is not a UUID.
    public static var notUUID: Problem {
        Problem(
            400, HTTPCode.badRequest, "The order id is not a UUID; use the orderId that the engine answered",
            errors: [BadField(field: "id", message: "is not a UUID")])
    }

    /// There is no such order.
    public static var unknownOrder: Problem {
        Problem(404, Code.unknownOrder, "There is no order with this id; use the orderId that the engine answered")
    }

    /// The order cannot be cancelled any more: a transaction is under way.
    public static var orderUnderWay: Problem {
        Problem(409, Code.orderSubmitted, "The order's transaction is under way and cannot be called back; wait for its outcome")
    }

    /// The order cannot be cancelled any more: a leg has landed.
    public static var orderPartlyFilled: Problem {
        Problem(409, Code.orderSubmitted, "A part of the order is filled and cannot be called back; wait for the outcome of the rest")
    }

    /// The order cannot be cancelled any more: it is final.
    public static func orderFinal(_ status: String) -> Problem {
        Problem(409, Code.orderFinal, "The order is \(status) already and cannot be cancelled")
    }

    /// The order cannot be cancelled: Postgres knows it as under way, and Redis has lost it.
    public static func orderLost(_ status: String) -> Problem {
        Problem(
            409, Code.orderLost,
            "The order was \(status) when Redis lost it, so there is nothing left to cancel; ask the operator, who sees it with orderctl reconcile")
    }

    /// The order cannot be amended any more, or never could: it does not wait for a price.
    public static func orderTriggered(_ status: String) -> Problem {
        Problem(409, Code.orderTriggered, "The order is \(status) and no longer waits for its price; only an open order can be amended")
    }

    /// The order has changed since the caller has seen it.
    public static func orderChanged(seq: Int?) -> Problem {
        Problem(
            412, Code.orderChanged, "The order has changed meanwhile; look at it, and send the seq of its ETag in If-Match",
            members: seq.map { #""seq":\#($0)"# } ?? "")
    }

    /// `If-Match` is no seq.
    public static var badSeq: Problem {
        Problem(400, HTTPCode.badRequest, #"If-Match must be the seq of the order as its ETag has it, such as "3""#)
    }

    /// The price of a pair is needed and not known.
    public static func priceUnknown(_ pair: String) -> Problem {
        Problem(
            503, Code.priceUnknown,
            "The price of \(pair) is not known at the moment, so nobody can tell whether the order's price is reached; try again in a second",
            retryAfter: 1)
    }

    /// Redis gave no answer to a cancellation.
    public static var cancelUnknown: Problem {
        Problem(
            503, HTTPCode.outcomeUnknown, "The engine could not say whether the order was cancelled; look at it, or cancel it again", retryAfter: 2)
    }
}

// MARK: Partitions

extension Problem {
    /// The body names no count of partitions.
    public static var badPartitionCount: Problem {
        Problem(
            400, HTTPCode.badRequest, #"Send a JSON object such as {"count":16}; a count is a whole number from 1 to 256"#,
            errors: [BadField(field: "count", message: "is no whole number from 1 to 256")])
    }

    /// The engine cannot grow to the count that was asked for.
    public init(_ refusal: GrowthRefusal) {
        let sentence =
            switch refusal {
            case .growing(let count): "The engine grows to \(count) partitions already; ask again when that is done"
            case .notMore(let count):
                "The engine has \(count) partitions, and it can only grow while it works; docs/operations.md says how to have fewer"
            case .tooMany(let count): "There can be at most \(count) partitions; ask for fewer"
            case .changed: "The count of partitions was changed at the same time; see GET /api/partitions and ask again"
            }
        self.init(409, Code.cannotGrow, sentence)
    }

    /// More partitions would lie on several masters, where orders cannot be counted.
    public static var countsOrdersInCluster: Problem {
        Problem(
            409, Code.cannotGrow,
            "In a Redis Cluster orders are counted in one partition only; take USER_OPEN_ORDERS and USER_ORDERS_PER_MIN from the gateways, and "
                + "openOrders and ordersPerMinute from all keys, first")
    }
}

// MARK: Dead letters and quotes

extension Problem {
    /// There is no such dead letter, or no longer.
    public static var unknownLetter: Problem {
        Problem(404, Code.unknownLetter, "There is no dead letter with this id any more; GET /api/dead-letters lists those there are")
    }

    /// The dead letter cannot be put back.
    public static var unusableLetter: Problem {
        Problem(409, Code.unusableLetter, "This dead letter has nothing that could be put back on a stream; drop it instead")
    }

    /// The dead letter need not be put back: its order is final.
    public static func letterOrderFinal(_ status: String) -> Problem {
        Problem(409, Code.orderFinal, "The order of this dead letter is \(status) already, so nothing is left to do; drop the letter")
    }

    /// The dead letter must not be dropped: its order is in doubt.
    public static var letterInDoubt: Problem {
        Problem(
            409, Code.orderInDoubt,
            "A transaction of this letter's order may be under way and only a retry can follow it to its end; retry the letter instead")
    }

    /// Previews may not ask the venues more often.
    public static func tooManyQuotes(retryAfter seconds: Int) -> Problem {
        Problem(
            429, Code.tooManyQuotes, "The venues may not be asked more often for quotes without an order; try again in \(seconds) s.",
            retryAfter: seconds)
    }

    /// No venue gave a quote.
    public static func noQuote(_ failure: OrderFailure) -> Problem {
        let isAway = failure.code == .venueUnavailable
        return Problem(isAway ? 503 : 422, failure.code, failure.message, retryAfter: isAway ? 1 : nil)
    }
}
