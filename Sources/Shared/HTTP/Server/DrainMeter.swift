internal import EventLoop

/// Finds clients that take what waits for them, or send what they have announced, so slowly that they only hold resources.
///
/// The count of bytes comes from outside, from time to time, as long as the client owes something. Single bytes now and then keep every time-out from
/// passing, but not this one.
@ServiceActor
struct DrainMeter {
    /// Where the present window began; nil if nothing is owed.
    private var begin: (tick: Int, bytes: Int)?

    /// The client owes nothing any more.
    mutating func reset() { begin = nil }

    /// A window begins with this count.
    mutating func start(at tick: Int, bytes: Int) { begin = (tick, bytes) }

    /// Whether a window has ended in which fewer bytes came than the rate asks for. A window is as long as it took until the next look.
    ///
    /// - Parameters:
    ///   - bytes: the bytes since the connection began; nil if the system does not know.
    mutating func isTooSlow(at tick: Int, bytes: Int?, _ limit: DrainLimit) -> Bool {
        guard let bytes else {
            begin = nil
            return false
        }
        guard let begin else {
            start(at: tick, bytes: bytes)
            return false
        }
        let length = tick - begin.tick
        guard length >= limit.window else { return false }
        start(at: tick, bytes: bytes)
        return bytes - begin.bytes < limit.minimum(in: length)
    }
}

/// The least that a client has to take or send in a time.
@ServiceActor
struct DrainLimit {
    /// The shortest time that is judged, in ticks of the server's sweep.
    let window: Int
    /// In bytes a second.
    private let rate: Int

    /// Nil if there is no limit.
    init?(_ options: HTTPServerOptions) {
        guard let rate = options.minDrainRate else { return nil }
        self.rate = rate
        window = max(1, Int(options.drainWindow.millisecondsRoundedUp / HTTPServer.tickLength.millisecondsRoundedUp))
    }

    /// The bytes that have to come in so many ticks.
    func minimum(in ticks: Int) -> Int { max(1, rate * ticks / HTTPServer.ticksOfSecond) }
}
