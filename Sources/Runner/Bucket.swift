internal import AWS
internal import HTTPClient
internal import JobManifest
internal import Processes

/// The job's bucket as the runner sees it: every call with credentials that last, tried again while trouble passes.
struct Bucket: ~Copyable {
    let name: String
    let region: String
    /// Before the code has started, a request to stop ends what goes on; afterwards what the code left is still
    /// brought to safety.
    var endsAtSignal = true
    /// Somebody else waits for signals.
    var leavesSignals = false

    private var client: AWSClient
    private var credentials: CredentialSource
    /// For the credentials endpoint, which is inside the machine.
    private var inside: HTTPClient
    /// How long trouble may last, in milliseconds.
    var patience: Int64
    /// By the monotonic clock: since when nothing has succeeded.
    private var troubledSince: Int64?

    init(_ settings: RunnerSettings) throws(RunnerFault) {
        let credentials = try CredentialSource(settings.environment)
        let hosts = [CredentialSource.containerHost, credentials.endpointHost ?? ""]
        var inside = HTTPClient(
            .init(caFile: settings.caFile, isAllowed: { !$0.isInside || hosts.contains($0.host) }))
        let region = try TaskRegion.find(settings.environment, &inside)
        let endpoints: AWSEndpoints
        do {
            endpoints = try AWSEndpoints(overrides: settings.endpoint.map { ["\(region).s3": $0] } ?? [:])
        } catch { throw RunnerFault(.setup, "AWS_ENDPOINT_URL: \(error)") }
        let http = HTTPClient(.init(caFile: settings.caFile, isAllowed: { endpoints.mayReach($0) }))
        self.name = settings.manifest.bucket
        self.region = region
        self.credentials = credentials
        patience = Int64(settings.patienceMilliseconds)
        client = AWSClient(endpoints: endpoints, http: http, now: { Clock.milliseconds() })
        self.inside = inside
    }

    /// Does the call, again while it fails for a reason that may pass and patience lasts. `failing` completes
    /// "… cannot be fetched" into a fault's sentence; faults that `call` throws go through.
    mutating func patiently<R>(
        _ code: RunnerFault.Code, _ failing: String,
        _ call: (_ client: inout AWSClient, _ credentials: AWSCredentials, Bucket.Place) throws -> R
    ) throws(RunnerFault) -> R {
        var delay = 500
        var hasRefreshed = false
        while true {
            let trouble: (sentence: String, code: RunnerFault.Code, mayPass: Bool)
            do {
                let current = try credentials.current(&inside)
                let answer = try call(&client, current, Place(bucket: name, region: region))
                troubledSince = nil
                return answer
            } catch let fault as RunnerFault {
                throw fault
            } catch let problem as CredentialProblem {
                trouble = (problem.sentence, .credentials, problem.isTransient)
            } catch let error as AWSError {
                if error.isCredentialRefused, credentials.isRefreshable, !hasRefreshed {
                    hasRefreshed = true
                    credentials.forget()
                    continue
                }
                trouble = ("\(failing): \(error): \(quoted(error.message)).", code, error.isTransient)
            } catch {
                trouble = ("\(failing): \(error).", code, false)
            }
            guard trouble.mayPass, try isPatient(delay) else { throw RunnerFault(trouble.code, trouble.sentence) }
            delay = min(delay * 2, 15_000)
        }
    }

    struct Place {
        let bucket: String
        let region: String
    }

    /// Waits, unless there has been trouble for too long.
    private mutating func isPatient(_ milliseconds: Int) throws(RunnerFault) -> Bool {
        let now = Clock.monotonicMilliseconds()
        let since = troubledSince ?? now
        troubledSince = since
        guard now - since < patience else { return false }
        if leavesSignals {
            Clock.pause(milliseconds: milliseconds)
            return true
        }
        let signal = Signals.wait(Evaluation.passedOn, milliseconds: milliseconds)
        if let signal, endsAtSignal { throw Self.stop(signal) }
        return true
    }

    /// Throws if the container has been told to stop.
    static func checkSignals() throws(RunnerFault) {
        if let signal = Signals.wait(Evaluation.passedOn, milliseconds: 0) { throw stop(signal) }
    }

    private static func stop(_ signal: Int32) -> RunnerFault {
        let isTerm = signal == Signals.terminate
        return RunnerFault(
            isTerm ? .terminated : .interrupted,
            "\(isTerm ? "SIGTERM" : "SIGINT") came before the code was started: it was not started.")
    }
}
