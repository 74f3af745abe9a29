internal import Glibc
internal import HTTP
internal import HTTPClient

extension AWSClient {
    /// Signs and sends, again where the policy allows it; the answer is a success.
    mutating func answer(
        _ call: Call, _ credentials: AWSCredentials, _ region: String
    ) throws(AWSError) -> HTTPClient.Response {
        do {
            return try answer(call, credentials, region, receive: nil)
        } catch let error as AWSError {
            throw error
        } catch {
            throw call.failure("BrokenOff", "The request's body could not be read.", outcome: .unknown)
        }
    }

    /// Also throws what the body's `read` or `receive` threw. Once `receive` has been given bytes, nothing is retried.
    mutating func answer(
        _ call: Call, _ credentials: AWSCredentials, _ asked: String, receive: (([UInt8]) throws -> Void)?
    ) throws -> HTTPClient.Response {
        var region = bucketRegions.region(of: call.bucket, asked: asked)
        var address = try endpoints.address(of: call, region)
        let policy = call.isOnce ? RetryPolicy.never : retry
        var number = 0
        var paid: Int?
        var mayCorrectClock = !call.isOnce
        var mayGoElsewhere = true
        while true {
            let request = signed(call, to: address, credentials, region)
            let attempt = try self.attempt(call, request, receive)
            guard let failed = attempt.failure else {
                budget.giveBack(paid ?? 1, credentials, call.service)
                record.note(nil, of: call, credentials, region)
                return attempt.response
            }
            if mayCorrectClock, let offset = failed.clockOffset(now(), assumed: clockOffset) {
                clockOffset = offset
                mayCorrectClock = false
                continue
            }
            if mayGoElsewhere, let bucket = call.bucket,
                let found = try bucketRegion(of: call, failed, credentials, askedIn: region)
            {
                bucketRegions.note(bucket, asked: asked, isIn: found)
                region = found
                address = try endpoints.address(of: call, region)
                mayGoElsewhere = false
                continue
            }
            let random = Double.random(in: 0..<1)
            guard !failed.hasDelivered,
                let delay = policy.delay(after: number, failed.kind, hint: failed.retryAfter, random: random),
                deadline.map({ now() + Int64(delay) < $0 }) ?? true,
                budget.take(policy.cost(of: failed.kind), credentials, call.service)
            else {
                record.note(failed, of: call, credentials, region)
                throw failed.error
            }
            record.noteRetried(failed, of: call, credentials, region)
            paid = policy.cost(of: failed.kind)
            number += 1
            usleep(UInt32(delay) * 1000)
        }
    }

    func signed(
        _ call: Call, to address: Address, _ credentials: AWSCredentials, _ region: String
    ) -> HTTPClient.Request {
        var headers = [(name: "host", value: address.host)] + call.headers
        if call.service == .s3 { headers.append(("x-amz-content-sha256", call.bodyHash)) }
        let message = SigV4.Message(
            method: call.method, path: address.path, query: call.query, headers: headers, bodyHash: call.bodyHash)
        let signer = Signer(
            credentials, service: call.service.rawValue, region: region, at: now() + clockOffset)
        headers += signer.headers(for: message)
        let url = "\(address.scheme)://\(address.host)\(address.path)" + (call.query.isEmpty ? "" : "?" + call.query)
        let left = deadline.map { max(1, Int($0 - now())) } ?? .max
        return HTTPClient.Request(
            method: call.method, url: url, headers: headers, body: call.body,
            connectMilliseconds: min(times.connect, left),
            totalMilliseconds: min(call.isTransfer ? times.transfer : times.call, left),
            idleMilliseconds: times.idle, maxResponseBytes: call.maxResponseBytes, onFreshConnection: call.isOnce,
            notAfter: call.notAfter)
    }

    private mutating func attempt(
        _ call: Call, _ request: HTTPClient.Request, _ receive: (([UInt8]) throws -> Void)?
    ) throws -> Attempt {
        var hasDelivered = false
        do {
            let response =
                if let receive {
                    try http.send(request) { chunk in
                        hasDelivered = true
                        try receive(chunk)
                    }
                } else {
                    try http.send(request)
                }
            return Attempt(call, response)
        } catch {
            if error.kind == .caller, let cause = error.cause { throw cause }
            return Attempt(call, error, hasDelivered: hasDelivered)
        }
    }
}
