-- Plans by which nodes are given up or replaced, kept step by step; and what is remembered of each node for it.

-- ---------------------------------------------------------------- written by the node tier

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
INSERT INTO move_plan_phase_edge VALUES
  ('proposed','launching'), ('proposed','moving'), ('proposed','dropped'),
  ('launching','moving'), ('launching','dropped'),
  ('moving','done'), ('moving','dropped');

CREATE TRIGGER move_plan_phase BEFORE UPDATE OF phase ON move_plan
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM move_plan_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal phase change of a plan'); END;

CREATE TABLE move_step (
  id       TEXT PRIMARY KEY,                 -- plan/position
  plan     TEXT NOT NULL,                    -- its plan
  position INTEGER NOT NULL,                 -- within the plan; new nodes come first
  part     TEXT NOT NULL                     -- takes: a node that is bought; gives: one that goes
    CHECK (part IN ('takes','gives')),
  node     TEXT,                             -- NULL: not bought yet
  type     TEXT NOT NULL,                    -- its node type
  microusd_per_hour INTEGER NOT NULL,        -- its price; of one that is bought the most that is paid
  phase    TEXT NOT NULL                     -- legal moves: move_step_phase_edge
    CHECK (phase IN ('planned','ordered','ready','moving','drained','ended','dropped')),
  phase_ms INTEGER NOT NULL                  -- since when
) STRICT, WITHOUT ROWID;
CREATE INDEX move_step_by_plan ON move_step (plan);

CREATE TABLE move_step_phase_edge (
  before TEXT NOT NULL,                      -- phase
  after  TEXT NOT NULL,                      -- phase that may follow it
  PRIMARY KEY (before, after)
) STRICT, WITHOUT ROWID;
INSERT INTO move_step_phase_edge VALUES
  ('planned','ordered'), ('planned','moving'), ('planned','ended'), ('planned','dropped'),
  ('ordered','ready'), ('ordered','dropped'),
  ('moving','drained'), ('moving','ended'), ('moving','dropped'),
  ('drained','ended'), ('drained','dropped');

CREATE TRIGGER move_step_phase BEFORE UPDATE OF phase ON move_step
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM move_step_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal phase change of a step'); END;

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
