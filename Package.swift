// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func module(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// Optimised in debug builds too: modules that every test goes through, whose loops over bytes otherwise take a third of what
/// the programs under test take. Only for such as have no `unsafe`: the standard library checks it in debug builds alone.
func quick(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .target(
        name: name, dependencies: dependencies,
        swiftSettings: strict + [.unsafeFlags(["-O"], .when(configuration: .debug))])
}

/// `data` are files and folders beside the tests that are not compiled; tests find them by `#filePath`.
func tests(_ name: String, _ dependencies: Target.Dependency..., data: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies, exclude: data,
        swiftSettings: strict)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let xml = Target.Dependency.product(name: "XMLCoder", package: "XMLCoder")

let package = Package(
    name: "batchport",
    products: [
        .executable(name: "batchport", targets: ["Command"]),
        .executable(name: "batchport-runner", targets: ["RunnerCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/CoreOffice/XMLCoder", from: "0.18.2"),
    ],
    targets: [
        // C: a module map and a shim each, nothing else.
        .systemLibrary(name: "CFastCGI", providers: [.apt(["libfcgi-dev"])]),
        .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),

        // Leaves.
        quick("HTTP", "HTML", "JSON"),
        module("HTML"),
        quick("JSON"),
        module("Settings", "Processes"),
        module("Processes", "CLinux"),
        module("Cryptography", "COpenSSL", crypto),
        module("FastCGI", "CFastCGI", "CLinux", "HTTP", "Processes"),
        module("PostgreSQL", "CPostgreSQL"),
        module("HTTPClient", "CCurl", "HTTP"),
        quick("JobManifest", "JSON"),
        quick("IAMPolicy", "JSON"),
        quick("AWS", "HTTPClient", "HTTP", "Cryptography", "JSON", xml),
        module("Vault", "Cryptography", "Processes"),
        module("Tasks", "PostgreSQL", "Processes"),

        // Houses.
        module(
            "Batchport", "HTTP", "HTML", "JSON", "Settings", "Cryptography", "PostgreSQL", "Tasks", "Vault", "AWS",
            "HTTPClient", "JobManifest", "Processes", "FastCGI", log),
        module(
            "LocalRegion", "HTTP", "HTML", "JSON", "Settings", "Cryptography", "PostgreSQL", "AWS", "Processes",
            "FastCGI", "CLinux", "IAMPolicy", log, xml),
        module("Runner", "JobManifest", "JSON", "AWS", "HTTPClient", "Cryptography", "Processes", "CLinux"),

        // Programs.
        .executableTarget(
            name: "Command",
            dependencies: [
                "Batchport", "LocalRegion", "Settings", "Processes", "FastCGI", "PostgreSQL", "HTTPClient",
                "Cryptography",
                "AWS", "Vault", arguments, log,
            ],
            swiftSettings: strict),
        // What deploy/bench/run measures the client's signatures with.
        .executableTarget(
            name: "SigningBench", dependencies: ["AWS", "Processes"], path: "deploy/bench/sign",
            exclude: ["botocore_signs.py"], swiftSettings: strict),
        .executableTarget(name: "RunnerCommand", dependencies: ["Runner", "Processes"], swiftSettings: strict),

        // Tests.
        module("TestSupport", "PostgreSQL", "Processes", "CLinux"),
        module("TestRegion", "TestSupport", "LocalRegion", "FastCGI", "PostgreSQL", "Processes"),
        // What the tests of FastCGI and Processes start: it serves, supervises and crashes as it is told.
        .executableTarget(
            name: "TestResponder", dependencies: ["HTTP", "FastCGI", "Processes"], path: "Tests/TestResponder",
            swiftSettings: strict),
        tests("HTTP"),
        tests("HTML"),
        tests("JSON"),
        tests("Settings", "TestSupport"),
        tests("Processes", "TestSupport", "TestResponder"),
        tests("Cryptography", "Processes"),
        tests("FastCGI", "HTTP", "Processes", "TestSupport", "TestResponder"),
        tests("PostgreSQL", "TestSupport"),
        tests("HTTPClient", "HTTP", "Processes", "TestSupport"),
        tests("JobManifest", "JSON"),
        tests("IAMPolicy", "JSON", "Processes", "TestSupport", data: ["decisions.json", "judge.py"]),
        tests(
            "AWS", "Cryptography", "HTTP", "HTTPClient", "JSON", "Processes", "TestSupport",
            data: ["Vectors", "resign.py", "shapes.py", "strict_moto.py"]),
        tests("Vault", "Cryptography", "Processes", "TestSupport"),
        tests("Tasks", "PostgreSQL", "TestSupport"),
        tests(
            "Batchport", "TestSupport", "TestRegion", "HTTP", "HTTPClient", "HTML", "JSON", "JobManifest", "PostgreSQL",
            "Processes", "Cryptography", "Vault", "Tasks", "AWS", "Command", log, data: ["ASVS"]),
        tests(
            "LocalRegion", "Command", "TestRegion", "HTTPClient", "TestSupport", "PostgreSQL", "AWS", "JSON",
            "Processes",
            "Cryptography", "HTTP"),
        tests(
            "Runner", "RunnerCommand", "JobManifest", "JSON", "AWS", "HTTPClient", "Cryptography", "Processes",
            "TestSupport"),
    ]
)
