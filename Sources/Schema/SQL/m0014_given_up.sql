-- That an update was given up holds until another version comes, however many replicas are wanted meanwhile.

-- ---------------------------------------------------------------- written by the serve tier

CREATE TABLE deployment_next (
  id                  TEXT PRIMARY KEY,             -- application#deployment
  application         TEXT NOT NULL,                -- its application
  position            INTEGER NOT NULL DEFAULT 0,   -- place in the file
  settings_json       TEXT NOT NULL,                -- as configured, defaults filled in
  version             TEXT NOT NULL,                -- hash of what a replica is started with; new: replace
  deleting            INTEGER NOT NULL DEFAULT 0,   -- 1: its replicas are being stopped; the row goes last
  target              INTEGER NOT NULL,             -- replicas wanted
  status              TEXT NOT NULL,                -- UPDATING | HEALTHY | UNHEALTHY | DEPLOY_FAILED |
                                                    -- UPSCALING | DOWNSCALING
  status_trigger      TEXT NOT NULL DEFAULT 'CONFIG_UPDATE_STARTED',  -- what led to the status; Ray's words
  message             TEXT NOT NULL DEFAULT '',     -- why, for people
  failures            INTEGER NOT NULL DEFAULT 0,   -- in a row; 0 after a replica stayed ready for 10 s
  retry_ms            INTEGER,                      -- no replacement before this instant (back-off)
  last_failure        TEXT NOT NULL DEFAULT '',     -- reason and last lines of the latest failure
  restarted_ms        INTEGER,                      -- when an unwell replica was last ended
  route_generation    INTEGER NOT NULL DEFAULT 0,   -- raised each time the route's content changes
  route_hash          TEXT NOT NULL DEFAULT '',     -- content of the route of that generation
  scaled_to           INTEGER,                      -- replicas by the last call to scale; NULL: as configured
  given_up            INTEGER NOT NULL DEFAULT 0    -- 1: its version failed too often, the one before goes on
) STRICT, WITHOUT ROWID;

INSERT INTO deployment_next (id, application, position, settings_json, version, deleting, target, status, status_trigger, message,
    failures, retry_ms, last_failure, restarted_ms, route_generation, route_hash, scaled_to)
  SELECT id, application, position, settings_json, version, deleting, target, status, status_trigger, message,
    failures, retry_ms, last_failure, restarted_ms, route_generation, route_hash, scaled_to FROM deployment;
DROP TABLE deployment;
ALTER TABLE deployment_next RENAME TO deployment;
