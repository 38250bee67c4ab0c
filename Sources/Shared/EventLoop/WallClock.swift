internal import Glibc

/// The machine's own time of day. Times that processes must agree on come from Redis' clock instead.
public enum WallClock {
    /// Milliseconds since 1970, UTC.
    public static var milliseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
