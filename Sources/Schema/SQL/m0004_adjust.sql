-- Replicas are adjusted while they run, and unwell ones are ended by the serve tier, a few at a time.

-- ---------------------------------------------------------------- written by the serve tier

CREATE TABLE capacity (
  id            INTEGER PRIMARY KEY CHECK (id = 1),  -- one row; none: target_capacity is not given
  percent_milli INTEGER NOT NULL,                    -- target_capacity: all counts are this part, 50000 is half
  rising        INTEGER NOT NULL                     -- 1: it was raised, or given for other applications than before
) STRICT;

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
  scaled_to           INTEGER                       -- replicas by the last call to scale; NULL: as configured
) STRICT, WITHOUT ROWID;

INSERT INTO deployment_next (id, application, position, settings_json, version, deleting, target, status,
    status_trigger, message, failures, retry_ms, last_failure, route_generation, route_hash, scaled_to)
  SELECT id, application, position, settings_json, version, deleting, target, status, status_trigger, message,
    failures, retry_ms, last_failure, route_generation, route_hash, scaled_to FROM deployment;
DROP TABLE deployment;
ALTER TABLE deployment_next RENAME TO deployment;

CREATE TABLE replica_next (
  id                TEXT PRIMARY KEY,            -- application#deployment#serial
  deployment        TEXT NOT NULL,               -- its deployment
  serial            INTEGER NOT NULL,            -- larger is newer
  version           TEXT NOT NULL,               -- that of the deployment when it was ordered
  settings_json     TEXT NOT NULL,               -- what it is started with, and adjusted to
  adjustment        INTEGER NOT NULL DEFAULT 0,  -- raised each time it is adjusted while it runs
  phase             TEXT NOT NULL                -- legal moves: replica_phase_edge
    CHECK (phase IN ('wanted','draining','stopping')),
  buys              INTEGER NOT NULL DEFAULT 1,  -- 0: takes room that is there, never a reason for a new node
  created_ms        INTEGER NOT NULL,            -- when it was ordered
  created_unix_ms   INTEGER NOT NULL,            -- for people
  routed_ms         INTEGER,                     -- first time on a route
  draining_ms       INTEGER,                     -- when it left the routes
  drain_deadline_ms INTEGER,                     -- stopped then at the latest
  drain_generation  INTEGER,                     -- route generation without it; proxies must have applied it
  stop_reason       TEXT NOT NULL DEFAULT ''     -- why it was ended
) STRICT, WITHOUT ROWID;

INSERT INTO replica_next (id, deployment, serial, version, settings_json, phase, buys, created_ms, created_unix_ms,
    routed_ms, draining_ms, drain_deadline_ms, drain_generation, stop_reason)
  SELECT id, deployment, serial, version, settings_json, phase, buys, created_ms, created_unix_ms, routed_ms,
    draining_ms, drain_deadline_ms, drain_generation, stop_reason FROM replica;
DROP TABLE replica;
ALTER TABLE replica_next RENAME TO replica;
CREATE INDEX replica_by_deployment ON replica (deployment);

CREATE TRIGGER replica_phase BEFORE UPDATE OF phase ON replica
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM replica_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal replica phase change'); END;

-- ---------------------------------------------------------------- written by the node tier

CREATE TABLE placement_next (
  replica        TEXT PRIMARY KEY,         -- the row in replica it answers
  deployment     TEXT NOT NULL,            -- of that replica
  node           TEXT,                     -- NULL while pending
  phase          TEXT NOT NULL             -- legal moves: placement_phase_edge
    CHECK (phase IN ('pending','assigned','starting','ready','stopping','stopped','failed','lost')),
  resources_json TEXT NOT NULL,            -- what it holds of the node
  gpus_json      TEXT NOT NULL DEFAULT '[]', -- indices of the GPUs it may use
  host           TEXT,                     -- where it is reached …
  port           INTEGER,                  -- … once its agent said so
  pid            INTEGER,                  -- on its node
  pending_ms     INTEGER NOT NULL,         -- first seen by the node tier
  assigned_ms    INTEGER,                  -- given a node
  starting_ms    INTEGER,                  -- process started
  ready_ms       INTEGER,                  -- readiness check passed
  stopping_ms    INTEGER,                  -- asked to stop
  ended_ms       INTEGER,                  -- stopped, failed or lost
  adjustment     INTEGER NOT NULL DEFAULT 0, -- of the replica, as its agent was ordered
  applied        INTEGER NOT NULL DEFAULT 0, -- of the replica, as its agent says it is in force
  unwell_ms      INTEGER,                  -- since when it fails its health check; NULL: it is well
  unwell_text    TEXT NOT NULL DEFAULT '', -- the check's last answer
  exit_json      TEXT,                     -- how it ended
  exit_text      TEXT NOT NULL DEFAULT '', -- the same for people
  last_lines     TEXT NOT NULL DEFAULT '', -- end of its output, when it failed
  refusals_json  TEXT NOT NULL DEFAULT '[]' -- while pending: every candidate and why it said no
) STRICT, WITHOUT ROWID;

INSERT INTO placement_next (replica, deployment, node, phase, resources_json, gpus_json, host, port, pid, pending_ms,
    assigned_ms, starting_ms, ready_ms, stopping_ms, ended_ms, exit_json, exit_text, last_lines, refusals_json)
  SELECT replica, deployment, node, phase, resources_json, gpus_json, host, port, pid, pending_ms, assigned_ms,
    starting_ms, ready_ms, stopping_ms, ended_ms, exit_json, exit_text, last_lines, refusals_json FROM placement;
DROP TABLE placement;
ALTER TABLE placement_next RENAME TO placement;
CREATE INDEX placement_by_node ON placement (node);

CREATE TRIGGER placement_phase BEFORE UPDATE OF phase ON placement
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM placement_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal placement phase change'); END;
