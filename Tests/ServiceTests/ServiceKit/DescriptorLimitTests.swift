import Configuration
import EventLoop
import Glibc
import HTTP
import TestSupport
import Testing

@testable import ServiceKit

struct DescriptorLimitTests {
    /// Runs in a process of its own, because a limit stays raised.
    @Test func `the limit of descriptors is raised as far as it may be`() async {
        await #expect(processExitsWith: .success) {
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            var limit = rlimit()
            getrlimit(resource, &limit)
            limit.rlim_cur = 256
            setrlimit(resource, &limit)
            let raised = DescriptorLimit.raise()
            getrlimit(resource, &limit)
            let expected = min(limit.rlim_max, 1 << 20)
            exit(raised.before == 256 && raised.now == Int(expected) && limit.rlim_cur == expected ? 0 : 1)
        }
    }
}

@Suite(.onLoop) @ServiceActor
struct ServerLimitTests {
    @Test func `a server keeps its connections and sockets below the descriptors of the process`() throws {
        let process = ServiceProcess.unconnected(try load(RouterSettings.self, redis: "redis://127.0.0.1:1", ["LOG_LEVEL": "error"]))
        process.begin(DescriptorLimit(before: 1024, now: 1024))
        #expect(process.serverOptions.maxConnections == 768 && process.serverOptions.maxSockets == 692)
    }
}
