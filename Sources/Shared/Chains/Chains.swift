public import Configuration
public import EventLoop
internal import PaperMarket
public import ServiceKit
public import Venues

/// The chains that swaps can be sent to.
@ServiceActor
public enum Chains {
    /// Makes the chain that the settings name. A new chain is a type in its own file, a name in `ChainKind`, and a line here.
    ///
    /// Throws if the chain cannot work with these settings.
    public static func make(_ settings: ChainSettings, process: ServiceProcess) throws(StartError) -> any Chain {
        switch settings.kind {
        case .mock: try MockChain(settings, process: process)
        }
    }
}
