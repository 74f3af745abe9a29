import JobManifest
import Processes
import TestSupport
import Testing

@testable import Runner

/// Credentials from a container's endpoint.
@Suite struct CredentialTests {
    @Test func areFetchedOnceWhileTheyLast() throws {
        let job = try job()
        let server = try PythonServer.credentials(log: log(job))
        job.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url + "/role/3600"
        job.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic abc"
        #expect(try job.run().exit == .code(0))
        #expect(try requests(job) == ["/role/3600 Basic abc"])
        #expect(try job.output("a") == "1\n")
    }

    @Test func areFetchedAgainBeforeTheyExpire() throws {
        let job = try job()
        let server = try PythonServer.credentials(log: log(job))
        job.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url + "/role/60"
        try job.folder.write(Array("file's\n".utf8), to: "token")
        job.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = job.folder.file("token")
        #expect(try job.run().exit == .code(0))
        // Manifest, code, output, outcome: each time they had but a minute left.
        #expect(try requests(job) == Array(repeating: "/role/60 file's", count: 4))
    }

    @Test func anEndpointThatRefusesIsSaidSo() throws {
        let job = try job()
        let server = try PythonServer.credentials(log: log(job), status: 403)
        job.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url + "/role/60"
        let ended = try job.run()
        #expect(ended.exit == .code(RunnerFault.Code.credentials.rawValue))
        #expect(ended.log == "batchport-runner: The container's credentials endpoint answered 403.\n")
        #expect(ended.outcome == nil)
    }

    private func job() throws -> TestJob {
        let job = try TestJob("echo 1 > output/a; exit 0", JobManifest.Code.shell)
        job.environment["AWS_ACCESS_KEY_ID"] = nil
        return job
    }

    private func log(_ job: TestJob) -> String { job.folder.file("requests") }

    private func requests(_ job: TestJob) throws -> [String] {
        String(decoding: try job.folder.read("requests"), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

@Suite struct TaskRegionTests {
    @Test(
        arguments: [
            ("{\"TaskARN\":\"arn:aws:ecs:eu-central-1:123456789012:task/c/1\"}", "eu-central-1"),
            ("{\"TaskARN\":\"arn:aws:s3:eu-central-1:123456789012:x\"}", nil), ("{\"TaskARN\":\"\"}", nil),
            ("{}", nil), ("", nil),
        ] as [(String, String?)])
    func isReadFromTheTasksARN(document: String, region: String?) {
        #expect(TaskRegion.region(ofTask: Array(document.utf8)) == region)
    }
}
