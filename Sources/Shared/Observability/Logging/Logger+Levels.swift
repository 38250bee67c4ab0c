extension Logger {
    /// Logs at level `debug`.
    public func debug(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.debug, event, fields()) }

    /// Logs at level `info`.
    public func info(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.info, event, fields()) }

    /// Logs at level `warning`.
    public func warning(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.warning, event, fields()) }

    /// Logs at level `error`.
    public func error(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.error, event, fields()) }
}
