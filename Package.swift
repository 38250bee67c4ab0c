// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Where it is tested. Who runs a release with a newer compiler is not to be stopped by a new warning.
    .treatAllWarnings(as: .error, .when(configuration: .debug)),
    // The tests run with this check. All state is isolated to one actor, and a release does not pay for the check at each access.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A C library from the distribution: its headers, and wrappers for what Swift cannot import (variadics, macros).
func cLibrary(_ name: String, links library: String) -> Target {
    .target(name: name, path: "Sources/Shared/\(name)", linkerSettings: [.linkedLibrary(library)])
}

/// A module that services share.
func shared(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Shared/\(name)", resources: resources, swiftSettings: swiftSettings)
}

/// The logic of a service, as a library that tests can import.
func service(_ folder: String, _ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "services/\(folder)/\(name)", swiftSettings: swiftSettings)
}

/// The executable of a service: a main of a few lines.
func executable(_ name: String, _ library: String) -> Target {
    .executableTarget(
        name: name, dependencies: [.target(name: library), "ServiceKit"], path: "services/\(name)/Main", swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)", swiftSettings: swiftSettings)
}

/// What reads input from outside. Usually a suite of tests; with FUZZ, as scripts/fuzz sets it, the executable of libFuzzer, of the same targets.
func fuzzTests(_ dependencies: [Target.Dependency]) -> Target {
    Context.environment["FUZZ"] == nil
        ? .testTarget(
            name: "FuzzTests", dependencies: dependencies + ["TestSupport"], path: "Tests/FuzzTests", exclude: ["Corpus", "Fuzzer"],
            swiftSettings: swiftSettings)
        : .executableTarget(
            name: "fuzzer", dependencies: dependencies, path: "Tests/FuzzTests", exclude: ["Corpus", "Suites"], swiftSettings: swiftSettings)
}

