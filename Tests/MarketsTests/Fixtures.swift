import Orders
import TestOrders
import TestSupport

@testable import Markets

enum Fixtures {
    static let sol = Token.sol
    static let usdc = Token.usdc
    static let ray = Token(symbol: "RAY", name: "Raydium", mint: "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R", decimals: 6)

    /// A SOL/USDC pool; reserves in whole tokens.
    static func pool(
        _ dex: String, address: String = "BFUsVbT37mEy4iN9W5scq9u2K3MNS2YHZmWJ3sy4cYeC", sol: UInt64, usdc: UInt64, feePpm: Int
    ) -> Pool {
        let reserves = PoolReserves(base: BaseUnits(sol * 1_000_000_000), quote: BaseUnits(usdc * 1_000_000))
        return Pool(
            dex: dex, address: address, base: Fixtures.sol, quote: Fixtures.usdc, pricing: ConstantProductPool(reserves: reserves, feePpm: feePpm))
    }

    /// A random SOL/USDC pool with few base units, of which all divisions can be tried.
    static func small(_ address: String, base: ClosedRange<UInt64>, quote: ClosedRange<UInt64>, _ numbers: inout SeededGenerator) -> Pool {
        let reserves = PoolReserves(
            base: BaseUnits(UInt64.random(in: base, using: &numbers)), quote: BaseUnits(UInt64.random(in: quote, using: &numbers)))
        return Pool(
            dex: "raydium", address: address, base: Fixtures.sol, quote: Fixtures.usdc,
            pricing: ConstantProductPool(reserves: reserves, feePpm: Int.random(in: 0...50_000, using: &numbers)))
    }

    /// A SOL/USDC pool of bins around bin -5297, 120.2267 USDC for a SOL; what the bins hold is in base units.
    static func bins(
        _ bins: [(id: Int, base: UInt64, quote: UInt64)], active: Int = -5297, step: Int = 4, fees: BinFees? = nil, address: String = "bins"
    ) -> Pool {
        let bins = bins.map { bin in
            BinPool.Bin(id: bin.id, price: BinPrice.price(ofBin: bin.id, step: step) ?? 0, base: bin.base, quote: bin.quote)
        }
        return Pool(
            dex: "meteora", address: address, base: sol, quote: usdc,
            pricing: BinPool(bins: bins, activeBin: active, fees: fees ?? BinFees(binStep: step, baseFactor: 10_000)))
    }
}

extension SeededGenerator {
    /// A number of a random magnitude, from 1 to 2^bits - 1.
    mutating func magnitude(bits: Int) -> UInt64 {
        let width = Int.random(in: 1...bits, using: &self)
        return UInt64.random(in: (1 << (width - 1))...(width == 64 ? .max : (1 << width) - 1), using: &self)
    }
}
