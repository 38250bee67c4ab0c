/// The steps of the schema, embedded in the program. They go forward only: a step that was released is never edited, a new one is added at the end.
public enum Migrations {
    /// One file of `migrations/`.
    public struct Step: Sendable {
        /// Its place, the number that its file's name begins with.
        public let number: Int
        /// What it does: the rest of the file's name.
        public let name: String
        /// Its statements.
        public let sql: String

        init(_ number: Int, _ name: String, _ bytes: [UInt8]) {
            self.number = number
            self.name = name
            sql = String(decoding: bytes, as: UTF8.self)
        }
    }

    /// All steps in order. The name of an embedded file begins with `_` in place of its first digit.
    public static let all = [
        Step(1, "orders", PackageResources._001_orders_sql),
        Step(2, "retention", PackageResources._002_retention_sql),
        Step(3, "retention_index", PackageResources._003_retention_index_sql),
    ]
}
