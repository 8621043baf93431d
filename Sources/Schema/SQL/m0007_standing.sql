-- What a person asks the node tier for while it runs: room that is there whatever runs (request_resources), and another
-- cluster file.

-- ---------------------------------------------------------------- written by the node tier

CREATE TABLE standing_demand (
  resources_json TEXT PRIMARY KEY,   -- of one bundle: thousandths; memory in bytes
  count          INTEGER NOT NULL,   -- bundles of this size that there shall be room for
  asked_unix_ms  INTEGER NOT NULL    -- for people: when the call came; the newest call replaces all before it
) STRICT, WITHOUT ROWID;

CREATE TABLE setting_next (
  id              INTEGER PRIMARY KEY CHECK (id = 1),  -- one row
  settings_json   TEXT NOT NULL,                       -- the cluster settings in force, defaults filled in
  applied_unix_ms INTEGER NOT NULL,                    -- for people: when they were applied
  file_json       TEXT NOT NULL,                       -- what the file named at the start said when it was last taken: a
                                                       -- restart takes it again only if it says something else by now
  refused         TEXT NOT NULL DEFAULT '',            -- why the latest file was not taken; empty: it was
  refused_unix_ms INTEGER                              -- for people: when it was refused
) STRICT;

INSERT INTO setting_next (id, settings_json, applied_unix_ms, file_json)
  SELECT id, settings_json, applied_unix_ms, settings_json FROM setting;
DROP TABLE setting;
ALTER TABLE setting_next RENAME TO setting;
