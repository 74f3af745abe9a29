/// A media type by a file name's extension (IANA media types); what is not known is bytes.
enum ContentType {
    static func of(_ path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return unknown }
        return known[name[name.index(after: dot)...].lowercased()] ?? unknown
    }

    private static let unknown = "application/octet-stream"

    private static let known = [
        "csv": "text/csv", "tsv": "text/tab-separated-values", "txt": "text/plain", "log": "text/plain",
        "md": "text/markdown", "py": "text/x-python", "json": "application/json", "jsonl": "application/x-ndjson",
        "ndjson": "application/x-ndjson", "geojson": "application/geo+json", "xml": "application/xml",
        "yaml": "application/yaml", "yml": "application/yaml", "html": "text/html", "htm": "text/html",
        "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
        "webp": "image/webp", "tif": "image/tiff", "tiff": "image/tiff", "pdf": "application/pdf",
        "zip": "application/zip", "gz": "application/gzip", "tar": "application/x-tar", "zst": "application/zstd",
        "parquet": "application/vnd.apache.parquet", "h5": "application/x-hdf5", "nc": "application/x-netcdf",
        "mp4": "video/mp4", "webm": "video/webm", "wav": "audio/wav", "mp3": "audio/mpeg",
    ]
}
