import HTTP

/// STS's operations: who am I.
enum STSService {
    static let namespace: StaticString = "https://sts.amazonaws.com/doc/2011-06-15/"

    static func operation(_ form: Form) throws(LocalFault) -> String {
        do {
            return try form.one("Action") ?? ""
        } catch {
            throw LocalFault(code: "MalformedQueryString", message: error.detail)
        }
    }

    static func answer(_ operation: String, _ caller: LocalCaller, id: String) throws(LocalFault) -> Response {
        guard operation == "GetCallerIdentity" else {
            throw LocalFault(
                code: "InvalidAction", message: "Could not find operation \(operation) for version 2011-06-15")
        }
        return .xml(
            XMLText.document("GetCallerIdentityResponse", namespace: namespace) { xml in
                xml.element("GetCallerIdentityResult") { xml in
                    xml.element("Arn", caller.arn)
                    xml.element("UserId", caller.userID)
                    xml.element("Account", caller.account)
                }
                xml.element("ResponseMetadata") { $0.element("RequestId", id) }
            })
    }
}
