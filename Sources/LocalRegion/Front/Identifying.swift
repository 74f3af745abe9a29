import HTTP
import IAMPolicy
import JSON
import PostgreSQL

/// Who asks, their signature verified, and what they may do.
struct Identified: Sendable {
    let access: CallerAccess
    /// Some fault was ordered for such requests.
    let isFaulty: Bool
    /// The request is for a bucket that is not there, which whoever asks is told.
    let missesBucket: Bool
    /// Of the body's chunks, where each is signed.
    let signatures: ChunkSignatures?

    /// One round trip: the key with its policies, whether any fault was ordered and how wrong the clock is to be, and the
    /// bucket's policy.
    static func read(
        _ claim: SignatureClaim, _ request: Request, _ asked: Asked, _ service: LocalService,
        _ thread: inout LocalThread, _ id: String
    ) throws -> Identified {
        let bucket = asked.bucket.map { [BucketPolicy.query($0)] } ?? []
        let answers = try thread.database.askFirst(
            [AccessKey.query(claim.scope.accessKeyID), Fault.query(asked.operation)] + bucket)
        let orders = try answers[1].row { (isFaulty: try $0.bool(0), skew: try $0.int(1)) }
        thread.skew = Int64(orders?.skew ?? 0)
        thread.now += thread.skew
        let server = thread.server
        let verification = Verification(
            claim: claim, request: request, service: service, region: server.region, now: thread.now)
        try verification.checkClaim()
        let key = try verification.check(try answers[0].row { try AccessKey($0) }, bodyHash: asked.bodyHash)
        let policy = bucket.isEmpty ? nil : try answers[2].row { try BucketPolicy.read($0) }
        let caller = LocalCaller(
            principal: key.principal, account: server.account, accessKeyID: key.id, requestID: id)
        var context = RequestContext.of(key, caller, request, region: server.region, now: thread.now)
        if service == .s3 {
            let own = RequestContext.s3(claim, request, age: thread.now - claim.signedAt)
            context = context.merging(AccessContext(own))
        }
        return Identified(
            access: CallerAccess(key, caller, service, bucketPolicy: policy ?? nil, context: context),
            isFaulty: orders?.isFaulty == true, missesBucket: !bucket.isEmpty && policy == nil,
            signatures: asked.hasSignedChunks ? verification.chunkSignatures(key) : nil)
    }
}

extension Connection {
    /// The first questions of a request change nothing: a connection that died since the last request is noticed here, and
    /// made anew.
    mutating func askFirst(_ questions: [SQL]) throws(PostgresError) -> [QueryResult] {
        do {
            return try pipeline(questions)
        } catch {
            guard error.kind == .connection else { throw error }
            try reconnectIfBroken()
            return try pipeline(questions)
        }
    }
}

extension Asked {
    /// Nil where no bucket's policy has a say: one that is only to be made has none.
    fileprivate var bucket: String? {
        guard case .s3(let operation, let target, _) = self, operation != .createBucket, !target.bucket.isEmpty else {
            return nil
        }
        return target.bucket
    }

    /// What the operation needs to be allowed to do. STS asks for itself: GetCallerIdentity needs nothing.
    func permissions(
        _ caller: LocalCaller, _ request: Request, region: String, _ database: inout Connection
    ) throws -> [Permission] {
        switch self {
        case .batch(let operation, let input, _): try BatchPermissions.of(operation, input, caller, &database)
        case .logs(let operation, let input, _): LogsPermissions.of(operation, input, caller, region: region)
        case .cloudFormation(let operation, let form, _):
            CloudFormationService.permissions(operation, form, caller, region)
        case .s3(let operation, let target, _): operation.permissions(target, request)
        case .sts: []
        }
    }
}
