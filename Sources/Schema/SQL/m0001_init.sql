-- Never edited after landing: later changes are m0002_… and so on. Comments inside CREATE are kept by SQLite.

CREATE TABLE cluster (
  id                 INTEGER PRIMARY KEY CHECK (id = 1),  -- one row
  uuid               TEXT NOT NULL,     -- tag on every machine of this cluster
  cluster_generation INTEGER NOT NULL,  -- higher for a new or restored database; first part of each fence
  boot_id            TEXT NOT NULL,     -- boot of the machine under which clock_offset_ms holds
  clock_offset_ms    INTEGER NOT NULL,  -- cluster clock = boot clock + this; …_ms are on the cluster clock
  created_unix_ms    INTEGER NOT NULL,  -- for people: Unix time
  derived_hash       TEXT NOT NULL      -- of the views, guards and change triggers in force; '': to be made
) STRICT;

CREATE TABLE role (
  role            TEXT PRIMARY KEY,             -- serve | nodes
  epoch           INTEGER NOT NULL,             -- raised when a process takes the role; each write checks it
  pid             INTEGER NOT NULL,             -- of the holder
  address         TEXT NOT NULL DEFAULT '',     -- where it listens
  renewals        INTEGER NOT NULL DEFAULT 0,   -- counts up while it lives; silence: hold, never shrink
  heard_ms        INTEGER NOT NULL,             -- last renewal; after a reboot the clock goes on from here
  started_unix_ms INTEGER NOT NULL              -- for people
) STRICT, WITHOUT ROWID;

CREATE TABLE change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- a tier applies what is newer than what it has seen
  tbl TEXT NOT NULL,                      -- table that changed
  key TEXT NOT NULL                       -- primary key of the row, parts joined by a tab
) STRICT;

-- ---------------------------------------------------------------- written by the serve tier

CREATE TABLE application (
  name             TEXT PRIMARY KEY,            -- as in the applications file
  route_prefix     TEXT,                        -- NULL: no route
  ingress          TEXT,                        -- deployment that answers the route
  status           TEXT NOT NULL,               -- DEPLOYING | RUNNING | UNHEALTHY | DEPLOY_FAILED | DELETING
  message          TEXT NOT NULL DEFAULT '',    -- why, for people
  deleting         INTEGER NOT NULL DEFAULT 0,  -- 1: its replicas are being stopped; the row goes last
  deployed_unix_ms INTEGER NOT NULL             -- for people
) STRICT, WITHOUT ROWID;

CREATE TABLE deployment (
  id                  TEXT PRIMARY KEY,             -- application#deployment
  application         TEXT NOT NULL,                -- its application
  position            INTEGER NOT NULL DEFAULT 0,   -- place in the file
  settings_json       TEXT NOT NULL,                -- as configured, defaults filled in
  version             TEXT NOT NULL,                -- hash of what a replica is started with; new: replace
  deleting            INTEGER NOT NULL DEFAULT 0,   -- 1: its replicas are being stopped; the row goes last
  target              INTEGER NOT NULL,             -- replicas wanted
  status              TEXT NOT NULL,                -- UPDATING | HEALTHY | UNHEALTHY | DEPLOY_FAILED |
                                                    -- UPSCALING | DOWNSCALING
  message             TEXT NOT NULL DEFAULT '',     -- why, for people
  failures            INTEGER NOT NULL DEFAULT 0,   -- in a row; 0 after a replica stayed ready for 10 s
  retry_ms            INTEGER,                      -- no replacement before this instant (back-off)
  last_failure        TEXT NOT NULL DEFAULT '',     -- reason and last lines of the latest failure
  direction           INTEGER NOT NULL DEFAULT 0,   -- delay timer: 1 wants up, -1 wants down, 0 not running
  direction_since_ms  INTEGER,                      -- delay timer: since when
  route_generation    INTEGER NOT NULL DEFAULT 0,   -- raised each time the route's content changes
  route_hash          TEXT NOT NULL DEFAULT '',     -- content of the route of that generation
  load_milli          INTEGER,                      -- mean requests over the look-back, thousandths
  load_ms             INTEGER                       -- when that was computed
) STRICT, WITHOUT ROWID;

CREATE TABLE serial (
  id   INTEGER PRIMARY KEY CHECK (id = 1),  -- one row
  next INTEGER NOT NULL                     -- serial of the next replica; never used twice
) STRICT;

