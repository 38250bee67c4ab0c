internal import EventLoop

/// The data of a feed's subject, and what each watcher has still to be told. A pure value without a connection and a clock.
protocol FeedCore: Sendable {
    /// The thing that is followed.
    associatedtype Subject: Hashable, Sendable
    /// The place from which a watcher wants to be told.
    associatedtype Start: Sendable
    /// What a read must remember of the moment when it began.
    associatedtype Question: Sendable
    associatedtype Answer: Sendable
    /// One message to a watcher.
    associatedtype News: Sendable

    /// How long a new feed tries to subscribe; it tries at least once.
    static var subscribingLimit: Duration { get }
    /// The message to the watchers when nothing can be read and the end of that is not known.
    static var failure: News { get }

    init()

    /// Whether there will be no more news.
    var isFinal: Bool { get }
    /// The message to the watchers when nothing is found in time; nil if something was found, or if nothing needs to be.
    var absence: News? { get }

    /// Adds a watcher. Returns whether a read is needed to tell it what it asks for.
    mutating func add(_ watcher: ObjectIdentifier, from start: Start) -> Bool
    mutating func remove(_ watcher: ObjectIdentifier)
    /// A read begins.
    mutating func question() -> Question
    /// A read has ended.
    mutating func take(_ answer: Answer, to question: Question) -> FeedVerdict<News>
    /// A message came on the channel. Returns whether a read is needed to know what has happened.
    mutating func hear(_ message: String) -> Bool
    /// The next news for a watcher, which counts as told from then on; nil if there is none.
    mutating func next(for watcher: ObjectIdentifier) -> News?
    /// A watcher wants all news again.
    mutating func startOver(_ watcher: ObjectIdentifier)
}

extension FeedCore {
    mutating func startOver(_ watcher: ObjectIdentifier) {}
}

/// The result of a read.
enum FeedVerdict<News: Sendable>: Sendable {
    case taken
    /// The answer was taken, but Redis has lost data that it had before.
    case rewound
    /// Nothing could be read. Another try makes sense.
    case again
    /// The feed is over. This is the last news for its watchers.
    case over(News)
}

/// A watcher, as its feed knows it.
struct FeedWatcher<News: Sendable> {
    let key: ObjectIdentifier
    /// Tells the watcher news. Returns whether it wants everything again. The watcher may leave during the call.
    let tell: @ServiceActor (News) -> Bool
}

/// How the subjects of feeds are read.
struct FeedSource<Core: FeedCore> {
    /// The channels of a subject's messages. In a cluster the count of partitions may add some to those of a user.
    let channels: @ServiceActor (Core.Subject) -> [String]
    let read: @ServiceActor (Core.Subject, Core.Question) async -> Core.Answer
    /// Whether a read would find something that the feed does not know. Costs less than a read.
    let hasNews: @ServiceActor (Core.Subject, Core) async -> Bool
    /// Subjects that are read at once, so that thousands of them do not use up all commands that may be in flight.
    let batch: Int
}
