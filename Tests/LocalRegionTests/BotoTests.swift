import Glibc
import Processes
import TestRegion
import TestSupport
import Testing

/// boto3, an independent client, against the region. `BATCHPORT_TEST_PYTHON` names a Python that has it.
@Test(arguments: [
    "test_region.py", "test_region_batch.py", "test_region_bodies.py", "test_region_checksums.py",
    "test_region_faults.py", "test_region_identity.py", "test_region_links.py", "test_region_models.py",
    "test_region_objects.py", "test_region_permissions.py", "test_region_refusals.py", "test_region_s3.py",
    "test_region_sessions.py", "test_region_signing.py",
])
func boto3FindsAWS(file: String) throws {
    let region = try RegionUnderTest()
    let folder = try Repository.folder("Tests/system")
    let wanted = environment("BATCHPORT_TEST_PYTHON").map { ($0, []) } ?? ("/usr/bin/env", ["python3"])
    var run = Spawn(
        wanted.0,
        wanted.1 + ["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", folder + "/" + file]
            + (environment("BATCHPORT_TEST_PYTEST")?.split(separator: " ").map(String.init) ?? []))
    run.environment = [
        "PATH": environment("PATH") ?? "/usr/bin:/bin", "HOME": region.folder.path, "PYTHONDONTWRITEBYTECODE": "1",
        "BATCHPORT_TEST_REGION": region.endpoint, "BATCHPORT_TEST_REGION_STATE": region.folder.path,
        "BATCHPORT_TEST_REGION_DATABASE": region.database.conninfo(.local),
        "BATCHPORT_TEST_REGION_SECURE": region.secureEndpoint,
        "BATCHPORT_TEST_REGION_PROGRAM": RegionUnderTest.program,
        "BATCHPORT_TEST_REGION_SETTINGS": try region.writeSettings(),
    ]
    run.standardOutput = .append(region.folder.file("pytest.txt"))
    run.standardError = .append(region.folder.file("pytest.txt"))
    let exit = try run.start().wait()
    let said = String(decoding: try region.folder.read("pytest.txt"), as: UTF8.self)
    #expect(exit == .code(0), "\(said.suffix(6000))")
}

private func environment(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
