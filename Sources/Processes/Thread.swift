internal import CLinux
import Glibc

/// A POSIX thread with a name. Blocking C calls run on these, never on Swift's cooperative pool.
package struct Thread {
    private let handle: pthread_t

    /// `stackSize` in bytes. The name is cut to the kernel's 15 characters.
    package static func start(
        name: String, stackSize: Int = 1 << 20, _ body: @escaping @Sendable () -> Void
    ) throws(ProcessError) -> Thread {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, stackSize)
        let box = unsafe Unmanaged.passRetained(Work(name: String(name.prefix(15)), body: body))
        var handle = pthread_t()
        let code = unsafe pthread_create(
            &handle, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                _ = unsafe bp_name_thread(work.name)
                work.body()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw ProcessError("pthread_create", name, code: code)
        }
        return Thread(handle: handle)
    }

    /// Waits for its end. Call exactly once.
    package func join() { pthread_join(handle, nil) }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
