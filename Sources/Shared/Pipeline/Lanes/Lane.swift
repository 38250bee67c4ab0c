internal import EventLoop

/// What a process does about one partition of its consumer group: it reads the partition's stream, and handles and renews what it has in hand.
@ServiceActor
protocol Lane: AnyObject, Sendable {
    /// Whether the lane reads. One that does not only finishes what it has in hand. It may be wanted again as long as it runs.
    var isWanted: Bool { get set }
    /// Runs until the lane is not wanted and has nothing in hand, or until `stop` has finished.
    func run() async
    /// Stops reading, lets what is in hand finish within `grace`, and hands back the rest.
    func stop(within grace: Duration) async
    /// Tells the lane that the connection was made again.
    func connectionRestored()
}
