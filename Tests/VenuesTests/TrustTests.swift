import Configuration
import EventLoop
import Orders
import TestSupport
import Testing

@testable import Venues

@Suite(.onLoop) @ServiceActor
struct TrustTests {
    @Test func `a venue is trusted by the certificates of SSL_CERT_FILE, and by no others`() async throws {
        try await TLSServer.with { server in
            let untrusted = try await failure(["RAYDIUM_API_URL": server.url])
            #expect(untrusted == "raydium cannot be reached (no trusted TLS connection); see SSL_CERT_FILE")
            let trusted = try await failure(["RAYDIUM_API_URL": server.url, "SSL_CERT_FILE": server.certificate])
            #expect(trusted == "raydium answered with what is no JSON object")
        }
    }

    private func failure(_ environment: [String: String]) async throws -> String? {
        var reader = SettingsReader(environment: environment)
        let settings = LiveVenueSettings(reading: &reader)
        try reader.finish()
        let venue = try #require(LiveVenues.all(LiveVenueOptions(settings: settings, timeout: .seconds(10))).first)
        do {
            _ = try await venue.quote(Captured.raydiumRequest)
            return nil
        } catch let failure as OrderFailure {
            return failure.message
        }
    }
}
