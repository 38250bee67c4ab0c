import Testing

@testable import Observability

@Suite struct MetricsTests {
    private let registry = MetricsRegistry()

    @Test func `counters and gauges are rendered with help, type and labels`() {
        let orders = registry.counters("orders_total", help: "Orders by outcome.", by: ["outcome", "dex"])
        let confirmed = orders.labelled("confirmed", "raydium")
        confirmed.increment()
        confirmed.increment(by: 41)
        orders.labelled("failed", "meteora").increment()
        let inHand = registry.gauge("orders_in_hand", help: "Orders in hand.")
        inHand.set(3)
        inHand.add(-1)
        #expect(
            registry.render() == """
                # HELP orders_total Orders by outcome.
                # TYPE orders_total counter
                orders_total{outcome="confirmed",dex="raydium"} 42
                orders_total{outcome="failed",dex="meteora"} 1
                # HELP orders_in_hand Orders in hand.
                # TYPE orders_in_hand gauge
                orders_in_hand 2

                """)
    }

    @Test func `a histogram is cumulative and ends with infinity, sum and count`() {
        let waits = registry.histogram("wait_seconds", help: "Waits.", bounds: [0.1, 1])
        for duration in [Duration.milliseconds(100), .milliseconds(500), .seconds(4)] { waits.observe(duration) }
        waits.observe(.nan)
        waits.observe(.infinity)
        #expect(
            registry.render() == """
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.1"} 1
                wait_seconds_bucket{le="1"} 2
                wait_seconds_bucket{le="+Inf"} 3
                wait_seconds_sum 4.6
                wait_seconds_count 3

                """)
    }

    @Test func `the same label values are the same series`() {
        let family = registry.counters("calls_total", help: "Calls.", by: ["op"])
        #expect(family.labelled("get") === family.labelled("get"))
        #expect(family.labelled("get") !== family.labelled("set"))
    }

    @Test func `label values beyond the bound share one series`() {
        let family = registry.counters("calls_total", help: "Calls.", by: ["op"])
        for index in 0..<MetricFamily<Counter>.maxSeries { family.labelled("op\(index)").increment() }
        let first = family.labelled("op0")
        family.labelled("one more").increment()
        family.labelled("and another").increment()
        #expect(family.labelled("op0") === first)
        let lines = registry.render().split(separator: "\n")
        #expect(lines.count == 2 + MetricFamily<Counter>.maxSeries + 1)
        #expect(lines.last == "calls_total{op=\"other\"} 2")
    }

    @Test func `values are read when scraped, and left out where there is none`() {
        var lag: Double? = 7
        registry.observe(.gauge, "lag", help: "Lag.") { lag }
        registry.observe(.counter, "reads_total", help: "Reads.", by: ["stream"]) { [Observation(2, labels: ["accepted"])] }
        #expect(registry.render().contains("\nlag 7\n"))
        #expect(registry.render().contains("\nreads_total{stream=\"accepted\"} 2\n"))
        lag = nil
        #expect(!registry.render().contains("\nlag "))
    }

    @Test func `help and label values are escaped`() {
        registry.gauges("g", help: "a\\b\n\"c\"", by: ["l"]).labelled("a\\b\n\"c\"").set(1.5)
        #expect(
            registry.render() == """
                # HELP g a\\\\b\\n"c"
                # TYPE g gauge
                g{l="a\\\\b\\n\\"c\\""} 1.5

                """)
    }

    @Test(arguments: [(0.0025, "0.0025"), (1, "1"), (-3, "-3"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN")] as [(Double, String)])
    func `numbers are written as Prometheus reads them`(value: Double, text: String) { #expect(PrometheusText.number(value) == text) }

    @Test(arguments: [("a_b:c9", true, true), ("a:b", false, false), ("9a", true, false), ("", true, false), ("a-b", true, false)])
    func `names are checked`(name: String, colons: Bool, isName: Bool) { #expect(PrometheusText.isName(name, colons: colons) == isName) }

    @Test func `the process tells its memory, time, descriptors and build`() throws {
        registry.registerProcess(service: "router", version: "1.2.3")
        let samples = registry.render().split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ") }
        func value(_ name: String) throws -> Double {
            try #require(samples.first { $0.first == Substring(name) }.flatMap { Double($0[1]) }, "\(name) is missing")
        }
        #expect(try value("process_resident_memory_bytes") > 1_000_000)
        #expect(try value("process_cpu_seconds_total") > 0)
        #expect(try (3..<100_000).contains(value("process_open_fds")))
        #expect(try value("process_max_fds") >= value("process_open_fds"))
        #expect(try value("process_start_time_seconds") > 1_700_000_000)
        #expect(try value("order_engine_build_info{service=\"router\",version=\"1.2.3\"}") == 1)
    }
}
