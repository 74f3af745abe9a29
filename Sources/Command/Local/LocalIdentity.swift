import ArgumentParser
import LocalRegion
import Processes

struct LocalIdentity: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity", abstract: "Makes users, roles and policies; prints the users' keys, one a line.",
        discussion: """
            The script is a JSON object: {"users": [{"name": "reader", "policies": {"read": POLICY}}], "roles": [{"name":
            "lab", "trust": POLICY, "policies": {"all": POLICY}, "maxSessionSeconds": 3600}], "policies": {"narrow":
            POLICY}, "buckets": [{"name": "b", "policy": POLICY}]}, with policies as AWS writes them. Each replaces all
            that stood for the one of its name.
            """)

    @OptionGroup var settingsOption: SettingsOption
    @Argument(help: "The script's file.") var script = "/dev/stdin"

    func run() throws {
        let bytes = try LocalOrder.read(script)
        let orders: IdentityOrders
        do { orders = try IdentityOrders(bytes) } catch { throw Sentence(error.description) }
        try settingsOption.inLocalRegion { database in
            for user in try orders.give(&database) { print(user) }
        }
    }
}
