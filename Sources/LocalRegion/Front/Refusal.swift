import Glibc
import HTTP
import Logging
import PostgreSQL
import Processes

extension Answering {
    /// Every error's answer; what nobody expected is logged and says nothing of itself.
    static func refuse(_ error: any Error, _ request: Request, _ service: LocalService, _ id: String) -> Response {
        let fault = fault(error, service)
        if fault.status >= 500, fault.status != 501 {
            Logger(label: "local").error(
                "request failed",
                metadata: ["request": "\(id)", "service": "\(service.rawValue)", "error": "\(sentence(error))"])
        }
        return service.response(to: fault, for: request, id: id)
    }

    private static func fault(_ error: any Error, _ service: LocalService) -> LocalFault {
        switch error {
        case let fault as LocalFault: return fault
        case let error as RequestError:
            return LocalFault(status: error.status, code: "InvalidRequest", message: error.detail)
        case BodyError.truncated:
            return LocalFault(
                code: "IncompleteBody",
                message: "You did not provide the number of bytes specified by the Content-Length HTTP header")
        case BodyError.tooLarge:
            return LocalFault(
                status: service == .s3 ? 400 : 413,
                code: service == .s3 ? "EntityTooLarge" : "RequestEntityTooLargeException",
                message: "Your proposed upload exceeds the maximum allowed size")
        case let error as ProcessError where [ENOSPC, EDQUOT, EFBIG].contains(error.code):
            return LocalFault(
                status: 507, code: service.internalCode, message: "The local region's disk is full. Nothing was stored."
            )
        case let error as PostgresError where error.kind == .connection:
            return LocalFault(
                status: 503, code: service.unavailableCode, message: "The local region's database cannot be reached.")
        default:
            return LocalFault(
                status: 500, code: service.internalCode, message: "We encountered an internal error. Please try again.")
        }
    }

    /// Only errors that are known to quote nothing of anyone's are written out.
    private static func sentence(_ error: any Error) -> String {
        switch error {
        case let fault as LocalFault: "\(fault.code): \(fault.message)"
        case let error as PostgresError: error.description
        case let error as ProcessError: error.description
        default: "\(type(of: error))"
        }
    }
}

extension LocalService {
    fileprivate var internalCode: String {
        switch self {
        case .batch: "ServerException"
        case .cloudformation, .logs, .sts: "InternalFailure"
        case .s3: "InternalError"
        }
    }

    fileprivate var unavailableCode: String {
        switch self {
        case .batch: "ServerException"
        case .logs: "ServiceUnavailableException"
        case .cloudformation, .sts, .s3: "ServiceUnavailable"
        }
    }
}
