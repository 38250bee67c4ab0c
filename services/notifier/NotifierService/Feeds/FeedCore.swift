internal import EventLoop

/// What a feed knows of its subject, and what each of its watchers has still to be told: a pure value, without a connection and without a clock.
protocol FeedCore: Sendable {
    /// What is followed.
    associatedtype Subject: Hashable, Sendable
    /// From where on a watcher wants to be told.
    associatedtype Start: Sendable
    /// What a read needs to know of the moment at which it began.
    associatedtype Question: Sendable
    associatedtype Answer: Sendable
    /// One thing that a watcher is told.
    associatedtype News: Sendable

    /// For how long a new feed tries to subscribe; it tries once at least.
    static var subscribingLimit: Duration { get }
    /// What the watchers are told when nothing can be read, and nobody knows for how long.
    static var failure: News { get }

    /// The channel on which Redis rings when something happens.
    static func channel(of subject: Subject) -> String

    init()

    /// Whether nothing will ever follow.
    var isFinal: Bool { get }
    /// What the watchers are told when nothing is found in time; nil where something is here, or nothing has to be.
    var absence: News? { get }

    /// Adds a watcher. Returns whether only a read can tell what it asks for.
    mutating func add(_ watcher: ObjectIdentifier, from start: Start) -> Bool
    mutating func remove(_ watcher: ObjectIdentifier)
    /// A read begins.
    mutating func question() -> Question
    /// A read has ended.
    mutating func take(_ answer: Answer, to question: Question) -> FeedVerdict<News>
    /// The bell has rung. Returns whether only a read can tell what has happened.
    mutating func hear(_ message: String) -> Bool
    /// The next thing that a watcher is to be told, and counts as told with it; nil when there is none.
    mutating func next(for watcher: ObjectIdentifier) -> News?
    /// A watcher wants to be told everything again.
    mutating func startOver(_ watcher: ObjectIdentifier)
}

extension FeedCore {
    mutating func startOver(_ watcher: ObjectIdentifier) {}
}

/// What comes of a read.
enum FeedVerdict<News: Sendable>: Sendable {
    case taken
    /// Taken, and Redis has lost what it had before.
    case rewound
    /// Nothing could be read, and it is worth while to try again.
    case again
    /// The feed is over: this is the last that its watchers are told.
    case over(News)
}

/// Whom a feed tells its news.
struct FeedWatcher<News: Sendable> {
    let key: ObjectIdentifier
    /// Returns whether the watcher wants to be told everything again. It may leave in the call.
    let tell: @ServiceActor (News) -> Bool
}

/// How the subjects of feeds are read.
struct FeedSource<Core: FeedCore> {
    let read: @ServiceActor (Core.Subject, Core.Question) async -> Core.Answer
    /// Whether a read would find what the feed does not know: a cheaper question than a read.
    let hasNews: @ServiceActor (Core.Subject, Core) async -> Bool
    /// Subjects that are read at once, so that thousands of them do not take up all commands that may be in flight.
    let batch: Int
}
