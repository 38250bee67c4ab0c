import TestSupport
import Testing

/// What can share an engine in good health, with two of what clients reach.
@Suite("One engine", .onLoop, .engine(replicas: [.gateway: 2, .notifier: 2]))
struct OneEngine {}
