/// How calls went, for whoever decides whether and how fast more of them are made. Only calls of credentials whose
/// account is known are kept.
package struct CallRecord: Sendable {
    package struct Place: Hashable, Sendable {
        package let account: String
        package let region: String
        package let service: AWSService

        package init(account: String, region: String, service: AWSService) {
            self.account = account
            self.region = region
            self.service = service
        }
    }

    package struct Entry: Sendable {
        /// Calls in a row that ended, after their retries, with 5xx or without an answer.
        package var failures = 0
        /// The service has answered a call, be it with a refusal.
        package var hasAnswered = false
        package var lastFailure: AWSError?
        /// Operations that were refused as too many, at any attempt.
        package var throttled: Set<String> = []
        /// Attempts of each operation, answered or not.
        package var attempts: [String: Int] = [:]

        package init() {}
    }

    package private(set) var entries: [Place: Entry] = [:]

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    mutating func note(_ failed: Attempt.Failed?, of call: Call, _ credentials: AWSCredentials, _ region: String) {
        change(credentials, region, call) { entry in
            entry.attempts[call.operation, default: 0] += 1
            guard let failed else {
                entry.failures = 0
                entry.hasAnswered = true
                return
            }
            switch failed.kind {
            case .transient:
                entry.failures += 1
                entry.lastFailure = failed.error
            case .throttling: entry.throttled.insert(call.operation)
            // One of ours, such as a malformed argument, has no status: it says nothing about the service.
            case .permanent where failed.error.status != nil:
                entry.failures = 0
                entry.hasAnswered = true
            case .permanent: break
            }
        }
    }

    /// One attempt that will be made again.
    mutating func noteRetried(
        _ failed: Attempt.Failed, of call: Call, _ credentials: AWSCredentials, _ region: String
    ) {
        change(credentials, region, call) { entry in
            entry.attempts[call.operation, default: 0] += 1
            if failed.kind == .throttling { entry.throttled.insert(call.operation) }
        }
    }

    private mutating func change(
        _ credentials: AWSCredentials, _ region: String, _ call: Call, _ body: (inout Entry) -> Void
    ) {
        guard let account = credentials.account else { return }
        body(&entries[Place(account: account, region: region, service: call.service), default: Entry()])
    }
}

extension AWSClient {
    /// What has happened since it was last asked.
    package mutating func takeRecord() -> CallRecord {
        defer { record = CallRecord() }
        return record
    }
}
