internal import JSON
internal import Orders

extension BinPool {
    private static let steps = 1...10_000

    static func read(_ reader: inout PoolReader, base: Token?, quote: Token?) -> BinPool? {
        let step = reader.integer("binStep", in: steps)
        let active = reader.integer("activeBin", in: BinPrice.ids)
        let factor = reader.integer("baseFactor", in: 0...Int(UInt16.max))
        let bins = readBins(&reader, step: step, base: base, quote: quote)
        var fees = BinFees(binStep: step ?? 1, baseFactor: factor ?? 0)
        readVariableFee(&reader, &fees)
        var volatility = BinVolatility(indexReference: active ?? 0)
        read(&reader, "volatilityAccumulator", into: &volatility.accumulator)
        read(&reader, "volatilityReference", into: &volatility.reference)
        read(&reader, "lastUpdateTimestamp", upTo: Int.max, into: &volatility.lastUpdate)
        if reader.has("indexReference"), let index = reader.integer("indexReference", in: BinPrice.ids) { volatility.indexReference = index }
        guard let active, let bins, reader.problems.isEmpty else { return nil }
        return BinPool(bins: bins, activeBin: active, fees: fees, volatility: volatility)
    }

    private static func readVariableFee(_ reader: inout PoolReader, _ fees: inout BinFees) {
        if reader.has("baseFeePowerFactor"), let power = reader.integer("baseFeePowerFactor", in: 0...9) { fees.baseFeePowerFactor = power }
        read(&reader, "variableFeeControl", into: &fees.variableFeeControl)
        read(&reader, "filterPeriod", upTo: Int(UInt16.max), into: &fees.filterPeriod)
        read(&reader, "decayPeriod", upTo: Int(UInt16.max), into: &fees.decayPeriod)
        read(&reader, "reductionFactor", upTo: 10_000, into: &fees.reductionFactor)
        read(&reader, "maxVolatilityAccumulator", into: &fees.maxVolatilityAccumulator)
        if fees.filterPeriod > fees.decayPeriod { reader.note("decayPeriod", "must be at least filterPeriod") }
    }

    /// Reads an optional field.
    private static func read(_ reader: inout PoolReader, _ field: String, upTo max: Int = Int(UInt32.max), into value: inout UInt64) {
        if reader.has(field), let number = reader.integer(field, in: 0...max) { value = UInt64(number) }
    }

    private static func readBins(_ reader: inout PoolReader, step: Int?, base: Token?, quote: Token?) -> [Bin]? {
        guard let entries = reader.list("bins") else { return nil }
        var bins: [Bin] = []
        var places: [Int: Int] = [:]
        for (index, var entry) in entries.enumerated() {
            let bin = entry.isObject() ? readBin(&entry, step: step, base: base, quote: quote) : nil
            if let bin, let first = places.updateValue(index, forKey: bin.id) {
                entry.note("id", "bin \(bin.id) is listed twice, first as bins[\(first)]")
            }
            reader.take(entry.problems)
            if let bin { bins.append(bin) }
        }
        guard bins.count == entries.count else { return nil }
        return hasSoundTotals(bins, &reader) ? bins : nil
    }

    private static func readBin(_ entry: inout PoolReader, step: Int?, base: Token?, quote: Token?) -> Bin? {
        let id = entry.integer("id", in: BinPrice.ids)
        let baseAmount = entry.amount("base", of: base, allowsZero: true)
        let quoteAmount = entry.amount("quote", of: quote, allowsZero: true)
        guard let id, let step else { return nil }
        guard let price = BinPrice.price(ofBin: id, step: step) else {
            entry.note("id", "the price of bin \(id) at a step of \(step) is out of range")
            return nil
        }
        guard let baseAmount, let quoteAmount else { return nil }
        return Bin(id: id, price: price, base: baseAmount.value, quote: quoteAmount.value)
    }

    private static func hasSoundTotals(_ bins: [Bin], _ reader: inout PoolReader) -> Bool {
        let sums = bins.reduce((base: UInt128(0), quote: UInt128(0))) { ($0.base + UInt128($1.base), $0.quote + UInt128($1.quote)) }
        let isEmpty = sums == (0, 0)
        let isTooLarge = max(sums.base, sums.quote) > UInt128(UInt64.max)
        if isEmpty { reader.note("bins", "must hold something") }
        if isTooLarge { reader.note("bins", "must not hold more than 2^64 - 1 base units of a token together") }
        return !isEmpty && !isTooLarge
    }

    func writeFields(to writer: inout JSONWriter, base: Token, quote: Token) {
        writer.field("binStep", fees.binStep)
        writer.field("activeBin", activeBin)
        writer.field("baseFactor", fees.baseFactor)
        writeVariableFee(to: &writer)
        writer.array("bins") { list in
            for bin in bins {
                list.object {
                    $0.field("id", bin.id)
                    $0.field("base", BaseUnits(bin.base).decimalText(decimals: base.decimals))
                    $0.field("quote", BaseUnits(bin.quote).decimalText(decimals: quote.decimals))
                }
            }
        }
    }

    /// Fields with their default values are left out.
    private func writeVariableFee(to writer: inout JSONWriter) {
        let plainFees = BinFees(binStep: fees.binStep, baseFactor: fees.baseFactor)
        let plain = BinVolatility(indexReference: activeBin)
        if fees.baseFeePowerFactor != 0 { writer.field("baseFeePowerFactor", fees.baseFeePowerFactor) }
        let numbers: [(String, UInt64, UInt64)] = [
            ("variableFeeControl", fees.variableFeeControl, plainFees.variableFeeControl),
            ("filterPeriod", fees.filterPeriod, plainFees.filterPeriod), ("decayPeriod", fees.decayPeriod, plainFees.decayPeriod),
            ("reductionFactor", fees.reductionFactor, plainFees.reductionFactor),
            ("maxVolatilityAccumulator", fees.maxVolatilityAccumulator, plainFees.maxVolatilityAccumulator),
            ("volatilityAccumulator", volatility.accumulator, plain.accumulator),
            ("volatilityReference", volatility.reference, plain.reference), ("lastUpdateTimestamp", volatility.lastUpdate, plain.lastUpdate),
        ]
        for (name, value, usual) in numbers where value != usual { writer.number(name, String(value)) }
        if volatility.indexReference != plain.indexReference { writer.field("indexReference", volatility.indexReference) }
    }
}
