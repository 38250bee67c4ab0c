internal import Configuration
internal import HTTP

/// The key of a venue's API.
struct VenueKey: Sendable {
    /// The setting that holds the key.
    let setting: String
    let value: Secret?
    /// The header that the key is sent in.
    let header: String
    /// What it means to have none, for the operator.
    let without: String
}

/// The address of a venue's API, and what an answer's status says about the address and the engine's access.
struct VenueAPI: Sendable {
    /// The venue that the quotes are for.
    let dex: String
    /// The name of the API, as in `Jupiter's API`.
    let name: String
    /// The base of its addresses, without a slash at the end.
    let url: String
    /// The setting that holds `url`.
    let urlSetting: String
    /// The key; nil if the API has no keys.
    var key: VenueKey?

    /// What is wrong with the address or with our access, as the rest of a sentence that begins with the venue; nil if the answer can be read.
    func trouble(_ response: HTTPClientResponse) -> String? {
        switch response.status {
        case 300..<400: "cannot be asked: \(name) has moved (\(response.status)); set \(urlSetting) to where it is now"
        case 410: "cannot be asked: \(name) is gone from here (410); set \(urlSetting) to where it is now"
        case 404 where response.body.first != UInt8(ascii: "{"): "cannot be asked: \(name) has no quotes at this address (404); see \(urlSetting)"
        case 401, 403, 407: "refuses our access to \(name) (\(response.status))" + (key.map { "; see \($0.setting)" } ?? "")
        default: nil
        }
    }

    /// The same for a request that got no answer.
    func trouble(_ error: HTTPClientError) -> String {
        "cannot be reached (\(error))" + (error == .dns ? "; see \(urlSetting)" : error == .tls ? "; see SSL_CERT_FILE" : "")
    }
}
