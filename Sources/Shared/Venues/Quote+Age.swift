public import Orders

extension Quote {
    /// The quote with its age at a moment (Unix ms); without one where nobody knows when its pools were as quoted.
    public func aged(at now: UInt64) -> Quote {
        var aged = self
        aged.ageMs = quotedAt.map { now - min(now, $0) }
        return aged
    }
}
