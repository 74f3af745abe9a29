import HTTP
import PostgreSQL

/// STS's operations: who am I, and who may I become.
enum STSService {
    static let namespace: StaticString = "https://sts.amazonaws.com/doc/2011-06-15/"

    static func operation(_ form: Form) throws(LocalFault) -> String {
        do {
            return try form.one("Action") ?? ""
        } catch {
            throw LocalFault(code: "MalformedQueryString", message: error.detail)
        }
    }

    static func answer(
        _ operation: String, _ form: Form, _ access: CallerAccess, _ database: inout Connection, id: String
    ) throws -> Response {
        switch operation {
        // Nobody needs a permission for this, and nobody can be denied it.
        case "GetCallerIdentity": return callerIdentity(access.caller, id: id)
        case "AssumeRole": return try AssumeRole.answer(form, access, &database, id: id)
        default:
            throw LocalFault(
                code: "InvalidAction", message: "Could not find operation \(operation) for version 2011-06-15")
        }
    }

    private static func callerIdentity(_ caller: LocalCaller, id: String) -> Response {
        .xml(
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
