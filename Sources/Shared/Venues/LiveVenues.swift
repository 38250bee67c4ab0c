public import Configuration
public import EventLoop

/// How live venues are reached.
public struct LiveVenueOptions: Sendable {
    /// Told when a venue is left out, and why, or with nil when it is back.
    public typealias Observer = @Sendable @ServiceActor (_ dex: String, _ reason: String?) -> Void

    /// Where the venues' APIs are.
    public var settings: LiveVenueSettings
    /// The deadline of whoever asks; venues give up a little before it, so that their own reason comes in time.
    public var timeout: Duration
    /// Told of changes.
    public var onChange: Observer
    var breaker = CircuitBreaker.Limits()
    /// Connections to one venue; further requests wait for one.
    var connections = 64
    /// Tries of one quote in all.
    var tries = 3

    /// Options by value.
    public init(settings: LiveVenueSettings, timeout: Duration, onChange: @escaping Observer = { _, _ in }) {
        self.settings = settings
        self.timeout = timeout
        self.onChange = onChange
    }

    /// The same for previews: few connections, one try, and nobody is told.
    var forPreviews: LiveVenueOptions {
        var options = self
        (options.connections, options.tries, options.onChange) = (4, 1, { _, _ in })
        return options
    }
}

/// The venues of the real world.
@ServiceActor
public enum LiveVenues {
    /// All of them. A new one is a file beside this one, and its name here.
    private nonisolated static let kinds: [any LiveVenue.Type] = [RaydiumVenue.self, MeteoraVenue.self]

    /// The name of each.
    public nonisolated static var names: [String] { kinds.map { $0.dex } }

    /// Every live venue, as orders ask it.
    public static func all(_ options: LiveVenueOptions) -> [any Venue] { withPreviews(options).orders }

    /// Every live venue twice: as orders ask it, and as previews do. What previews meet changes nothing for orders: they have a circuit breaker,
    /// connections and tries of their own. They ask no venue that orders leave out.
    public static func withPreviews(_ options: LiveVenueOptions) -> (orders: [any Venue], previews: [any Venue]) {
        let clients = kinds.map { LiveVenueClient($0.api(options.settings), options: options) }
        let previewClients = zip(kinds, clients).map { kind, client in
            LiveVenueClient(kind.api(options.settings), options: options.forPreviews, beside: client)
        }
        return (zip(kinds, clients).map { $0.init($1) }, zip(kinds, previewClients).map { $0.init($1) })
    }
}

/// A venue of the real world, behind its API.
@ServiceActor
protocol LiveVenue: Venue {
    /// The venue's name.
    nonisolated static var dex: String { get }

    /// Where its API is, and what has to be sent along.
    static func api(_ settings: LiveVenueSettings) -> VenueAPI

    /// The venue, asked through a client of its API.
    init(_ client: LiveVenueClient)
}

extension LiveVenue {
    nonisolated var dex: String { Self.dex }
}
