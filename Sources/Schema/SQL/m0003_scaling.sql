-- What scaling remembers, apart from what is configured: it moves with the load, the rest of a deployment seldom does.

-- ---------------------------------------------------------------- written by the serve tier

CREATE TABLE scaling (
  deployment         TEXT PRIMARY KEY,             -- its deployment; no row: nothing is remembered
  direction          INTEGER NOT NULL DEFAULT 0,   -- delay timer: 1 wants up, -1 wants down, 0 not running
  direction_since_ms INTEGER,                      -- delay timer: since when
  wishes_json        TEXT NOT NULL DEFAULT '[]',   -- [[at_ms, replicas wished for from then on]]: within the delays
  policy_state_json  TEXT NOT NULL DEFAULT '{"values":{}}',  -- what the policy remembers: whole numbers by name
  raised_ms          INTEGER,                      -- when the target was last raised
  lowered_ms         INTEGER,                      -- when the target was last lowered
  look_ms            INTEGER,                      -- while a delay runs: not looked at again before this instant …
  seen               TEXT NOT NULL DEFAULT '',     -- … unless one of these changes: end of load, running, queued, target
  load_milli         INTEGER,                      -- requests over the look-back, thousandths; NULL: no data
  load_ms            INTEGER                       -- when that was computed
) STRICT, WITHOUT ROWID;

INSERT INTO scaling (deployment, direction, direction_since_ms, load_milli, load_ms)
  SELECT id, direction, direction_since_ms, load_milli, load_ms FROM deployment;

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
  route_generation    INTEGER NOT NULL DEFAULT 0,   -- raised each time the route's content changes
  route_hash          TEXT NOT NULL DEFAULT '',     -- content of the route of that generation
  scaled_to           INTEGER                       -- replicas by the last call to scale; NULL: as configured
) STRICT, WITHOUT ROWID;

INSERT INTO deployment_next (id, application, position, settings_json, version, deleting, target, status, message,
    failures, retry_ms, last_failure, route_generation, route_hash)
  SELECT id, application, position, settings_json, version, deleting, target, status, message, failures, retry_ms,
    last_failure, route_generation, route_hash FROM deployment;
DROP TABLE deployment;
ALTER TABLE deployment_next RENAME TO deployment;

CREATE TABLE application_next (
  name             TEXT PRIMARY KEY,            -- as in the applications file
  route_prefix     TEXT,                        -- NULL: no route
  ingress          TEXT,                        -- deployment that answers the route
  status           TEXT NOT NULL,               -- DEPLOYING | RUNNING | UNHEALTHY | DEPLOY_FAILED | DELETING
  message          TEXT NOT NULL DEFAULT '',    -- why, for people
  deleting         INTEGER NOT NULL DEFAULT 0,  -- 1: its replicas are being stopped; the row goes last
  deployed_unix_ms INTEGER NOT NULL,            -- for people
  external_scaler  INTEGER NOT NULL DEFAULT 0,  -- 1: the counts of its deployments may be set by a call
  config_json      TEXT NOT NULL DEFAULT '{}'   -- as it was put, for those who ask
) STRICT, WITHOUT ROWID;

INSERT INTO application_next (name, route_prefix, ingress, status, message, deleting, deployed_unix_ms)
  SELECT name, route_prefix, ingress, status, message, deleting, deployed_unix_ms FROM application;
DROP TABLE application;
ALTER TABLE application_next RENAME TO application;
