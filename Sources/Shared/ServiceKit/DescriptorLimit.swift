internal import Glibc

/// How many files and sockets the process may have open.
struct DescriptorLimit: Sendable {
    /// One process needs no more. A limit in the billions makes libraries slow that go over all descriptors.
    private static let maxWanted: rlim_t = 1 << 20

    /// The limit that the process was started with.
    let before: Int
    let now: Int

    /// Raises the limit as far as the process may. Shells and supervisors start processes with 1,024 for the sake of old programs.
    static func raise() -> DescriptorLimit {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return DescriptorLimit(before: 1024, now: 1024) }
        let before = limit.rlim_cur
        let wanted = min(limit.rlim_max, maxWanted)
        if before < wanted {
            limit.rlim_cur = wanted
            if setrlimit(resource, &limit) != 0 { limit.rlim_cur = before }
        }
        return DescriptorLimit(before: Int(min(before, maxWanted)), now: Int(min(limit.rlim_cur, maxWanted)))
    }
}
