import EventLoop
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct SharedPlacesTests {
    private typealias Part = SharedPlaces.Part

    private func take(_ count: Int, _ places: SharedPlaces, _ part: SharedPlaces.Part) { for _ in 0..<count { #expect(places.take(part)) } }

    @Test func `a lane alone has all places`() {
        let places = SharedPlaces(count: 16, maxUnderWay: .max)
        let part = places.join()
        #expect(places.mayAwait(part) == 16)
        take(16, places, part)
        #expect(places.mayAwait(part) == 0 && places.mayTake(part) == 0 && !places.take(part))
    }

    @Test func `a lane that has much to read may take all that idle ones do not use`() {
        let places = SharedPlaces(count: 16, maxUnderWay: .max)
        let busy = places.join()
        let idle = (0..<20).map { _ in places.join() }
        #expect(places.mayAwait(busy) == 1, "more lanes wait than there are places")
        take(1, places, busy)
        places.setEager(busy, true)
        #expect(places.mayTake(busy) == 15)
        take(15, places, busy)
        #expect(idle.allSatisfy { places.mayAwait($0) == 1 }, "an idle lane hears of its next entry all the same")
    }

    @Test func `lanes that all have much to read have fair parts, whoever asks first`() {
        let places = SharedPlaces(count: 12, maxUnderWay: .max)
        let parts = (0..<3).map { _ in places.join() }
        for part in parts { places.setEager(part, true) }
        var random = SeededGenerator(seed: 7)
        for _ in 0..<1000 {
            let part = parts[Int.random(in: 0..<3, using: &random)]
            let count = places.mayTake(part)
            places.keep(count, for: part)
            places.letGo(count)
            take(count, places, part)
            let other = parts[Int.random(in: 0..<3, using: &random)]
            if other.taken > 0, Bool.random(using: &random) { places.end(other, hasLeft: false) }
            #expect(parts.allSatisfy { $0.taken <= 4 } && places.places.taken <= 12)
        }
    }

    @Test func `of many lanes that have much to read, one at a time takes many entries, and then comes after the others`() {
        let places = SharedPlaces(count: 64, maxUnderWay: .max)
        let parts = (0..<48).map { _ in places.join() }
        for part in parts { places.setEager(part, true) }
        #expect(places.mayTake(parts[0]) == 16, "there is room for three others")
        for part in parts.prefix(4) {
            places.keep(places.mayTake(part), for: part)
            places.letGo(16)
            take(16, places, part)
        }
        for _ in 0..<16 { places.end(parts[0], hasLeft: false) }
        #expect(places.mayTake(parts[0]) == 0 && places.mayTake(parts[4]) == 16)
        let many = SharedPlaces(count: 5000, maxUnderWay: .max)
        let two = (0..<1000).map { _ in many.join() }
        for part in two { many.setEager(part, true) }
        #expect(many.mayTake(two[0]) == 32, "a call takes no more of one partition than that")
    }

    @Test func `with more lanes that have much to read than places, each gets a place in its turn`() {
        let places = SharedPlaces(count: 2, maxUnderWay: .max)
        let parts = (0..<6).map { _ in places.join() }
        for part in parts { places.setEager(part, true) }
        var served = Array(repeating: 0, count: 6)
        var random = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            for (index, part) in parts.enumerated() {
                let count = places.mayTake(part)
                guard count > 0 else { continue }
                places.keep(count, for: part)
                places.letGo(count)
                take(count, places, part)
                served[index] += count
            }
            if let part = parts.filter({ $0.taken > 0 }).randomElement(using: &random) { places.end(part, hasLeft: false) }
        }
        #expect(served.allSatisfy { $0 > 30 }, "\(served)")
    }

    @Test func `an entry without a place takes the next one before any lane reads more`() async throws {
        let places = SharedPlaces(count: 1, maxUnderWay: .max)
        let (first, second) = (places.join(), places.join())
        places.setEager(first, true)
        take(1, places, first)
        let waiting = Loop.spawn { await places.wait(second) }
        try await eventually { second.waiting == 1 }
        #expect(places.mayAwait(second) == 0, "one entry waits at most")
        places.end(first, hasLeft: false)
        #expect(places.mayTake(first) == 0)
        places.changed.notify()
        #expect(await waiting.value)
        #expect(second.taken == 1 && second.waiting == 0 && places.places.taken == 1)
    }

    @Test func `an entry that is given up while it waits leaves the queue`() async throws {
        let places = SharedPlaces(count: 1, maxUnderWay: .max)
        let (first, second) = (places.join(), places.join())
        take(1, places, first)
        let waiting = Loop.spawn { await places.wait(second) }
        try await eventually { second.waiting == 1 }
        waiting.cancel()
        #expect(await !waiting.value)
        places.end(first, hasLeft: false)
        #expect(second.waiting == 0 && places.take(first))
    }

    @Test func `at the limit of what is under way no lane waits for more`() {
        let places = SharedPlaces(count: 4, maxUnderWay: 2)
        let (first, second) = (places.join(), places.join())
        take(2, places, first)
        places.leave(first)
        places.leave(first)
        #expect(places.mayAwait(first) == 0 && places.mayAwait(second) == 0)
        places.end(first, hasLeft: true)
        #expect(places.mayAwait(second) == 1)
    }
}
