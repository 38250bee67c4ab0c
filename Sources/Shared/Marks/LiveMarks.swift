internal import EventLoop
internal import Orders
internal import Pipeline

/// Marks of live venues, as the leader of the routers has published them. Who asks for one says that it is wanted.
@ServiceActor
final class LiveMarks: MarkSource {
    private let pipeline: OrderPipeline
    private let wanter: PriceWanter

    init(pipeline: OrderPipeline, for wanter: PriceWanter) { (self.pipeline, self.wanter) = (pipeline, wanter) }

    func marks(_ questions: Set<MarkQuestion>, partition: Int) async -> [MarkQuestion: Mark] {
        guard !questions.isEmpty, let found = try? await pipeline.publishedMarks(questions.map(\.name), wantedBy: wanter)
        else { return [:] }
        return Dictionary(uniqueKeysWithValues: questions.compactMap { question in found[question.name].map { (question, $0) } })
    }
}

extension MarkQuestion {
    /// The name under which its mark is published.
    public var name: String {
        switch self {
        case .price(let direction): direction.name
        case .liquidity(let direction, let amount): "\(direction.name):\(amount)"
        }
    }

    /// Reads a name.
    public init?(name: String) {
        if let direction = PriceDirection(name: name) {
            self = .price(direction)
            return
        }
        guard let colon = name.lastIndex(of: ":"), let direction = PriceDirection(name: name[..<colon]),
            let amount = BaseUnits(units: String(name[name.index(after: colon)...]))
        else { return nil }
        self = .liquidity(direction, amount)
    }
}
