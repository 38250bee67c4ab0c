extension OrderView {
    /// The events from which a view has its values, in order of seq. A view of these alone is the same but for its log.
    ///
    /// The newest event is always among them. Of an older one it takes a value only if no newer event has it.
    public static func sources(of events: [OrderEvent]) -> [OrderEvent] {
        guard let newest = events.last else { return [] }
        var shown = newest.shown
        var sources = [newest]
        for event in events.dropLast().reversed() {
            var both = event.shown
            both.renew(by: shown)
            guard both != shown else { continue }
            shown = both
            sources.append(event)
        }
        return sources.reversed()
    }
}

extension OrderEvent {
    /// The details that a view shows. Quotes are taken from the event that has chosen among them: it alone gives the reason.
    fileprivate var shown: EventDetails {
        var shown = EventDetails()
        for field in EventField.shown { field.renew(&shown, details) }
        (shown.attempt, shown.error) = (details.attempt, details.error)
        if type != .routing { shown.quotes = nil }
        return shown
    }
}
