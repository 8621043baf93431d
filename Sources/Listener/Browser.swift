import Hummingbird

extension Request {
    /// Whether it seems to come from a browser, by the signs that Ray 2.60 goes by: the user agent, and headers that
    /// only browsers add. A page can make a browser ask, but hardly make it leave these out.
    package var isFromBrowser: Bool {
        if headers[.userAgent]?.hasPrefix("Mozilla") == true { return true }
        return headers.contains { field in
            let name = field.name.canonicalName
            return ["origin", "referer"].contains(name) || name.hasPrefix("sec-fetch-")
                || name.hasPrefix("access-control-request-")
        }
    }

    /// Whether it asks for nothing but to be told.
    var onlyReads: Bool { [.get, .head, .options].contains(method) }
}
