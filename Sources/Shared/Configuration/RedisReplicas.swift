/// How many replicas of Redis must have what the engine has answered.
public struct RedisReplicas: Sendable, Equatable {
    /// Where a replica must have it.
    public enum Sync: String, Sendable, CaseIterable {
        /// In its memory.
        case memory
        /// On its disk, and on that of the master.
        case disk
    }

    /// 0 for none: what the master has is enough.
    public let count: Int
    public let sync: Sync

    init(reading reader: inout SettingsReader) {
        count = reader.value(Settings.redisReplicas)
        sync = reader.value(Settings.redisReplicaSync)
    }
}
