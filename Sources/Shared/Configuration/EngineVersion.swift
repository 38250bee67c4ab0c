/// The version that the services and their tools share.
public enum EngineVersion {
    /// A semantic version, such as `1.2.3`.
    public static let text = "0.1.0"
}
