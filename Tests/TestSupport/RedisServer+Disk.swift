internal import EventLoop
internal import Glibc

extension RedisServer {
    /// Gives the server's directory a disk of its own, which only the server and `fillDisk` can see.
    func mountDisk(megabytes: Int) async throws {
        let disk = try await Namespace(.mounts)
        self.disk = disk
        try await disk.run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", directory])
    }

    /// Takes all free space on the server's disk, until `freeDisk`.
    public func fillDisk() throws {
        guard let ballast, let file = fopen(ballast, "w") else { throw TestFailure("the server has no disk of its own") }
        let block = [UInt8](repeating: 0, count: 65536)
        while fwrite(block, 1, block.count, file) == block.count && fflush(file) == 0 {}
        fclose(file)
    }

    /// Frees the space again.
    public func freeDisk() { ballast.map { _ = unlink($0) } }

    private var ballast: String? { disk?.path("\(directory)/ballast") }
}
