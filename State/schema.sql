-- What a fresh database says of itself: the sum of the migrations, and the views. Written by a test,
-- read by people. Left out: for each table the triggers guard_TABLE_… (only the tier that owns it
-- may write) and change_TABLE_… (each written row is listed in "change").

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

CREATE TABLE serial (
  id   INTEGER PRIMARY KEY CHECK (id = 1),  -- one row
  next INTEGER NOT NULL                     -- serial of the next replica; never used twice
) STRICT;

CREATE TABLE proxy (
  id           TEXT PRIMARY KEY,          -- chosen by the proxy, kept over its restarts
  incarnation  TEXT NOT NULL,             -- new with each process of it
  address      TEXT NOT NULL,             -- host:port of the data port
  heard_ms     INTEGER NOT NULL,          -- last sync, written at most once a second
  routes_json  TEXT NOT NULL,             -- {deployment: route generation it has applied}
  busy_json    TEXT NOT NULL              -- {replica off its routes: requests it still has there}
) STRICT, WITHOUT ROWID;

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

CREATE TRIGGER node_phase BEFORE UPDATE OF phase ON node
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM node_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal node phase change'); END;

CREATE TABLE replica_phase_edge (
  before TEXT NOT NULL,  -- phase
  after  TEXT NOT NULL,  -- phase that may follow it
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;

CREATE TABLE placement_phase_edge (
  before TEXT NOT NULL,  -- phase
  after  TEXT NOT NULL,  -- phase that may follow it
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;

CREATE TABLE readopt (
  id            INTEGER PRIMARY KEY CHECK (id = 1),  -- one row; none: this state was never made anew
  phase         TEXT NOT NULL                        -- looking: who runs what; found: all is in found_replica;
    CHECK (phase IN ('looking','found','done')),     -- done: both tiers work as ever
  began_ms      INTEGER NOT NULL,                    -- when an operator asked for it
  began_unix_ms INTEGER NOT NULL,                    -- for people
  listed_ms     INTEGER,                             -- first whole list of the provider; NULL: not yet
  found_ms      INTEGER,                             -- when the looking ended
  done_ms       INTEGER,                             -- when it was over
  machines      INTEGER NOT NULL DEFAULT 0,          -- nodes there are
  heard         INTEGER NOT NULL DEFAULT 0,          -- those of them that have told what they run
  replicas      INTEGER NOT NULL DEFAULT 0,          -- what they told of
  silent        TEXT NOT NULL DEFAULT ''             -- nodes that were not waited for any longer
) STRICT;

CREATE TABLE readopt_taken (
  id       INTEGER PRIMARY KEY CHECK (id = 1),  -- one row; none: the serve tier has not taken over what was found
  taken_ms INTEGER NOT NULL,                    -- when it had
  replicas INTEGER NOT NULL                     -- how many it took over
) STRICT;

CREATE TABLE "application" (
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

CREATE TABLE capacity (
  id            INTEGER PRIMARY KEY CHECK (id = 1),  -- one row; none: target_capacity is not given
  percent_milli INTEGER NOT NULL,                    -- target_capacity: all counts are this part, 50000 is half
  rising        INTEGER NOT NULL                     -- 1: it was raised, or given for other applications than before
) STRICT;

CREATE TABLE "placement" (
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

CREATE INDEX placement_by_node ON placement (node);

CREATE TRIGGER placement_phase BEFORE UPDATE OF phase ON placement
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM placement_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal placement phase change'); END;

CREATE TABLE "scaling" (
  deployment         TEXT PRIMARY KEY,             -- its deployment; no row: nothing is remembered
  direction          INTEGER NOT NULL DEFAULT 0,   -- delay timer: 1 wants up, -1 wants down, 0 not running
  direction_since_ms INTEGER,                      -- delay timer: since when
  wishes_json        TEXT NOT NULL DEFAULT '[]',   -- [[at_ms, replicas wished for from then on]]: within the delays
  policy_state_json  TEXT NOT NULL DEFAULT '{"values":{}}',  -- what the policy remembers: whole numbers by name
  raised_ms          INTEGER,                      -- when the target was last raised
  lowered_ms         INTEGER,                      -- when the target was last lowered
  looked_ms          INTEGER,                      -- the latest look knew what was reported up to this instant
  look_ms            INTEGER,                      -- the next one is then, if nothing is reported before
  served             INTEGER NOT NULL DEFAULT 0,   -- replicas that served at the latest look
  load_milli         INTEGER,                      -- requests over the look-back, thousandths; NULL: no data
  load_ms            INTEGER                       -- when that was computed
) STRICT, WITHOUT ROWID;

CREATE TABLE cost_account (
  id                TEXT PRIMARY KEY,            -- instance@created: ids come back in some clouds, the pair does not
  instance          TEXT NOT NULL,               -- the provider's id
  node              TEXT NOT NULL,               -- node it was made for
  type              TEXT NOT NULL,               -- node type
  zone              TEXT NOT NULL,               -- the provider's word for where
  capacity_type     TEXT NOT NULL,               -- on_demand, spot, …
  microusd_per_hour INTEGER NOT NULL,            -- price at which it was bought; it never changes
  created_unix_ms   INTEGER,                     -- paid from then, as the provider says; NULL: it does not say
  began_ms          INTEGER NOT NULL,            -- the same on the cluster clock
  since_ms          INTEGER NOT NULL,            -- all before is booked in cost_total; paid time from here on is not
  shares_json       TEXT NOT NULL,               -- [{cause, deployment, milli}]: whose its time is since then
  recent_json       TEXT NOT NULL DEFAULT '[]',  -- latest booked spans, to be taken back should it have ended before
  ended_ms          INTEGER,                     -- paid until then; NULL: it still is
  is_estimate       INTEGER NOT NULL DEFAULT 0   -- 1: the provider never said when it ended
) STRICT, WITHOUT ROWID;

CREATE TABLE cost_total (
  account    TEXT NOT NULL,     -- row of cost_account
  cause      TEXT NOT NULL,     -- deployment, idle, headroom, fragmentation, starting, ending, stray
  deployment TEXT NOT NULL,     -- of cause deployment; else ''
  time_us    INTEGER NOT NULL,  -- thousandths of the node, times milliseconds: of a whole node, microseconds
  PRIMARY KEY (account, cause, deployment)
) STRICT, WITHOUT ROWID;

CREATE TABLE cost_hour (
  hour_ms           INTEGER NOT NULL,  -- begin of the hour on the cluster clock
  cause             TEXT NOT NULL,     -- as in cost_total
  deployment        TEXT NOT NULL,     -- as in cost_total
  microusd_per_hour INTEGER NOT NULL,  -- price of the nodes
  time_us           INTEGER NOT NULL,  -- as in cost_total, of all nodes of this price
  hour_unix_ms      INTEGER NOT NULL,  -- for people
  PRIMARY KEY (hour_ms, cause, deployment, microusd_per_hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE cost_past (
  cause             TEXT NOT NULL,     -- as in cost_total
  deployment        TEXT NOT NULL,     -- as in cost_total
  microusd_per_hour INTEGER NOT NULL,  -- price of the nodes
  time_us           INTEGER NOT NULL,  -- as in cost_total, of accounts that are no longer kept
  PRIMARY KEY (cause, deployment, microusd_per_hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE kept (
  node     TEXT PRIMARY KEY,          -- node that is up
  code     TEXT NOT NULL,             -- why it is not given back: min_workers, idle_timeout, fits_nowhere, …
  detail   TEXT NOT NULL,             -- what the reason is about
  words    TEXT NOT NULL,             -- the two as a sentence
  since_ms INTEGER NOT NULL           -- when this became the answer
) STRICT, WITHOUT ROWID;

CREATE TABLE standing_demand (
  resources_json TEXT PRIMARY KEY,   -- of one bundle: thousandths; memory in bytes
  count          INTEGER NOT NULL,   -- bundles of this size that there shall be room for
  asked_unix_ms  INTEGER NOT NULL    -- for people: when the call came; the newest call replaces all before it
) STRICT, WITHOUT ROWID;

CREATE TABLE "setting" (
  id              INTEGER PRIMARY KEY CHECK (id = 1),  -- one row
  settings_json   TEXT NOT NULL,                       -- the cluster settings in force, defaults filled in
  applied_unix_ms INTEGER NOT NULL,                    -- for people: when they were applied
  file_json       TEXT NOT NULL,                       -- what the file named at the start said when it was last taken: a
                                                       -- restart takes it again only if it says something else by now
  refused         TEXT NOT NULL DEFAULT '',            -- why the latest file was not taken; empty: it was
  refused_unix_ms INTEGER                              -- for people: when it was refused
) STRICT;

CREATE TABLE move_plan (
  id              TEXT PRIMARY KEY,          -- m and a number that grows
  cause           TEXT NOT NULL              -- why nodes are disturbed
    CHECK (cause IN ('consolidation','drift','expiry','repair')),
  phase           TEXT NOT NULL              -- legal moves: move_plan_phase_edge
    CHECK (phase IN ('proposed','launching','moving','done','dropped')),
  phase_ms        INTEGER NOT NULL,          -- since when
  due_ms          INTEGER NOT NULL,          -- proposed: begins then; else given up then, if no step is done before
  begun_ms        INTEGER NOT NULL,          -- when it was made
  replicas        INTEGER NOT NULL,          -- that it moves
  before_microusd INTEGER NOT NULL,          -- all nodes in use, for an hour, before it
  after_microusd  INTEGER NOT NULL,          -- the same after it
  bound_microusd  INTEGER NOT NULL,          -- what no nodes for the same replicas can go below, by the market of then
  reason          TEXT NOT NULL,             -- for people
  ended           TEXT NOT NULL DEFAULT ''   -- why it was dropped
) STRICT, WITHOUT ROWID;

CREATE TABLE move_plan_phase_edge (
  before TEXT NOT NULL,                      -- phase
  after  TEXT NOT NULL,                      -- phase that may follow it
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER move_plan_phase BEFORE UPDATE OF phase ON move_plan
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM move_plan_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal phase change of a plan'); END;

CREATE TABLE move_step_phase_edge (
  before TEXT NOT NULL,                      -- phase
  after  TEXT NOT NULL,                      -- phase that may follow it
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;

CREATE TABLE node_note (
  node        TEXT PRIMARY KEY,              -- node that is not gone
  config_hash TEXT NOT NULL,                 -- of its type when it was bought; another one now: it has drifted
  changed_ms  INTEGER NOT NULL,              -- when a replica last came or went
  unneeded_ms INTEGER                        -- since when nobody waits for it though it is not ready; NULL: it is needed
) STRICT, WITHOUT ROWID;

CREATE TABLE node_stay (
  node     TEXT PRIMARY KEY,                 -- node that is not gone
  code     TEXT NOT NULL,                    -- why it stays: young, unsettled, needed, no_saving, idle, …
  until_ms INTEGER,                          -- at least until then; NULL: until something changes
  detail   TEXT NOT NULL DEFAULT ''          -- the same for people
) STRICT, WITHOUT ROWID;

CREATE TABLE demand_history (
  deployment TEXT PRIMARY KEY,               -- its deployment; rows only while headroom is economic
  steps_json TEXT NOT NULL                   -- [{at, count}]: replicas wanted from then on; the newest 256
) STRICT, WITHOUT ROWID;

CREATE TABLE "availability" (
  offering  TEXT PRIMARY KEY,             -- provider/type/zone/capacity type; provider/type: its machines did not join
  kind      TEXT NOT NULL                 -- stock_out | quota | rejected | unknown | join
    CHECK (kind IN ('stock_out','quota','rejected','unknown','join')),
  since_ms  INTEGER NOT NULL,             -- the first of these failures
  failed_ms INTEGER NOT NULL,             -- the latest; three hours later all is forgotten
  until_ms  INTEGER NOT NULL,             -- not asked for before this instant; then one launch tries it
  failures  INTEGER NOT NULL,             -- in a row, each within three hours of the one before; doubles the wait
  trusted   INTEGER NOT NULL DEFAULT 0,   -- 1: it could be had again since; the row only remembers
  config    TEXT NOT NULL DEFAULT '',     -- fingerprint of the node type's configuration; another: asked for at once
  reason    TEXT NOT NULL                 -- the provider's words
) STRICT, WITHOUT ROWID;

CREATE TABLE provider_pace (
  provider     TEXT PRIMARY KEY,          -- it said lately that it is called too often
  until_ms     INTEGER NOT NULL,          -- no call of any kind before this instant
  calls_milli  INTEGER NOT NULL,          -- thousandths of a call a second from then on; grows with time
  throttled_ms INTEGER NOT NULL,          -- when it last said so
  throttles    INTEGER NOT NULL           -- times that the rate was halved
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
  scope    TEXT PRIMARY KEY,              -- nodes: nothing is given back or replaced; list: the provider's list is
                                          -- not believed; repair/TYPE: further lost nodes of it wait
  since_ms INTEGER NOT NULL,              -- since when
  count    INTEGER NOT NULL,              -- nodes that are unready; lists in a row; nodes that wait
  among    INTEGER NOT NULL,              -- of so many nodes, or machines known
  reason   TEXT NOT NULL                  -- one sentence
) STRICT, WITHOUT ROWID;

CREATE TABLE node_trouble (
  node        TEXT PRIMARY KEY,           -- its node, or one that was replaced lately
  type        TEXT NOT NULL,              -- of that node
  silent_ms   INTEGER,                    -- since when its agent is called silent; NULL: it is heard
  flaps_json  TEXT NOT NULL DEFAULT '[]', -- when it came back from such silences, the latest three
  repaired_ms INTEGER,                    -- when it was given up for a new one
  cause       TEXT NOT NULL DEFAULT ''    -- agent_lost | flapping: why; mass_unready: silent with most others
) STRICT, WITHOUT ROWID;

CREATE TABLE node_phase_edge (
  before TEXT NOT NULL,  -- phase
  after  TEXT NOT NULL,  -- phase that may follow it
  causes TEXT NOT NULL,  -- rules that may move a node so, sorted: node_decision.rule
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;

CREATE TABLE feasible (
  deployment    TEXT PRIMARY KEY,          -- of which more is wanted than can be placed; no row: nothing is in the way
  room          INTEGER NOT NULL,          -- of its replicas that are wanted so many have a place, or a node on its way
  reason        TEXT NOT NULL,             -- why no more: short | too_large | limit | unavailable | budget | ...
  refusals_json TEXT NOT NULL DEFAULT '[]',-- [{candidate, code, short}]: what each node type answers
  generation    INTEGER NOT NULL,          -- raised when anything of it, or which nodes there are, changes
  since_ms      INTEGER NOT NULL           -- from then on there was not enough
) STRICT, WITHOUT ROWID;

CREATE TABLE "load_bucket" (
  deployment   TEXT NOT NULL,             -- whose load
  proxy        TEXT NOT NULL,             -- who measured it
  incarnation  TEXT NOT NULL,             -- of the proxy; sequences start anew with it
  sequence     INTEGER NOT NULL,          -- acknowledged once here
  end_ms       INTEGER NOT NULL,          -- cluster clock, counted back from arrival
  span_ms      INTEGER NOT NULL,          -- length of the interval
  area_us      INTEGER NOT NULL,          -- request-microseconds: ongoing and queued against time
  ongoing      INTEGER NOT NULL,          -- at the end
  queued       INTEGER NOT NULL,          -- at the end
  completed    INTEGER,                   -- requests that replicas were done with in the interval; NULL: not told
  PRIMARY KEY (deployment, proxy, incarnation, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX load_bucket_by_age ON load_bucket (end_ms);

CREATE TABLE "found_replica" (
  replica       TEXT PRIMARY KEY,         -- the name under which it runs
  node          TEXT NOT NULL,            -- where it runs
  phase         TEXT NOT NULL             -- its agent's word
    CHECK (phase IN ('starting','ready','stopping')),
  host          TEXT NOT NULL,            -- where it is reached …
  port          INTEGER,                  -- … once it has a port
  pid           INTEGER,                  -- on its node
  settings_json TEXT NOT NULL,            -- what it was started with
  gpus_json     TEXT NOT NULL DEFAULT '[]' -- indices of the GPUs it may use
) STRICT, WITHOUT ROWID;

CREATE TABLE "move_step" (
  id       TEXT PRIMARY KEY,                 -- plan/position
  plan     TEXT NOT NULL,                    -- its plan
  position INTEGER NOT NULL,                 -- within the plan; new nodes come first
  part     TEXT NOT NULL                     -- takes: a node that is bought; gives: one that goes
    CHECK (part IN ('takes','gives')),
  node     TEXT,                             -- NULL: not bought yet
  type     TEXT NOT NULL,                    -- its node type
  zone     TEXT NOT NULL DEFAULT '',         -- where it stands; of one that is bought where the plan wants it
  capacity_type TEXT NOT NULL DEFAULT '',    -- spot, on_demand …; of one that is bought as the plan reckons with it
  is_bound INTEGER NOT NULL DEFAULT 0        -- 1: it is bought in that zone or not at all, for the rules of what moves there
    CHECK (is_bound IN (0,1)),
  microusd_per_hour INTEGER NOT NULL,        -- its price; of one that is bought the most that is paid
  phase    TEXT NOT NULL                     -- legal moves: move_step_phase_edge
    CHECK (phase IN ('planned','ordered','ready','moving','drained','ended','dropped')),
  phase_ms INTEGER NOT NULL                  -- since when
) STRICT, WITHOUT ROWID;

CREATE INDEX move_step_by_plan ON move_step (plan);

CREATE TRIGGER move_step_phase BEFORE UPDATE OF phase ON move_step
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM move_step_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal phase change of a step'); END;

CREATE TABLE "replica" (
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

CREATE INDEX replica_by_deployment ON replica (deployment);

CREATE TRIGGER replica_phase BEFORE UPDATE OF phase ON replica
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM replica_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal replica phase change'); END;

CREATE TABLE "deployment" (
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

CREATE TABLE http_wish (
  id   INTEGER PRIMARY KEY CHECK (id = 1),  -- one row; none: the file has no http_options
  host TEXT,                                -- http_options.host; NULL: it says none
  port INTEGER                              -- http_options.port; NULL: it says none
) STRICT;

CREATE VIEW clock_now AS SELECT
  max(  -- the cluster clock as last heard, by a renewal or a decision; the file itself has no clock
    (SELECT max(heard_ms) FROM role),
    coalesce((SELECT at_ms FROM node_decision ORDER BY id DESC LIMIT 1), 0),
    coalesce((SELECT at_ms FROM serve_decision ORDER BY id DESC LIMIT 1), 0)
  ) AS now_ms;

CREATE VIEW room_taken AS SELECT
  node,                                                           -- node
  count(*) AS replicas,                                           -- replicas that take room on it
  sum(coalesce(resources_json ->> '$.CPU', 0)) AS cpu_milli,      -- CPU they take, thousandths
  sum(coalesce(resources_json ->> '$.GPU', 0)) AS gpu_milli,      -- GPU they take, thousandths
  sum(coalesce(resources_json ->> '$.memory', 0)) AS memory_bytes      -- memory they take
FROM placement WHERE phase IN ('assigned', 'starting', 'ready', 'stopping') AND node IS NOT NULL
GROUP BY node;

CREATE VIEW nodes_now AS SELECT
  n.id AS node,                                                   -- node
  n.type,                                                         -- node type
  n.phase,                                                        -- requested … gone; gone ones are left out
  coalesce(r.replicas, 0) AS replicas,                            -- replicas that take room on it
  coalesce(r.cpu_milli, 0) / 1000.0 AS cpu_taken,                 -- CPU they take
  coalesce(n.resources_json ->> '$.CPU', 0) / 1000.0 AS cpu,      -- CPU it has
  coalesce(r.gpu_milli, 0) / 1000.0 AS gpu_taken,                 -- GPU they take
  coalesce(n.resources_json ->> '$.GPU', 0) / 1000.0 AS gpu,      -- GPU it has
  coalesce(r.memory_bytes, 0) / 1048576 AS memory_mib_taken,      -- memory they take
  coalesce(n.resources_json ->> '$.memory', 0) / 1048576 AS memory_mib,  -- memory it has
  (c.now_ms - n.created_ms) / 1000.0 AS age_s,                    -- since it was decided
  (n.joined_ms - n.created_ms) / 1000.0 AS join_s,                -- from decision to hello; NULL: not yet
  (c.now_ms - n.heard_ms) / 1000.0 AS silent_s,                   -- since its agent was heard
  (c.now_ms - n.idle_since_ms) / 1000.0 AS idle_s,                -- without replicas; NULL: it has some
  n.microusd_per_hour / 1e6 AS usd_per_hour,                      -- price
  n.capacity_type,                                                -- on_demand, spot, …
  n.zone,                                                         -- where
  n.host,                                                         -- where its replicas are reached
  n.instance,                                                     -- the provider's id
  n.why,                                                          -- why it was bought, drained or given back
  n.last_error                                                    -- the provider's latest
FROM node n LEFT JOIN room_taken r ON r.node = n.id CROSS JOIN clock_now c
WHERE n.phase <> 'gone' ORDER BY n.created_ms, n.id;

CREATE VIEW replicas_now AS SELECT
  r.id AS replica,                                                -- replica
  r.deployment,                                                   -- its deployment
  r.phase AS wanted,                                              -- what the serve tier wants of it
  coalesce(p.phase, 'unseen') AS phase,                           -- how it fares; unseen: by the node tier
  p.node,                                                         -- where; NULL: nowhere yet
  p.host || ':' || p.port AS address,                             -- where it answers
  p.pid,                                                          -- process on the node
  (c.now_ms - r.created_ms) / 1000.0 AS age_s,                    -- since it was ordered
  (p.assigned_ms - r.created_ms) / 1000.0 AS placed_after_s,      -- from order to a node
  (p.ready_ms - r.created_ms) / 1000.0 AS ready_after_s,          -- from order to ready
  r.version,                                                      -- that it was ordered with
  r.stop_reason,                                                  -- why it was ended
  coalesce(p.exit_text, '') AS exit                               -- how it ended
FROM replica r LEFT JOIN placement p ON p.replica = r.id CROSS JOIN clock_now c
ORDER BY r.deployment, r.serial;

CREATE VIEW deployments_now AS SELECT
  d.id AS deployment,                                             -- application#deployment
  a.route_prefix,                                                 -- of its application; NULL: no route
  d.status,                                                       -- HEALTHY, UPDATING, …
  d.target,                                                       -- replicas wanted
  (SELECT count(*) FROM replica r JOIN placement p ON p.replica = r.id
    WHERE r.deployment = d.id AND r.phase = 'wanted' AND p.phase = 'ready') AS ready,  -- ready ones
  (SELECT count(*) FROM replica r JOIN placement p ON p.replica = r.id
    WHERE r.deployment = d.id AND r.phase = 'wanted' AND p.phase IN ('assigned', 'starting'))
    AS starting,                                                  -- on a node, not ready
  (SELECT count(*) FROM replica r LEFT JOIN placement p ON p.replica = r.id
    WHERE r.deployment = d.id AND r.phase = 'wanted' AND coalesce(p.phase, 'pending') = 'pending')
    AS pending,                                                   -- without a node
  (SELECT count(*) FROM replica r WHERE r.deployment = d.id AND r.phase <> 'wanted') AS ending,
                                                                  -- on the way out
  g.load_milli / 1000.0 AS load,                                  -- requests over the look-back; NULL: no data
  coalesce(d.settings_json ->> '$.count.auto._0.min_replicas', d.settings_json ->> '$.count.fixed._0')
    AS min_replicas,                                              -- never fewer
  coalesce(d.settings_json ->> '$.count.auto._0.max_replicas', d.settings_json ->> '$.count.fixed._0')
    AS max_replicas,                                              -- never more
  d.failures,                                                     -- in a row
  d.message                                                       -- why it is in this status
FROM deployment d LEFT JOIN application a ON a.name = d.application
LEFT JOIN scaling g ON g.deployment = d.id
ORDER BY d.application, d.position;

CREATE VIEW why_pending AS SELECT
  r.id AS replica,                                                -- replica without a node
  (c.now_ms - r.created_ms) / 1000.0 AS waiting_s,                -- since it was ordered
  coalesce(f.value ->> '$.candidate', '') AS candidate,           -- node or node type that was looked at
  coalesce(f.value ->> '$.code',
    iif(p.replica IS NULL, 'unseen', 'not_tried')) AS code,       -- short, limit, coming, …
  coalesce((SELECT group_concat(
      CASE s.key WHEN 'memory' THEN 'memory ' || (s.value / 1048576) || ' MiB'
      ELSE s.key || ' ' || printf('%g', s.value / 1000.0) END, ', ')
    FROM json_each(f.value, '$.short') s), '') AS short,          -- what was missing there
  CASE f.value ->> '$.code' WHEN 'budget' THEN (f.value ->> '$.gap') / 1e6
    ELSE f.value ->> '$.gap' END AS gap,                          -- how far it is from what is allowed; NULL: short says it
  CASE WHEN f.value ->> '$.gap' IS NULL THEN NULL ELSE CASE f.value ->> '$.code'
    WHEN 'budget' THEN 'USD an hour above the limit' WHEN 'label_selector' THEN 'terms of the selector failed'
    WHEN 'spread' THEN 'replicas above the allowed skew' WHEN 'affinity' THEN 'replicas missing to stand with'
    WHEN 'anti_affinity' THEN 'replicas in the way'
    WHEN 'max_per_node' THEN 'replicas too many on one node' END END AS gap_of  -- what the gap counts
FROM replica r LEFT JOIN placement p ON p.replica = r.id CROSS JOIN clock_now c
LEFT JOIN json_each(coalesce(p.refusals_json, '[]')) f ON true
WHERE r.phase = 'wanted' AND coalesce(p.phase, 'pending') = 'pending'
ORDER BY r.created_ms, r.id, f.id;

CREATE VIEW why_not_removed AS SELECT
  n.id AS node,                                                   -- node that is not given back
  n.type,                                                         -- node type
  n.phase,                                                        -- requested, booting, ready or draining
  coalesce(r.replicas, 0) AS replicas,                            -- that take room on it
  (c.now_ms - n.idle_since_ms) / 1000.0 AS idle_s,                -- without replicas; NULL: it has some
  t.idle_timeout_ms / 1000.0 AS idle_timeout_s,                   -- given back after so long
  coalesce(k.code, 'unseen') AS code,                             -- min_workers, idle_timeout, fits_nowhere, …
  coalesce(k.words, 'The node tier has not looked at it yet.') AS reason,  -- the same as a sentence
  (c.now_ms - k.since_ms) / 1000.0 AS since_s,                    -- since this is the reason
  s.code AS move,                                                 -- why its replicas are not moved; NULL: not looked at
  s.detail AS move_detail,                                        -- what that is about
  n.microusd_per_hour / 1e6 AS usd_per_hour                       -- what it costs meanwhile
FROM node n LEFT JOIN kept k ON k.node = n.id LEFT JOIN node_stay s ON s.node = n.id LEFT JOIN room_taken r ON r.node = n.id
  LEFT JOIN node_type t ON t.name = n.type
CROSS JOIN clock_now c
WHERE n.phase IN ('requested', 'booting', 'ready', 'draining') ORDER BY n.created_ms, n.id;

CREATE VIEW why_replicas AS SELECT
  d.id AS deployment,                                             -- deployment
  d.target,                                                       -- replicas wanted now
  s.before,                                                       -- target before the latest change
  s.after,                                                        -- target after it
  datetime(s.at_unix_ms / 1000, 'unixepoch') AS at,               -- when, UTC
  s.rule,                                                         -- the rule that decided
  s.reason,                                                       -- in a sentence
  s.inputs_json AS inputs,                                        -- the figures that the rule read
  s.id AS decision                                                -- row of serve_decision
FROM deployment d LEFT JOIN serve_decision s ON s.id =
  (SELECT max(id) FROM serve_decision WHERE subject = d.id AND kind = 'scale')
ORDER BY d.id;

CREATE VIEW timeline AS
SELECT
  at_ms,                                                          -- cluster clock
  datetime(at_unix_ms / 1000, 'unixepoch') AS at,                 -- UTC
  'serve' AS tier,                                                -- who decided
  kind,                                                           -- scale, place, launch, …
  subject,                                                        -- deployment, replica or node
  before,                                                         -- what it was
  after,                                                          -- what it became
  rule,                                                           -- the rule that decided
  reason,                                                         -- in a sentence
  id AS decision                                                  -- row of the tier's decision table
FROM serve_decision
UNION ALL SELECT at_ms, datetime(at_unix_ms / 1000, 'unixepoch'), 'nodes', kind, subject, before, after, rule,
  reason, id
FROM node_decision
ORDER BY at_ms, tier DESC, decision;

CREATE VIEW scale_history AS SELECT
  at_ms,                                                          -- cluster clock
  at,                                                             -- UTC
  tier,                                                           -- who decided
  kind,                                                           -- scale, launch, terminate, retire
  subject,                                                        -- deployment or node
  before,                                                         -- replicas, or phase, before
  after,                                                          -- and after
  reason                                                          -- in a sentence
FROM timeline WHERE kind IN ('scale', 'launch', 'terminate', 'retire');

CREATE VIEW why_this_type AS SELECT
  d.subject AS node,                                              -- node that was launched
  datetime(d.at_unix_ms / 1000, 'unixepoch') AS at,               -- when, UTC
  d.after AS chosen,                                              -- type that was asked for
  n.zone,                                                         -- where it was had; NULL: the row is gone
  n.capacity_type,                                                -- on_demand, spot, …
  n.microusd_per_hour / 1e6 AS usd_per_hour,                      -- price at which it was had; 0: not had yet
  (d.inputs_json ->> '$.plan_microusd_per_hour') / 1e6 AS plan_usd_per_hour,  -- of all that was bought then
  (d.inputs_json ->> '$.bound_microusd_per_hour') / 1e6 AS bound_usd_per_hour,  -- no plan could be cheaper
  (d.inputs_json ->> '$.plan_microusd_per_hour') * 1.0 / (d.inputs_json ->> '$.bound_microusd_per_hour') - 1 AS gap,
                                                                  -- by so much more than the bound
  d.reason,                                                       -- in a sentence
  f.value ->> '$.candidate' AS refused,                           -- another candidate; NULL: there was none
  f.value ->> '$.code' AS code,                                   -- and why not that one
  coalesce((SELECT group_concat(
      CASE s.key WHEN 'memory' THEN 'memory ' || (s.value / 1048576) || ' MiB'
      ELSE s.key || ' ' || printf('%g', s.value / 1000.0) END, ', ')
    FROM json_each(f.value, '$.short') s), '') AS short,          -- what was missing there
  d.id AS decision                                                -- row of node_decision
FROM node_decision d LEFT JOIN node n ON n.id = d.subject LEFT JOIN json_each(d.refusals_json) f ON true
WHERE d.kind = 'launch' ORDER BY d.id, f.id;

CREATE VIEW cost_lines AS
SELECT
  a.id AS account,                                                -- row of cost_account; '': no longer kept by machine
  a.instance,                                                     -- the provider's id
  a.node,                                                         -- node it was made for
  a.type,                                                         -- node type
  t.cause,                                                        -- deployment, idle, headroom, fragmentation, …
  t.deployment,                                                   -- of cause deployment; else ''
  a.microusd_per_hour,                                            -- price at which the machine was bought
  t.time_us,                                                      -- thousandths of the machine × milliseconds
  0 AS milli                                                      -- thousandths of the machine that it is now
FROM cost_total t JOIN cost_account a ON a.id = t.account
UNION ALL SELECT a.id, a.instance, a.node, a.type, s.value ->> '$.cause', s.value ->> '$.deployment',
  a.microusd_per_hour, max(c.now_ms - a.since_ms, 0) * (s.value ->> '$.milli'), s.value ->> '$.milli'
FROM cost_account a CROSS JOIN clock_now c JOIN json_each(a.shares_json) s WHERE a.ended_ms IS NULL
UNION ALL SELECT '', '', '', '', cause, deployment, microusd_per_hour, time_us, 0 FROM cost_past;

CREATE VIEW cost_by_deployment AS SELECT
  l.owner AS deployment,                                          -- '(idle)', '(starting)', …: time of no deployment
  coalesce((SELECT count(*) FROM placement p WHERE p.deployment = l.owner
    AND p.phase IN ('assigned', 'starting', 'ready', 'stopping')), 0) AS replicas,  -- that take room
  sum(l.microusd_per_hour * l.milli) / 1e9 AS usd_per_hour,       -- now
  sum(l.time_us) / 3.6e9 AS node_hours,                           -- since the beginning, in whole nodes
  sum(1.0 * l.time_us * l.microusd_per_hour) / 3.6e15 AS usd      -- since the beginning
FROM (SELECT iif(cause = 'deployment', deployment, '(' || cause || ')') AS owner, microusd_per_hour, milli, time_us
  FROM cost_lines) l
GROUP BY l.owner ORDER BY usd_per_hour DESC, usd DESC, l.owner;

CREATE VIEW cost_by_cause AS SELECT
  cause,                                                          -- deployment, idle, headroom, fragmentation, …
  sum(microusd_per_hour * milli) / 1e9 AS usd_per_hour,           -- now
  sum(time_us) / 3.6e9 AS node_hours,                             -- since the beginning, in whole nodes
  sum(1.0 * time_us * microusd_per_hour) / 3.6e15 AS usd          -- since the beginning
FROM cost_lines GROUP BY cause ORDER BY usd DESC, cause;

CREATE VIEW cost_by_node AS SELECT
  l.node,                                                         -- node
  l.instance,                                                     -- its machine
  l.type,                                                         -- node type
  l.cause,                                                        -- what its time was for
  l.deployment,                                                   -- of cause deployment; else ''
  l.microusd_per_hour / 1e6 AS usd_per_hour,                      -- price of the whole node
  sum(l.milli) / 1000.0 AS share,                                 -- part of the node that it is now
  sum(l.time_us) / 3.6e9 AS node_hours,                           -- in whole nodes
  sum(1.0 * l.time_us * l.microusd_per_hour) / 3.6e15 AS usd,     -- since it was made
  a.is_estimate                                                   -- 1: the provider never said when it ended
FROM cost_lines l JOIN cost_account a ON a.id = l.account
GROUP BY l.account, l.cause, l.deployment ORDER BY a.began_ms, l.account, usd DESC;

CREATE VIEW cost_by_hour AS SELECT
  datetime(hour_unix_ms / 1000, 'unixepoch') AS hour,             -- begin of the hour, UTC; only what is booked
  cause,                                                          -- what the time was for
  deployment,                                                     -- of cause deployment; else ''
  sum(time_us) / 3.6e9 AS node_hours,                             -- in whole nodes
  sum(1.0 * time_us * microusd_per_hour) / 3.6e15 AS usd          -- dollars
FROM cost_hour GROUP BY hour_ms, cause, deployment ORDER BY hour_ms, usd DESC;

CREATE VIEW leak_suspects AS
SELECT
  i.instance,                                                     -- the provider's id
  i.node,                                                         -- node it says it is
  i.state,                                                        -- the provider's word; '': not in its list
  'the provider shows it and we have no such node' AS suspicion,  -- what is odd
  (SELECT sum(microusd_per_hour) / 1e6 FROM cost_account a WHERE a.instance = i.instance AND a.ended_ms IS NULL)
    AS usd_per_hour                                               -- what it costs meanwhile; NULL: nothing known
FROM instance_seen i CROSS JOIN clock_now c LEFT JOIN node n ON n.id = i.node
WHERE i.state NOT IN ('stopping', 'terminated')
  AND (n.id IS NULL OR n.phase = 'gone' AND n.phase_ms + 10000 < c.now_ms) -- a list may be older than that
UNION ALL
SELECT n.instance, n.id, '', 'our node is ' || n.phase || ' and the provider does not show it',
  n.microusd_per_hour / 1e6
FROM node n CROSS JOIN clock_now c
WHERE n.provider <> '' AND n.instance IS NOT NULL AND n.phase IN ('booting', 'ready', 'draining')
  AND n.created_ms + 10000 < c.now_ms                             -- younger ones may be missing from a list
  AND NOT EXISTS (SELECT 1 FROM instance_seen i WHERE i.instance = n.instance AND i.state <> 'terminated')
UNION ALL
SELECT i.instance, i.node, i.state, 'another instance carries the same token',
  (SELECT sum(microusd_per_hour) / 1e6 FROM cost_account a WHERE a.instance = i.instance AND a.ended_ms IS NULL)
FROM instance_seen i
WHERE i.state NOT IN ('stopping', 'terminated') AND EXISTS (SELECT 1 FROM instance_seen o
  WHERE o.token = i.token AND o.instance <> i.instance AND o.state NOT IN ('stopping', 'terminated'));

CREATE VIEW failures AS SELECT
  f.subject AS replica,                                           -- replica that ended without an order
  d.id AS deployment,                                             -- its deployment; NULL: deleted since
  f.rule,                                                         -- start_failure, crash or node_lost
  datetime(f.at_unix_ms / 1000, 'unixepoch') AS at,               -- when, UTC
  (c.now_ms - f.at_ms) / 1000.0 AS ago_s,                         -- since then
  f.reason,                                                       -- how it ended, in a sentence
  iif(substr(d.last_failure, 1, length(f.subject) + 1) = f.subject || ' ', d.last_failure, '') AS last_lines
                                                                  -- end of its output; kept for the latest only
FROM serve_decision f CROSS JOIN clock_now c
  LEFT JOIN deployment d ON substr(f.subject, 1, length(d.id) + 1) = d.id || '#'
WHERE f.kind = 'replace' AND f.rule IN ('start_failure', 'crash', 'node_lost') ORDER BY f.id DESC;
