internal import CLibpq

/// Checks a parameter of a connection URL. libpq would refuse some parameters only at the first attempt to connect. They are refused when the URL is
/// read.
enum URLParameter {
    private static let words = [
        "sslmode": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        "target_session_attrs": ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"],
        "channel_binding": ["disable", "prefer", "require"],
        "gssencmode": ["disable", "prefer", "require"],
    ]
    private static let numbers: Set = [
        "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
    ]
    /// Parameters of URLs for other drivers, and what to do instead.
    private static let foreign: [(names: Set<String>, advice: String)] = [
        (
            ["schema", "search_path", "currentSchema"],
            "set the schema for the role instead (ALTER ROLE engine SET search_path = …) and leave the parameter out"
        ),
        (
            [
                "pgbouncer", "prepared_statements", "prepareThreshold", "statement_cache_size", "prepared_statement_cache_size",
                "statement_cache_mode",
                "default_query_exec_mode", "binary_parameters",
            ], "a pooler such as PgBouncer is noticed without it; leave it out"
        ),
        (
            ["connection_limit", "pool_size", "pool_timeout", "max_overflow", "pool_max_conns", "maximumPoolSize", "max", "min", "pool"],
            "each gateway and each notifier keeps 4 connections; leave it out"
        ),
        (
            ["statement_timeout", "socket_timeout", "lock_timeout", "command_timeout", "query_timeout", "loginTimeout", "timeout"],
            "the engine sets its own limits; leave it out, or write connect_timeout for the limit of an attempt to connect"
        ),
        (["sslnegotiation", "require_auth", "sslcertmode", "load_balance_hosts"], "a newer libpq is needed for it; leave it out"),
        (["ssl", "uselibpqcompat", "sslaccept", "sslidentity"], "write sslmode=require or sslmode=verify-full instead"),
    ]

    /// Throws a sentence that names the parameter and says what to do.
    static func check(_ keyword: String, _ value: String) throws(PostgresError) {
        guard isKnown(keyword) else { throw refusal("\(quoted(keyword)) is no parameter of libpq \(PQlibVersion() / 10_000): \(advice(keyword))") }
        if keyword == "sslmode" && value == "no-verify" {
            throw refusal(
                "sslmode=no-verify is known to node-postgres only: write sslmode=require, which encrypts and does not check the certificate")
        }
        if let allowed = words[keyword], !allowed.contains(value) { throw refusal("\(keyword) must be one of \(allowed.joined(separator: ", "))") }
        if numbers.contains(keyword), Int32(value) == nil { throw refusal("\(keyword) must be a whole number") }
    }

    private static func advice(_ keyword: String) -> String {
        foreign.first { $0.names.contains(keyword) }?.advice ?? "leave it out, or see libpq's manual for the right name"
    }

    private static func refusal(_ sentence: String) -> PostgresError {
        PostgresError(.invalidConfiguration, "the Postgres connection URL cannot be used: \(sentence)")
    }

    private static func quoted(_ keyword: String) -> String {
        "\"\(String(String.UnicodeScalarView(keyword.unicodeScalars.prefix(40).map { $0.value < 0x20 ? "?" : $0 })))\""
    }

    private static func isKnown(_ keyword: String) -> Bool {
        guard let defaults = PQconndefaults() else { return true }
        defer { PQconninfoFree(defaults) }
        var option = defaults
        while let known = option.pointee.keyword {
            if String(cString: known) == keyword { return true }
            option += 1
        }
        return false
    }
}
