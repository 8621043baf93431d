/// The database's own words: what makes the tables, and the views over them. A room of its own, since embedding
/// compiles slowly.
package enum Schema {
    /// In order; a file is never edited after it has landed. `version` is `PRAGMA user_version` after it.
    package static let migrations: [(version: Int, name: String, sql: String)] = [
        (1, "m0001_init", text(PackageResources.m0001_init_sql)),
        (2, "m0002_readopt", text(PackageResources.m0002_readopt_sql)),
        (3, "m0003_scaling", text(PackageResources.m0003_scaling_sql)),
        (4, "m0004_adjust", text(PackageResources.m0004_adjust_sql)),
        (5, "m0005_looks", text(PackageResources.m0005_looks_sql)),
        (6, "m0006_cost", text(PackageResources.m0006_cost_sql)),
        (7, "m0007_standing", text(PackageResources.m0007_standing_sql)),
        (8, "m0008_moves", text(PackageResources.m0008_moves_sql)),
        (9, "m0009_failure", text(PackageResources.m0009_failure_sql)),
        (10, "m0010_feasible", text(PackageResources.m0010_feasible_sql)),
        (11, "m0011_found_gpus", text(PackageResources.m0011_found_gpus_sql)),
        (12, "m0012_move_offering", text(PackageResources.m0012_move_offering_sql)),
        (13, "m0013_gang", text(PackageResources.m0013_gang_sql)),
        (14, "m0014_given_up", text(PackageResources.m0014_given_up_sql)),
        (15, "m0015_http_wish", text(PackageResources.m0015_http_wish_sql)),
    ]

    /// Dropped and made again when this text differs from that of the database.
    package static let views: String = text(PackageResources.views_sql)

    /// `PRAGMA application_id` of every database of ours: "TNDM".
    package static let applicationID: Int32 = 0x544E_444D

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
