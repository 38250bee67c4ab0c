/// The steps of the schema, embedded in the program. They only go forward: a released step is never edited, and a new one is added at the end.
public enum Migrations {
    /// One file of `migrations/`.
    public struct Step: Sendable {
        /// The number at the beginning of the file's name.
        public let number: Int
        /// The rest of the file's name.
        public let name: String
        /// The step's statements.
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
        Step(4, "one_row", PackageResources._004_one_row_sql),
        Step(5, "owner", PackageResources._005_owner_sql),
        Step(6, "months", PackageResources._006_months_sql),
        Step(7, "months_checked", PackageResources._007_months_checked_sql),
        Step(8, "partitions", PackageResources._008_partitions_sql),
        Step(9, "waiting", PackageResources._009_waiting_sql),
        Step(10, "waiting_checked", PackageResources._010_waiting_checked_sql),
        Step(11, "waiting_indexes", PackageResources._011_waiting_indexes_sql),
    ]
}