CREATE TABLE replica (
  id                TEXT PRIMARY KEY,            -- application#deployment#serial
  deployment        TEXT NOT NULL,               -- its deployment
  serial            INTEGER NOT NULL,            -- larger is newer
  version           TEXT NOT NULL,               -- that of the deployment when it was ordered
  settings_json     TEXT NOT NULL,               -- what it is started with
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
CREATE INDEX replica_by_deployment ON replica (deployment);

CREATE TABLE proxy (
  id           TEXT PRIMARY KEY,          -- chosen by the proxy, kept over its restarts
  incarnation  TEXT NOT NULL,             -- new with each process of it
  address      TEXT NOT NULL,             -- host:port of the data port
  heard_ms     INTEGER NOT NULL,          -- last sync, written at most once a second
  routes_json  TEXT NOT NULL,             -- {deployment: route generation it has applied}
  busy_json    TEXT NOT NULL              -- {replica off its routes: requests it still has there}
) STRICT, WITHOUT ROWID;

CREATE TABLE load_bucket (
  deployment   TEXT NOT NULL,             -- whose load
  proxy        TEXT NOT NULL,             -- who measured it
  incarnation  TEXT NOT NULL,             -- of the proxy; sequences start anew with it
  sequence     INTEGER NOT NULL,          -- acknowledged once here
  end_ms       INTEGER NOT NULL,          -- cluster clock, counted back from arrival
  span_ms      INTEGER NOT NULL,          -- length of the interval
  area_us      INTEGER NOT NULL,          -- request-microseconds: ongoing and queued against time
  ongoing      INTEGER NOT NULL,          -- at the end
  queued       INTEGER NOT NULL,          -- at the end
  PRIMARY KEY (deployment, proxy, incarnation, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX load_bucket_by_age ON load_bucket (end_ms);

CREATE TABLE serve_decision (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,  -- named in the log
  at_ms         INTEGER NOT NULL,         -- when
  at_unix_ms    INTEGER NOT NULL,         -- for people
  epoch         INTEGER NOT NULL,         -- of the tier that decided
  kind          TEXT NOT NULL,            -- scale | stop | replace | rollout
  subject       TEXT NOT NULL,            -- deployment or replica
  before        TEXT NOT NULL,            -- what it was
  after         TEXT NOT NULL,            -- what it became
  rule          TEXT NOT NULL,            -- name of the rule that decided
  reason        TEXT NOT NULL,            -- one sentence
  inputs_json   TEXT NOT NULL,            -- {name: value}: figures the rule read
  refusals_json TEXT NOT NULL             -- [{candidate, code, short}]: who was not chosen, and why
) STRICT;

-- ---------------------------------------------------------------- written by the node tier

CREATE TABLE setting (
  id              INTEGER PRIMARY KEY CHECK (id = 1),  -- one row
  settings_json   TEXT NOT NULL,                       -- the cluster file in force, defaults filled in
  applied_unix_ms INTEGER NOT NULL                     -- for people: when it was applied
) STRICT;

CREATE TABLE node_type (
  name            TEXT PRIMARY KEY,       -- the operator's word, from available_node_types
  resources_json  TEXT NOT NULL,          -- of one node: thousandths; memory in bytes
  min_workers     INTEGER NOT NULL,       -- kept though idle
  max_workers     INTEGER NOT NULL,       -- never more than these
  idle_timeout_ms INTEGER NOT NULL        -- given back after so long without replicas
) STRICT, WITHOUT ROWID;

CREATE TABLE node (
  id                   TEXT PRIMARY KEY,            -- chosen by us before the machine exists
  type                 TEXT NOT NULL,               -- its node_type; 'local' for this machine itself
  phase                TEXT NOT NULL                -- legal moves: node_phase_edge
    CHECK (phase IN ('requested','booting','ready','draining','terminating','gone')),
  token                TEXT NOT NULL UNIQUE,        -- idempotency token given to the provider
  epoch                INTEGER NOT NULL,            -- of the tier that decided the latest intent
  provider             TEXT NOT NULL,               -- '' for this machine itself
  offerings_json       TEXT NOT NULL,               -- acceptable ways to buy it, frozen with the intent
  instance             TEXT,                        -- the provider's id; NULL until it answered
  zone                 TEXT NOT NULL DEFAULT '',    -- where it is
  capacity_type        TEXT NOT NULL DEFAULT '',    -- on_demand, spot or the provider's own word
  microusd_per_hour    INTEGER NOT NULL DEFAULT 0,  -- price: millionths of a dollar for an hour
  resources_json       TEXT NOT NULL,               -- what placement counts with
  host                 TEXT NOT NULL DEFAULT '',    -- where its replicas are reached
  agent_port           INTEGER,                     -- the agent's own port
  ports_first          INTEGER NOT NULL,            -- its replicas listen from here …
  ports_last           INTEGER NOT NULL,            -- … to here
  incarnation          TEXT NOT NULL DEFAULT '',    -- of the agent process last heard
  generation           INTEGER NOT NULL DEFAULT 0,  -- of its desired set
  created_ms           INTEGER NOT NULL,            -- when it was decided to buy it
  created_unix_ms      INTEGER NOT NULL,            -- for people
  join_deadline_ms     INTEGER NOT NULL,            -- terminated when it has not said hello by then
  joined_ms            INTEGER,                     -- first hello of its agent
  heard_ms             INTEGER,                     -- last sync, written at most once a second
  idle_since_ms        INTEGER,                     -- NULL: it has replicas
  drain_deadline_ms    INTEGER,                     -- terminated then at the latest
  phase_ms             INTEGER NOT NULL,            -- when it entered its phase
  attempts             INTEGER NOT NULL DEFAULT 0,  -- provider calls for the present intent
  next_try_ms          INTEGER,                     -- not before this instant
  last_error           TEXT NOT NULL DEFAULT '',    -- the provider's latest
  absent_lists         INTEGER NOT NULL DEFAULT 0,  -- whole lists in a row that did not show it
  why                  TEXT NOT NULL DEFAULT ''     -- why it was bought, drained or given back
) STRICT, WITHOUT ROWID;

CREATE TABLE node_serial (
  id   INTEGER PRIMARY KEY CHECK (id = 1),  -- one row
  next INTEGER NOT NULL                     -- number of the next node; never used twice
) STRICT;

CREATE TABLE placement (
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
  exit_json      TEXT,                     -- how it ended
  exit_text      TEXT NOT NULL DEFAULT '', -- the same for people
  last_lines     TEXT NOT NULL DEFAULT '', -- end of its output, when it failed
  refusals_json  TEXT NOT NULL DEFAULT '[]' -- while pending: every candidate and why it said no
) STRICT, WITHOUT ROWID;
CREATE INDEX placement_by_node ON placement (node);

CREATE TABLE drain_request (
  node        TEXT PRIMARY KEY,           -- the serve tier moves its replicas elsewhere
  deadline_ms INTEGER NOT NULL,           -- terminated then, whatever still runs
  reason      TEXT NOT NULL               -- why, for people
) STRICT, WITHOUT ROWID;

CREATE TABLE instance_seen (
  instance      TEXT PRIMARY KEY,         -- the provider's id, from its latest whole list
  token         TEXT NOT NULL,            -- the idempotency token it carries
  node          TEXT NOT NULL,            -- the node it says it is
  type          TEXT NOT NULL,            -- its node_type
  state         TEXT NOT NULL,            -- pending | running | stopping | terminated | another word
  seen_ms       INTEGER NOT NULL,         -- latest list that had it
  first_seen_ms INTEGER NOT NULL,         -- first list that had it
  preempted_ms  INTEGER                   -- when a notice says it will be taken away
) STRICT, WITHOUT ROWID;

CREATE TABLE availability (
  offering    TEXT PRIMARY KEY,           -- provider/type/zone/capacity type
  until_ms    INTEGER NOT NULL,           -- not asked for before this instant
  failures    INTEGER NOT NULL,           -- in a row; doubles the wait
  reason      TEXT NOT NULL               -- the provider's words
) STRICT, WITHOUT ROWID;

CREATE TABLE node_decision (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,  -- named in the log
  at_ms         INTEGER NOT NULL,         -- when
  at_unix_ms    INTEGER NOT NULL,         -- for people
  epoch         INTEGER NOT NULL,         -- of the tier that decided
  kind          TEXT NOT NULL,            -- place | launch | cordon | uncordon | terminate | retire
  subject       TEXT NOT NULL,            -- node or replica
  before        TEXT NOT NULL,            -- what it was
  after         TEXT NOT NULL,            -- what it became
  rule          TEXT NOT NULL,            -- name of the rule that decided
  reason        TEXT NOT NULL,            -- one sentence
  inputs_json   TEXT NOT NULL,            -- {name: value}: figures the rule read
  refusals_json TEXT NOT NULL             -- [{candidate, code, short}]: who was not chosen, and why
) STRICT;

-- ---------------------------------------------------------------- legal moves, as in Swift

CREATE TABLE node_phase_edge (
  before TEXT NOT NULL,  -- phase
  after  TEXT NOT NULL,  -- phase that may follow it
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;
INSERT INTO node_phase_edge VALUES
  ('requested','booting'), ('requested','ready'), ('requested','terminating'), ('requested','gone'),
  ('booting','ready'), ('booting','terminating'), ('booting','gone'),
  ('ready','draining'), ('ready','terminating'), ('ready','gone'),
  ('draining','ready'), ('draining','terminating'), ('draining','gone'),
  ('terminating','gone');
CREATE TRIGGER node_phase BEFORE UPDATE OF phase ON node
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM node_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal node phase change'); END;

CREATE TABLE replica_phase_edge (
  before TEXT NOT NULL,  -- phase
  after  TEXT NOT NULL,  -- phase that may follow it
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;
INSERT INTO replica_phase_edge VALUES
  ('wanted','draining'), ('wanted','stopping'), ('draining','stopping');
CREATE TRIGGER replica_phase BEFORE UPDATE OF phase ON replica
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM replica_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal replica phase change'); END;

CREATE TABLE placement_phase_edge (
  before TEXT NOT NULL,  -- phase
  after  TEXT NOT NULL,  -- phase that may follow it
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;
INSERT INTO placement_phase_edge VALUES
  ('pending','assigned'), ('pending','stopped'),
  ('assigned','starting'), ('assigned','ready'), ('assigned','stopping'), ('assigned','stopped'),
  ('assigned','failed'), ('assigned','lost'),
  ('starting','ready'), ('starting','stopping'), ('starting','stopped'), ('starting','failed'),
  ('starting','lost'),
  ('ready','stopping'), ('ready','stopped'), ('ready','failed'), ('ready','lost'),
  ('stopping','stopped'), ('stopping','failed'), ('stopping','lost');
CREATE TRIGGER placement_phase BEFORE UPDATE OF phase ON placement
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM placement_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal placement phase change'); END;
