internal import CCurl
internal import HTTP

/// One exchange as libcurl's callbacks see it. Nothing is thrown through C: a callback notes the failure and stops.
struct Transfer {
    enum Failure {
        case tooLarge
        case addressRefused
        /// The connection ended inside the headers, which libcurl takes for an answer without a body.
        case cutOff
        case caller((any Error)?)
        /// Before the body's first byte.
        case tooLate
    }

    private(set) var status = 0
    private(set) var isHeadWhole = false
    private(set) var headers = Headers()
    private(set) var body: [UInt8] = []
    private(set) var failure: Failure?

    private let host: String
    private let limit: Int64
    private let isAllowed: ((HTTPClient.Peer) -> Bool)?
    private let receive: (([UInt8]) throws -> Void)?
    private let upload: HTTPClient.Body
    private let notAfter: ContinuousClock.Instant?
    private var uploaded: Int64 = 0
    private var received: Int64 = 0
    private var headerBytes = 0
    private static let headerLimit = 64 << 10
    private static let errorLimit: Int64 = 64 << 10

    init(
        _ request: HTTPClient.Request, isAllowed: (@Sendable (HTTPClient.Peer) -> Bool)?,
        _ receive: (([UInt8]) throws -> Void)?
    ) {
        host = request.host
        limit = request.maxResponseBytes
        upload = request.body
        notAfter = request.notAfter
        self.isAllowed = isAllowed
        self.receive = receive
    }

    /// False stops the transfer, here and below.
    mutating func takeBody(_ bytes: [UInt8]) -> Bool {
        received += Int64(bytes.count)
        let isSuccess = (200..<300).contains(status)
        guard received <= (isSuccess ? limit : max(limit, Self.errorLimit)) else { return stop(.tooLarge) }
        guard let receive, isSuccess else {
            body += bytes
            return true
        }
        do {
            try receive(bytes)
            return true
        } catch {
            return stop(.caller(error))
        }
    }

    /// A line with its end. Each answer (also an interim 1xx) begins with its status line.
    mutating func takeHeader(_ line: [UInt8]) -> Bool {
        headerBytes += line.count
        guard headerBytes <= Self.headerLimit else { return stop(.tooLarge) }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // A reason may be missing, and the blank before it too. CR LF is one character.
            status = text.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
            headers = Headers()
            isHeadWhole = false
        } else if text == "\r\n" || text == "\n" {
            isHeadWhole = true
        } else if received == 0, let colon = text.firstIndex(of: ":") {
            headers.add(String(text[..<colon]), Self.trimmed(text[text.index(after: colon)...]))
        }
        return true
    }

    /// The next bytes to send; nil stops the transfer.
    mutating func giveBody(max: Int) -> [UInt8]? {
        if let notAfter, uploaded == 0, ContinuousClock.now > notAfter {
            failure = .tooLate
            return nil
        }
        do {
            let bytes = try read(max)
            guard bytes.count <= max, !bytes.isEmpty || uploaded == length else { return refuse(nil) }
            uploaded += Int64(bytes.count)
            return bytes
        } catch {
            return refuse(error)
        }
    }

    mutating func seek(to offset: Int64) { uploaded = offset }

    mutating func mayConnect(to address: [UInt8], _ port: Int) -> Bool {
        guard let isAllowed else { return true }
        return isAllowed(.init(host: host, port: port, address: address)) || stop(.addressRefused)
    }

    private var length: Int64 {
        switch upload {
        case .none: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .stream(let length, _): length
        }
    }

    private func read(_ max: Int) throws -> [UInt8] {
        switch upload {
        case .none: []
        case .bytes(let bytes): Array(bytes.dropFirst(Int(uploaded)).prefix(max))
        case .stream(let length, let read):
            uploaded < length ? try read(uploaded, min(max, Int(length - uploaded))) : []
        }
    }

    private mutating func refuse(_ error: (any Error)?) -> [UInt8]? {
        _ = stop(.caller(error))
        return nil
    }

    private mutating func stop(_ failure: Failure) -> Bool {
        self.failure = failure
        return false
    }

    private static func trimmed(_ text: Substring) -> String {
        let blanks: Set<Character> = [" ", "\t", "\r", "\n", "\r\n"]
        let head = text.drop { blanks.contains($0) }
        guard let last = head.lastIndex(where: { !blanks.contains($0) }) else { return "" }
        return String(head[...last])
    }
}
