/// FNV-1a (Fowler, Noll and Vo): a hash that is the same in all processes and versions, unlike Swift's own. Not for security.
public enum FNV1a {
    /// The hash of some bytes in 64 bits.
    public static func hash64(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// The hash of some bytes in 128 bits.
    public static func hash128(_ bytes: some Sequence<UInt8>) -> UInt128 {
        bytes.reduce(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d) { ($0 ^ UInt128($1)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b }
    }
}
