/// Every endpoint of the portal, from each feature's own list.
package enum Routes {
    static let all: [Route] =
        HomePages.routes + Theme.routes + SignIn.routes + FirstAdmin.routes + OneTimeLinkPages.routes
        + SettingsPages.routes + SecondFactorPages.routes + TokenPages.routes + CredentialPages.routes
        + RolePages.routes + CredentialAPI.routes
        + EnvironmentSetUpPages.routes + EnvironmentPages.routes + EnvironmentAPI.routes + JobListPage.routes
        + AbortManyPage.routes + NewJobPage.routes + DeletionPages.routes + JobPage.routes
        + ChildrenPage.routes + ChildPage.routes + ChildAPI.routes + ResultsPage.routes + ResultsAPI.routes
        + JobListAPI.routes + SubmitAPI.routes + JobAPI.routes + UploadPages.routes + UploadAPI.routes + LogPage.routes
        + LogAPI.routes + OutputPages.routes + OutputAPI.routes + EventAPI.routes + MeAPI.routes + PeoplePages.routes
        + PersonPages.routes + PersonLimitPages.routes + TeamPages.routes + PeopleAPI.routes + SystemPage.routes
        + LimitPages.routes
        + AuditPages.routes + VaultPages.routes + CredentialHealthPage.routes
        + Health.routes

    /// As `METHOD /path/*`: what the API's document must name.
    package static var addresses: [String] {
        all.map { $0.method + " /" + $0.pattern.joined(separator: "/") }
    }

    enum Found {
        case route(Route, [String])
        case otherMethods([String])
        case nothing
    }

    /// The first route of the method that matches; HEAD is answered as GET without its body. Literal parts win over
    /// `*` because they are declared first.
    static func find(_ method: String, _ path: [String]) -> Found {
        let wanted = method == "HEAD" ? "GET" : method
        var others: [String] = []
        for route in all {
            guard let parameters = route.match(path) else { continue }
            if route.method == wanted { return .route(route, parameters) }
            others.append(route.method)
        }
        return others.isEmpty ? .nothing : .otherMethods(others)
    }
}
