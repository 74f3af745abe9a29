import HTML

/// The admin's pages, beside each other.
enum AdminTabs {
    private static let pages: [(name: String, path: String)] = [
        ("People", "/admin/people"), ("Teams", "/admin/teams"), ("Limits", "/admin/limits"),
        ("Audit", "/admin/audit"), ("Credentials", "/admin/credentials"), ("Vault", "/admin/vault"),
        ("System", "/admin/system"),
    ]

    static func html(_ current: String) -> HTML {
        let links = pages.map { page -> HTML in
            let mark: HTML? = page.name == current ? " aria-current=\"page\"" : nil
            return "<a href=\"\(page.path)\"\(mark)>\(page.name)</a>"
        }
        return "<nav class=\"tabs\" aria-label=\"Administration\">\(links)</nav>"
    }
}
