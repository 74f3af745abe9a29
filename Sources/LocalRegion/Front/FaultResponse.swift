import HTTP
import JSON

extension LocalService {
    /// The fault in this service's own form (aws.md 1.1).
    func response(to fault: LocalFault, for request: Request, id: String) -> Response {
        switch self {
        case .batch:
            var response = Response.json(["message": .string(fault.message)], status: fault.status)
            response.headers.add("x-amzn-ErrorType", fault.code)
            return response
        case .logs:
            return .json(
                ["__type": .string(fault.code), "message": .string(fault.message)], status: fault.status,
                type: "application/x-amz-json-1.1")
        case .sts: return .xml(Self.query(fault, id, STSService.namespace), status: fault.status)
        case .cloudformation:
            return .xml(Self.query(fault, id, CloudFormationService.namespace), status: fault.status)
        case .s3:
            let body = request.method == "HEAD" || fault.status == 304 ? [] : Self.rest(fault, request, id)
            var response = Response.xml(body, status: fault.status)
            // HEAD's answer has no document that could say it.
            if let region = fault.details.first(where: { $0.name.description == "Region" }) {
                response.headers.add("x-amz-bucket-region", region.value)
            }
            return response
        }
    }

    /// What the client reads the request's name from.
    func name(_ response: inout Response, _ id: String) {
        switch self {
        case .s3:
            response.headers.add("x-amz-request-id", id)
            response.headers.add("x-amz-id-2", id)
        case .batch, .cloudformation, .logs, .sts: response.headers.add("x-amzn-RequestId", id)
        }
    }

    private static func query(_ fault: LocalFault, _ id: String, _ namespace: StaticString) -> [UInt8] {
        XMLText.document("ErrorResponse", namespace: namespace) { xml in
            xml.element("Error") { xml in
                xml.element("Type", fault.status < 500 ? "Sender" : "Receiver")
                xml.element("Code", fault.code)
                xml.element("Message", fault.message)
            }
            xml.element("RequestId", id)
        }
    }

    private static func rest(_ fault: LocalFault, _ request: Request, _ id: String) -> [UInt8] {
        XMLText.document("Error") { xml in
            xml.element("Code", fault.code)
            xml.element("Message", fault.message)
            for detail in fault.details { xml.element(detail.name, detail.value) }
            xml.element("Resource", request.rawPath)
            xml.element("RequestId", id)
            xml.element("HostId", id)
        }
    }
}

extension Response {
    static func xml(_ bytes: [UInt8], status: Int = 200) -> Response {
        Response(status: status, headers: Headers([("Content-Type", "application/xml")]), body: .bytes(bytes))
    }
}
