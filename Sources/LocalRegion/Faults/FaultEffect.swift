import Glibc
import HTTP

extension Fault {
    /// What takes the place of the operation; nil if it is to be done (perhaps a while later).
    func before(_ body: inout RequestBody) throws -> Response? {
        switch kind {
        case .delay:
            _ = poll(nil, 0, Int32(milliseconds))
            return nil
        case .hang:
            while try body.chunk(max: 1 << 18) != nil {}
            body.waitUntilClientLeaves(milliseconds: milliseconds)
            return Response(status: 500, body: .dropped)
        case .dropBefore: return Response(status: 500, body: .dropped)
        case .dropAfter: return nil
        case .error: throw fault
        }
    }
}
