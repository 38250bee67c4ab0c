import TestSupport
import Testing

/// Tests that can share a healthy engine, with two replicas of the services that clients reach.
@Suite("One engine", .onLoop, .engine(replicas: [.gateway: 2, .notifier: 2]))
struct OneEngine {}
