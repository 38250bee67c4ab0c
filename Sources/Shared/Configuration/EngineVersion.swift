/// The version that the services and their tools share.
public enum EngineVersion {
    /// By semantic versioning, `1.2.3`.
    public static let text = "0.1.0"
}
