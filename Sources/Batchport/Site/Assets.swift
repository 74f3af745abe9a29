import Cryptography
import HTML
import Processes

/// The static files, each under an address that changes with its content, so that nginx may let browsers keep it for
/// good: `/assets/HASH/NAME`.
package struct Assets: Sendable {
    private let paths: [String: String]
    private let icons: [String: HTML]

    /// Hashes the named files of the folder; a missing one is an error at start, not a broken page later.
    package init(folder: String, names: [String] = ["app.css", "icons.svg", "app.js", "mark.svg", "openapi.json"])
        throws
    {
        var paths: [String: String] = [:]
        for name in names {
            let content = try File.read(folder + "/" + name, limit: 4 << 20)
            paths[name] = "/assets/" + hex(Array(sha256(content).prefix(8))) + "/" + name
        }
        self.paths = paths
        let names = Self.symbols(of: try File.read(folder + "/icons.svg", limit: 4 << 20))
        icons = Dictionary(uniqueKeysWithValues: names.map { ($0, Self.icon($0, of: paths["icons.svg"])) })
    }

    func path(_ name: String) -> String { paths[name] ?? "/assets/unknown/" + name }

    /// An icon of the sprite; decoration, since the word stands beside it.
    func icon(_ name: String) -> HTML { icons[name] ?? HTML() }

    private static func icon(_ name: String, of sprite: String?) -> HTML {
        "<svg class=\"i\" aria-hidden=\"true\"><use href=\"\(sprite)#\(name)\"/></svg>"
    }

    private static func symbols(of sprite: [UInt8]) -> Set<String> {
        let parts = String(decoding: sprite, as: UTF8.self).split(separator: "<symbol id=\"").dropFirst()
        return Set(parts.map { String($0.prefix { $0 != "\"" }) })
    }
}