let package = Package(
    name: "order-execution-engine",
    products: [
        .executable(name: "gateway", targets: ["gateway"]),
        .executable(name: "router", targets: ["router"]),
        .executable(name: "executor", targets: ["executor"]),
        .executable(name: "notifier", targets: ["notifier"]),
        .executable(name: "orderctl", targets: ["orderctl"]),
        .executable(name: "engine", targets: ["engine"]),
    ],
    targets: [
        // C libraries
        cLibrary("CLibuv", links: "uv"),
        cLibrary("CHiredis", links: "hiredis"),
        cLibrary("CLibpq", links: "pq"),
        cLibrary("CMicrohttpd", links: "microhttpd"),
        cLibrary("CWslay", links: "wslay"),
        cLibrary("CCurl", links: "curl"),
        cLibrary("CCrypto", links: "crypto"),
        cLibrary("CTLS", links: "ssl"),
        // No library: what a signal handler may do, which Swift cannot promise.
        .target(name: "CCrash", path: "Sources/Shared/CCrash"),

        // The domain: pure, without I/O and without a clock
        shared("JSON"),
        shared("Orders", ["JSON"]),
        shared("Markets", ["JSON", "Orders"]),
        // Who may do what
        shared("Access", ["CCrypto", "JSON", "Orders"]),
        // What the clients of each document say and are told
        shared("Dialects", ["JSON", "Orders"]),

        // The process and its clients
        shared("EventLoop", ["CLibuv"]),
        shared("Configuration"),
        shared("Observability", ["CCrash", "JSON"]),
        shared("Redis", ["CCrypto", "CHiredis", "CTLS", "Configuration", "EventLoop"]),
        shared("Postgres", ["CLibpq", "Configuration", "EventLoop"]),
        shared("HTTP", ["CCrypto", "CCurl", "CMicrohttpd", "CWslay", "Configuration", "EventLoop", "JSON"]),

        // What the services are made of
        shared(
            "Pipeline", ["EventLoop", "JSON", "Orders", "Redis"],
            resources: [.embedInCode("Scripts/Lua")]),
        .target(
            name: "Migrations", path: "database", resources: [.embedInCode("migrations")], swiftSettings: swiftSettings),
        shared("Storage", ["EventLoop", "JSON", "Migrations", "Orders", "Postgres"]),
        shared(
            "ServiceKit",
            ["Access", "Configuration", "EventLoop", "HTTP", "Markets", "Observability", "Orders", "Pipeline", "Redis"]),

        // Where quotes come from
        shared("Venues", ["Configuration", "EventLoop", "HTTP", "JSON", "Markets", "Orders"]),

        // The mock market and chain, and the list of chains
        shared(
            "PaperMarket",
            ["Configuration", "EventLoop", "JSON", "Markets", "Observability", "Orders", "Pipeline", "Redis", "ServiceKit", "Venues"],
            resources: [.embedInCode("Ledger/Lua")]),
        // The prices that orders wait for
        shared("Marks", ["Configuration", "EventLoop", "Markets", "Observability", "Orders", "PaperMarket", "Pipeline", "ServiceKit", "Venues"]),
        shared("Chains", ["Configuration", "EventLoop", "PaperMarket", "ServiceKit", "Venues"]),

        // The services
        service(
            "gateway", "GatewayService",
            [
                "Access", "Configuration", "Dialects", "EventLoop", "HTTP", "JSON", "Markets", "Marks", "Observability", "Orders", "PaperMarket",
                "Pipeline",
                "Postgres", "Redis",
                "ServiceKit", "Storage",
            ]),
        service(
            "router", "RouterService",
            [
                "Configuration", "EventLoop", "HTTP", "JSON", "Markets", "Marks", "Observability", "Orders", "PaperMarket", "Pipeline", "ServiceKit",
                "Venues",
            ]),
        service(
            "executor", "ExecutorService",
            ["Chains", "Configuration", "EventLoop", "HTTP", "Markets", "Observability", "Orders", "Pipeline", "ServiceKit", "Venues"]),
        service(
            "notifier", "NotifierService",
            [
                "Access", "Configuration", "Dialects", "EventLoop", "HTTP", "JSON", "Observability", "Orders", "Pipeline", "Postgres", "Redis",
                "ServiceKit",
                "Storage",
            ]),
        executable("gateway", "GatewayService"),
        executable("router", "RouterService"),
        executable("executor", "ExecutorService"),
        executable("notifier", "NotifierService"),

        // Tools
        .target(
            name: "OrderCtl", dependencies: ["Access", "Configuration", "EventLoop", "HTTP", "JSON", "Orders", "Venues"],
            path: "tools/orderctl/OrderCtl", swiftSettings: swiftSettings),
        .executableTarget(
            name: "orderctl", dependencies: ["OrderCtl"], path: "tools/orderctl/Main", swiftSettings: swiftSettings),

        // All of these in one executable, for the image
        .executableTarget(
            name: "engine", dependencies: ["ExecutorService", "GatewayService", "NotifierService", "OrderCtl", "RouterService", "ServiceKit"],
            path: "services/engine/Main", swiftSettings: swiftSettings),

        // What is hot, one operation after the other, for scripts/micro
        .executableTarget(
            name: "micro-benchmark",
            dependencies: [
                "Configuration", "Dialects", "EventLoop", "HTTP", "JSON", "Markets", "Orders", "PaperMarket", "Pipeline", "Postgres", "Redis",
                "ServiceKit", "Storage",
            ], path: "Benchmarks/micro", exclude: ["baseline.json"], swiftSettings: swiftSettings),

        // Tests
        .target(
            name: "TestSupport", dependencies: ["Configuration", "EventLoop", "Observability"], path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        .target(name: "TestOrders", dependencies: ["Orders", "TestSupport"], path: "Tests/TestOrders", swiftSettings: swiftSettings),
        tests("JSONTests", ["JSON"]),
        tests("AccessTests", ["Access", "JSON", "Orders"]),
        tests("OrdersTests", ["Dialects", "JSON", "Orders", "TestOrders"]),
        tests("MarketsTests", ["JSON", "Markets", "Orders", "PaperMarket", "TestOrders"]),
        tests("EventLoopTests", ["EventLoop"]),
        tests("ConfigurationTests", ["Configuration"]),
        tests("ObservabilityTests", ["JSON", "Observability"]),
        tests("RedisTests", ["Configuration", "EventLoop", "Redis"]),
        tests("PostgresTests", ["EventLoop", "Postgres"]),
        tests("HTTPTests", ["EventLoop", "HTTP"]),
        tests("PipelineTests", ["Configuration", "EventLoop", "JSON", "Orders", "PaperMarket", "Pipeline", "Redis", "TestOrders", "Venues"]),
        // Optimised in every build: it visits millions of states.
        .testTarget(
            name: "ModelTests", dependencies: ["Configuration", "EventLoop", "Orders", "Pipeline", "Redis", "TestOrders", "TestSupport"],
            path: "Tests/ModelTests",
            swiftSettings: swiftSettings + [.unsafeFlags(["-O"])]),
        tests("StorageTests", ["EventLoop", "JSON", "Migrations", "Orders", "Postgres", "Storage", "TestOrders"]),
        tests(
            "ServiceTests",
            [
                "Access", "Chains", "Configuration", "Dialects", "EventLoop", "ExecutorService", "GatewayService", "HTTP", "JSON", "Markets",
                "Marks", "NotifierService", "Observability", "Orders", "PaperMarket", "Pipeline", "Postgres", "Redis", "RouterService", "ServiceKit",
                "Storage", "TestOrders", "Venues",
            ]),
        tests("VenuesTests", ["Configuration", "EventLoop", "HTTP", "JSON", "Orders", "TestOrders", "Venues"]),
        tests("OrderCtlTests", ["Access", "EventLoop", "HTTP", "JSON", "OrderCtl", "Orders"]),
        fuzzTests([
            "Access", "CHiredis", "CLibuv", "CMicrohttpd", "Configuration", "Dialects", "EventLoop", "GatewayService", "HTTP", "JSON", "Markets",
            "NotifierService", "Orders", "Pipeline", "Postgres", "Redis", "ServiceKit", "Storage", "Venues",
        ]),
        tests("EndToEndTests", ["Configuration", "EventLoop", "HTTP", "JSON", "Orders", "Postgres", "Redis"]),
    ],
    swiftLanguageModes: [.v6],
)
