import TestSupport
import Testing

@testable import Pipeline

struct PlacesTests {
    @Test func `an entry that leaves its place makes room for the next, until too many are under way`() {
        var places = Places(count: 2, maxUnderWay: 3)
        #expect(places.free == 2)
        places.take()
        places.take()
        #expect(places.free == 0)
        places.leave()
        #expect(places.free == 1 && places.taken == 1 && places.underWay == 1)
        places.take()
        #expect(places.free == 0, "both may leave, and then three are under way")
        places.leave()
        places.leave()
        #expect(places.free == 0 && places.taken == 0 && places.underWay == 3)
        places.end(hasLeft: true)
        #expect(places.free == 1)
        places.take()
        places.end(hasLeft: false)
        #expect(places.free == 1 && places.underWay == 2)
    }

    @Test func `where nothing leaves, the places are the limit`() {
        var places = Places(count: 4, maxUnderWay: .max)
        for free in [4, 3, 2, 1, 0] {
            #expect(places.free == free)
            if free > 0 { places.take() }
        }
    }

    @Test func `whatever comes and goes, neither limit is passed`() {
        for seed in UInt64(0)..<100 {
            var random = SeededGenerator(seed: seed)
            var places = Places(count: Int.random(in: 1...8, using: &random), maxUnderWay: Int.random(in: 1...12, using: &random))
            for _ in 0..<300 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: for _ in 0..<places.free { places.take() }
                case 1: if places.taken > 0 { places.leave() }
                case 2: if places.taken > 0 { places.end(hasLeft: false) }
                default: if places.underWay > 0 { places.end(hasLeft: true) }
                }
                #expect(0...places.count ~= places.taken && 0...places.maxUnderWay ~= places.underWay && places.free >= 0)
            }
        }
    }
}
