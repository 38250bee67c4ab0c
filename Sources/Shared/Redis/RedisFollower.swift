public import EventLoop

/// A connection beside a client's own, which has to go where that one goes.
@ServiceActor
public protocol RedisFollower: AnyObject {
    /// Gives the current connection up and looks the address up again, where another server may be.
    func reconnect()
}
