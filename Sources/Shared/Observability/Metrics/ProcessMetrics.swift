internal import Glibc

extension MetricsRegistry {
    /// Registers the metrics of the process itself under Prometheus' standard names, and `order_engine_build_info`.
    public func registerProcess(service: String, version: String) {
        let started = ProcessStatus.wallSeconds()
        observe(.gauge, "process_resident_memory_bytes", help: "Resident memory size in bytes.", read: ProcessStatus.residentBytes)
        observe(.counter, "process_cpu_seconds_total", help: "User and system CPU time in seconds.", read: ProcessStatus.cpuSeconds)
        observe(.gauge, "process_open_fds", help: "Number of open file descriptors.", read: ProcessStatus.openDescriptors)
        observe(.gauge, "process_max_fds", help: "Most file descriptors that may be open.", read: ProcessStatus.maxDescriptors)
        observe(.gauge, "process_start_time_seconds", help: "Start of the process in seconds since 1970.") { started }
        let build = gauges("order_engine_build_info", help: "Always 1; the labels say what runs.", by: ["service", "version"])
        build.labelled(service, version).set(1)
    }
}

/// Numbers from the kernel about this process; nil if the kernel does not tell.
enum ProcessStatus {
    static func wallSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func residentBytes() -> Double? {
        guard let file = fopen("/proc/self/statm", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return Double(pages * sysconf(Int32(_SC_PAGESIZE)))
    }

    static func cpuSeconds() -> Double? {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return nil }
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return Double(seconds) + Double(microseconds) / 1e6
    }

    static func openDescriptors() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var entries = 0
        while readdir(directory) != nil { entries += 1 }
        // ".", ".." and the descriptor of the directory itself do not count.
        return Double(entries - 3)
    }

    static func maxDescriptors() -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }
}
