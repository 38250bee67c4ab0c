public import Configuration
public import EventLoop

/// The options for live venues.
public struct LiveVenueOptions: Sendable {
    /// Called when a venue is left out, with the reason, and when it is back, with nil.
    public typealias Observer = @Sendable @ServiceActor (_ dex: String, _ reason: String?) -> Void

    /// The addresses of the venues' APIs.
    public var settings: LiveVenueSettings
    /// The caller's deadline. Venues give up a little before it, so that their own reason arrives in time.
    public var timeout: Duration
    /// Called when a venue is left out or is back.
    public var onChange: Observer
    var breaker = CircuitBreaker.Limits()
    /// Connections to one venue; further requests wait for one.
    var connections = 64
    /// How many tries one quote has, with the first.
    var tries = 3

    public init(settings: LiveVenueSettings, timeout: Duration, onChange: @escaping Observer = { _, _ in }) {
        self.settings = settings
        self.timeout = timeout
        self.onChange = onChange
    }

    /// The same options for previews: few connections, one try, and no observer.
    var forPreviews: LiveVenueOptions {
        var options = self
        (options.connections, options.tries, options.onChange) = (4, 1, { _, _ in })
        return options
    }
}

/// The real venues.
@ServiceActor
public enum LiveVenues {
    /// All live venues. A new venue is a file beside this one, and its name here.
    private nonisolated static let kinds: [any LiveVenue.Type] = [RaydiumVenue.self, MeteoraVenue.self]

    public nonisolated static var names: [String] { kinds.map { $0.dex } }

    /// The venues that will be asked without the key that their API has: each with the key's setting, and with what that means.
    public static func withoutKey(_ settings: LiveVenueSettings) -> [(dex: String, setting: String, meaning: String)] {
        kinds.map { $0.api(settings) }.compactMap { api in
            api.key.flatMap { $0.value == nil ? (api.dex, $0.setting, $0.without) : nil }
        }
    }

    /// Every live venue, as it is used for orders.
    public static func all(_ options: LiveVenueOptions) -> [any Venue] { withPreviews(options).orders }

    /// Every live venue twice: for orders and for previews. Previews have their own circuit breaker, connections and tries, so they change nothing
    /// for orders. They ask no venue that orders leave out.
    public static func withPreviews(_ options: LiveVenueOptions) -> (orders: [any Venue], previews: [any Venue]) {
        let clients = kinds.map { LiveVenueClient($0.api(options.settings), options: options) }
        let previewClients = zip(kinds, clients).map { kind, client in
            LiveVenueClient(kind.api(options.settings), options: options.forPreviews, beside: client)
        }
        return (zip(kinds, clients).map { $0.init($1) }, zip(kinds, previewClients).map { $0.init($1) })
    }
}

/// A real venue, behind its API.
@ServiceActor
protocol LiveVenue: Venue {
    nonisolated static var dex: String { get }

    /// Where the venue's API is, and what is sent with each request.
    static func api(_ settings: LiveVenueSettings) -> VenueAPI

    /// The venue behind a client of its API.
    init(_ client: LiveVenueClient)
}

extension LiveVenue {
    nonisolated var dex: String { Self.dex }
}
