-- Replicas may come in gangs: each is placed whole or not at all, and restarts as a whole.

-- ---------------------------------------------------------------- written by the serve tier

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
  stop_reason       TEXT NOT NULL DEFAULT '',    -- why it was ended
  gang              INTEGER                      -- serial of the first replica of its gang; NULL: it is in none
) STRICT, WITHOUT ROWID;

INSERT INTO replica_next (id, deployment, serial, version, settings_json, adjustment, phase, buys, created_ms,
    created_unix_ms, routed_ms, draining_ms, drain_deadline_ms, drain_generation, stop_reason)
  SELECT id, deployment, serial, version, settings_json, adjustment, phase, buys, created_ms, created_unix_ms,
    routed_ms, draining_ms, drain_deadline_ms, drain_generation, stop_reason FROM replica;
DROP TABLE replica;
ALTER TABLE replica_next RENAME TO replica;
CREATE INDEX replica_by_deployment ON replica (deployment);

CREATE TRIGGER replica_phase BEFORE UPDATE OF phase ON replica
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM replica_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal replica phase change'); END;
