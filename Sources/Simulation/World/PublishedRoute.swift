import ServeTier

/// A route as the serve tier publishes it. Named here, where no other `Route` is in sight: the tier's class hides its
/// room's name.
typealias PublishedRoute = Route
