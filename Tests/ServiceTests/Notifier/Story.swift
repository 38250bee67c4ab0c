import Orders

/// The texts of an order's events as the scripts write them, in order.
struct Story {
    static let id = "0198c1f2-0000-7000-8000-000000000000"
    static let quote =
        #"{"dex":"meteora","pool":"P","amountIn":"1500000000","amountOut":"218220000","amountOutDecimal":"218.22","#
        + #""price":"145.48","feeBps":20,"priceImpactPct":"0.0012","minReceived":"216037800","minReceivedDecimal":"216.0378"}"#
    static let otherQuote =
        #"{"dex":"raydium","pool":"Q","amountIn":"1500000000","amountOut":"217980000","amountOutDecimal":"217.98","#
        + #""price":"145.32","feeBps":25,"priceImpactPct":"0.0012","minReceived":"215800200","minReceivedDecimal":"215.8002"}"#
    static let route = #""chosenDex":"meteora","quote":\#(quote)"#
    static let routeAndQuotes = route + #","quotes":[\#(quote),\#(otherQuote)]"#

    private(set) var texts: [String] = []
    var attempt = 1

    /// Adds the next event. `extra` are its further members.
    mutating func add(_ type: String, _ status: String, _ progress: Int, _ message: String, _ extra: String = "") {
        let seq = texts.count + 1
        texts.append(
            #"{"orderId":"\#(Self.id)","seq":\#(seq),"type":"\#(type)","status":"\#(status)","progress":\#(progress),"#
                + #""timestamp":"\#(Self.time(seq))","message":"\#(message)","attempt":\#(attempt),"maxAttempts":3"#
                + (extra.isEmpty ? "" : ",\(extra)") + "}")
    }

    /// Adds the events from the order's acceptance to its route.
    mutating func accepted() {
        add("pending", "pending", 0, "Order created and queued")
        routed()
    }

    mutating func routed() {
        add("routing", "routing", 10, "Fetching quotes from multiple DEXs...")
        add("routing", "routing", 30, "Received 2 quotes", Self.routeAndQuotes)
    }

    /// Adds the events of building and submitting.
    mutating func submitted(_ hash: String) {
        add("building", "building", 50, "Building transaction on meteora...", Self.routeAndQuotes)
        add("building", "building", 70, "Transaction built, ready to submit", Self.route)
        add("submitted", "submitted", 75 + 5 * attempt, "Submitting transaction (attempt \(attempt)/3)...", hashed(hash))
    }

    mutating func confirmed(_ hash: String) {
        add(
            "confirmed", "confirmed", 100, "Order successfully executed",
            hashed(hash)
                + #","executedPrice":"145.48","amountOut":"218220000","amountOutDecimal":"218.22","realisedSlippageBps":0,"#
                + #""networkFeeLamports":5000"#
        )
    }

    func hashed(_ hash: String) -> String { Self.route + #","txHash":"\#(hash)""# }

    var events: [OrderEvent] { get throws { try texts.map { try OrderEvent(parsing: $0) } } }

    /// The time of an event.
    static func time(_ seq: Int) -> String { "2026-01-10T07:30:17.00\(seq % 10)Z" }
}

extension Story {
    private static let moved = #""error":{"code":"SLIPPAGE_EXCEEDED","message":"Price moved 1.8% (max allowed: 1.0%)","retryable":true}"#

    /// Seven events: the order lands at the first try.
    static var smooth: Story {
        var story = Story()
        story.accepted()
        story.submitted("sig1")
        story.confirmed("sig1")
        return story
    }

    /// Fourteen events: the price has moved, so the order is routed again, and lands.
    static var routedAgain: Story {
        var story = Story()
        story.accepted()
        story.submitted("sig1")
        story.movedPrice("sig1", remaining: 2)
        story.add("retry-pending", "routing", 80, "Retrying in 1.0 s (attempt 2/3)", story.hashed("sig1") + #","delayMs":1043,"nextAttempt":2"#)
        story.attempt = 2
        story.routed()
        story.submitted("sig2")
        story.confirmed("sig2")
        return story
    }

    /// Twelve events: the network fails the first transaction, and the same route lands with a new one.
    static var sentAgain: Story {
        var story = Story()
        story.accepted()
        story.submitted("sig1")
        let error = #""error":{"code":"NETWORK","message":"Transaction failed on the network","retryable":true}"#
        story.add(
            "execution-failed", "submitted", 80, "Transaction failed on the network",
            story.hashed("sig1") + ",\(error)" + #","transient":true,"retriesRemaining":2"#)
        story.add("retry-pending", "building", 80, "Retrying in 1.0 s (attempt 2/3)", story.hashed("sig1") + #","delayMs":1043,"nextAttempt":2"#)
        story.attempt = 2
        story.submitted("sig2")
        story.confirmed("sig2")
        return story
    }

    /// Eight events: the last of three attempts fails, too.
    static var givenUp: Story {
        var story = Story()
        story.attempt = 3
        story.accepted()
        story.submitted("sig3")
        story.movedPrice("sig3", remaining: 0)
        story.add("failed", "failed", 0, "Price moved 1.8% (max allowed: 1.0%)", story.hashed("sig3") + ",\(moved)" + #","totalAttempts":3"#)
        return story
    }

    /// Seven events: the order is divided over both venues, and lands.
    static var split: Story {
        var story = Story()
        story.accepted()
        story.submitted("sig1")
        story.confirmed("sig1")
        let (dex, joined) = (#""chosenDex":"meteora""#, #""chosenDex":"raydium+meteora""#)
        story.texts = story.texts.map { $0.replacing(dex, with: joined) }
        return story
    }

    /// Four events: no pool trades the pair.
    static var noRoute: Story {
        var story = Story()
        story.add("pending", "pending", 0, "Order created and queued")
        story.add("routing", "routing", 10, "Fetching quotes from multiple DEXs...")
        let error = #""error":{"code":"NO_ROUTE","message":"No route found for this token pair","retryable":false}"#
        story.add("execution-failed", "routing", 10, "No route found for this token pair", error + #","transient":false,"retriesRemaining":0"#)
        story.add("failed", "failed", 0, "No route found for this token pair", error + #","totalAttempts":1"#)
        return story
    }

    /// Four events: the order is cancelled after it got its route.
    static var cancelled: Story {
        var story = Story()
        story.accepted()
        story.add("cancelled", "cancelled", 0, "Order cancelled", Self.route)
        return story
    }

    private mutating func movedPrice(_ hash: String, remaining: Int) {
        add(
            "execution-failed", "submitted", 75 + 5 * attempt, "Price moved 1.8% (max allowed: 1.0%)",
            hashed(hash) + ",\(Self.moved)" + #","transient":true,"retriesRemaining":\#(remaining)"#)
    }
}
