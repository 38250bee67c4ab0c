internal import CCrash

/// The last line of a process that ends by a fault: event `process.crashed` with the signal, the address, and the place in the program.
///
/// A trap of Swift, a fault of memory and an abort of a library end the process before a logger can say why. SIGKILL cannot be caught: the line
/// about that is the supervisor's.
public enum CrashLine {
    /// Has the line written, on standard output, for the rest of the process' life. Can be called again, when more is known.
    ///
    /// - Parameters:
    ///   - service: the name of the service.
    ///   - instance: what tells this process from its replicas.
    public static func install(service: String, instance: String, format: Logger.Format) {
        ccrash_install(plain(service), plain(instance), format == .json)
    }

    /// The handler escapes nothing.
    private static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.isASCII && $0.value > 0x20 && $0 != "\"" && $0 != "\\" && $0.value < 0x7F }))
    }
}
