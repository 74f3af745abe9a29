internal import Glibc

/// Looks again and again until it is so; false after half a minute. For what other programs do and nothing announces.
package func eventually(_ isSo: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<6000 {
        if try isSo() { return true }
        usleep(5000)
    }
    return false
}
