-- What has failed is remembered: offerings, the provider's limits, nodes that flap, and what is held because of it.

-- ---------------------------------------------------------------- written by the node tier

CREATE TABLE availability_next (
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

-- Rows of before name no provider: they are forgotten, which costs one call each.
DROP TABLE availability;
ALTER TABLE availability_next RENAME TO availability;

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

-- ---------------------------------------------------------------- legal moves, as in Swift

-- Not renamed into its place: the trigger on node names it.
DROP TABLE node_phase_edge;
CREATE TABLE node_phase_edge (
  before TEXT NOT NULL,  -- phase
  after  TEXT NOT NULL,  -- phase that may follow it
  causes TEXT NOT NULL,  -- rules that may move a node so, sorted: node_decision.rule
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;
INSERT INTO node_phase_edge VALUES
  ('requested','booting','launched'),
  ('requested','ready','hello'),
  ('requested','terminating','join_deadline not_needed out_of_capacity quota rejected unknown_outcome'),
  ('requested','gone','down machine_ended out_of_capacity quota rejected'),
  ('booting','ready','hello'),
  ('booting','terminating','join_deadline not_needed'),
  ('booting','gone','down ended_while_booting machine_ended'),
  ('ready','draining','consolidation drain drift expiry flapping idle_timeout max_workers preempted provider_configured type_removed'),
  ('ready','terminating','agent_lost'),
  ('ready','gone','down machine_lost'),
  ('draining','ready','plan_dropped wanted_again'),
  ('draining','terminating','drain_deadline drained'),
  ('draining','gone','down drain_deadline drained machine_lost'),
  ('terminating','gone','down terminated');
