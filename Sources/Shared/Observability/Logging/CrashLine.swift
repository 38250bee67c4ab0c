internal import CCrash

/// The last line of a process that crashes: event `process.crashed` with the signal, the address, and the place in the program.
///
/// A Swift trap, a memory fault and an abort in a library end the process before a logger can say why. SIGKILL cannot be caught: only the supervisor
/// can log it.
public enum CrashLine {
    /// Installs a handler that writes the line to standard output. It stays for the rest of the process' life. Call this again when more is known.
    ///
    /// - Parameters:
    ///   - service: the name of the service.
    ///   - instance: the name that tells this process from its replicas.
    public static func install(service: String, instance: String, format: Logger.Format) {
        ccrash_install(plain(service), plain(instance), format == .json)
    }

    /// The text without characters that would need an escape: the handler cannot escape.
    private static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.isASCII && $0.value > 0x20 && $0 != "\"" && $0 != "\\" && $0.value < 0x7F }))
    }
}
