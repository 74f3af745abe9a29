import PostgreSQL
import TestSupport
import Testing

struct NotificationTests {
    private let database: TestDatabase

    init() throws {
        database = try TestDatabase.create(series: .empty)
    }

    @Test func arriveInOrderAndOnlyOnce() throws {
        var listener = try database.connect(.worker)
        try listener.listen("Odd \"name\"")
        var sender = try database.connect(.web)
        for payload in ["1", "2"] { try sender.execute("SELECT pg_notify('Odd \"name\"', \(payload))") }
        try sender.execute("SELECT pg_notify('other', 'not for us')")
        for payload in ["1", "2"] {
            let notification = try listener.waitForNotification(milliseconds: 10_000)
            #expect(notification?.channel == "Odd \"name\"")
            #expect(notification?.payload == payload)
        }
        #expect(try listener.waitForNotification(milliseconds: 1) == nil)
    }

    @Test func arriveWithAnotherStatementsAnswer() throws {
        var connection = try database.connect(.worker)
        try connection.listen("tasks")
        try connection.transaction { connection in
            try connection.execute("NOTIFY tasks, 'mine'")
            #expect(try connection.waitForNotification(milliseconds: 1) == nil)
        }
        #expect(try connection.waitForNotification(milliseconds: 0)?.payload == "mine")
    }
}
