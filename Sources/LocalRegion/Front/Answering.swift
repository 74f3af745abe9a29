import HTTP
import JSON
import Logging
import PostgreSQL
import Processes

/// The way of every request: what it claims, whom it asks, whether the signature holds, which fault was ordered, whether
/// it is allowed, the operation, and the answer in its service's form.
enum Answering {
    static func answer(_ request: Request, _ body: inout RequestBody, _ thread: inout LocalThread) -> Response {
        let id = RequestID.make()
        thread.now = Clock.milliseconds()
        thread.skew = 0
        var service = LocalService.looks(request)
        var response: Response
        do {
            try thread.database.reconnectIfBroken()
            response = try dispatch(request, &body, &thread, id, &service)
        } catch {
            response = refuse(error, request, service, id)
        }
        // A client reads no answer before it has sent everything.
        if case .dropped = response.body {} else { while (try? body.chunk(max: 1 << 18)) ?? nil != nil {} }
        service.name(&response, id)
        if thread.skew != 0 { response.headers.add("Date", HTTPDate.format(thread.now / 1000)) }
        if request.method == "HEAD", case .bytes = response.body { response.body = .bytes([]) }
        return response
    }

    /// Of a request that cannot even be read.
    static func refuse(_ error: RequestError) -> Response {
        .xml(
            XMLText.document("Error") { xml in
                xml.element("Code", error.status == 503 ? "ServiceUnavailable" : "InvalidRequest")
                xml.element("Message", error.detail)
            }, status: error.status)
    }

    private static func dispatch(
        _ request: Request, _ body: inout RequestBody, _ thread: inout LocalThread, _ id: String,
        _ service: inout LocalService
    ) throws -> Response {
        guard let claim = try SignatureClaim.read(request) else {
            return try anonymous(request, &body, &thread, service)
        }
        service = try LocalService.of(request, scope: claim.scope)
        let asked = try Asked.read(request, service, claim, &body)
        let identified = try Identified.read(claim, request, asked, service, &thread, id)
        let fault =
            identified.isFaulty ? try Fault.take(asked.operation, asked.subject(request), id, &thread.database) : nil
        if let response = try fault?.before(&body, service) { return response }
        let access = identified.access
        if !identified.missesBucket {
            try access.require(
                try asked.permissions(access.caller, request, region: thread.server.region, &thread.database))
        }
        let response = try run(
            asked, request, claim, identified, &body, &thread, id, age: fault?.age)
        return try fault?.after(response, &body) ?? response
    }

    /// Without a signature: forms bring theirs inside; whoever just looks learns where they are.
    private static func anonymous(
        _ request: Request, _ body: inout RequestBody, _ thread: inout LocalThread, _ service: LocalService
    ) throws -> Response {
        if request.method == "GET", request.rawPath == "/" { return StatusPage.response(thread.server) }
        let isForm = request.headers.first("content-type")?.hasPrefix("multipart/form-data") == true
        guard request.method == "POST", isForm else { throw service.anonymous }
        let target = try S3Target(rawPath: request.rawPath)
        guard !target.bucket.isEmpty, target.key.isEmpty else { throw service.anonymous }
        return try PostObject.answer(request, target, &body, &thread)
    }

    private static func run(
        _ asked: Asked, _ request: Request, _ claim: SignatureClaim, _ identified: Identified,
        _ body: inout RequestBody, _ thread: inout LocalThread, _ id: String, age: Int?
    ) throws -> Response {
        let access = identified.access
        let caller = access.caller
        switch asked {
        case .batch(let operation, let input, _):
            return .answer(
                try BatchService.answer(operation, input, caller, &thread.database, age: age), "application/json")
        case .logs(let operation, let input, _):
            return .answer(
                try LogsService.answer(operation, input, caller, &thread.database), "application/x-amz-json-1.1")
        case .sts(let operation, let form, _):
            return try STSService.answer(operation, form, access, &thread.database, id: id)
        case .cloudFormation(let operation, let form, _):
            return try CloudFormationService.answer(operation, form, caller, thread.server.region, id: id)
        case .s3(let operation, let target, let payload):
            let call = S3Call(
                request: request, access: access, signedHeaders: claim.signedHeaders, payload: payload,
                signatures: identified.signatures, target: target, server: thread.server, files: thread.files)
            return try S3Service.answer(operation, call, &body, &thread.database)
        }
    }
}

extension Response {
    fileprivate static func answer(_ value: JSONValue?, _ type: String) -> Response {
        value.map { .json($0, type: type) } ?? Response(status: 200, headers: Headers([("Content-Type", type)]))
    }
}
