public import Configuration
public import EventLoop
internal import PaperMarket
public import ServiceKit
public import Venues

/// The chains that swaps can be sent to.
@ServiceActor
public enum Chains {
    /// The chain that the settings name. A new one is a type in a file of its own, its name in `ChainKind`, and a line here.
    ///
    /// Throws where it cannot work with these settings.
    public static func make(_ settings: ChainSettings, process: ServiceProcess) throws(StartError) -> any Chain {
        switch settings.kind {
        case .mock: try MockChain(settings, process: process)
        }
    }
}
