-- A step of a plan says where and how its node is to be bought: what stands under rules about zones moves too.

-- ---------------------------------------------------------------- written by the node tier

CREATE TABLE move_step_next (
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

INSERT INTO move_step_next (id, plan, position, part, node, type, microusd_per_hour, phase, phase_ms)
  SELECT id, plan, position, part, node, type, microusd_per_hour, phase, phase_ms FROM move_step;
DROP TABLE move_step;
ALTER TABLE move_step_next RENAME TO move_step;

CREATE INDEX move_step_by_plan ON move_step (plan);

CREATE TRIGGER move_step_phase BEFORE UPDATE OF phase ON move_step
WHEN OLD.phase <> NEW.phase AND NOT EXISTS
  (SELECT 1 FROM move_step_phase_edge WHERE before = OLD.phase AND after = NEW.phase)
BEGIN SELECT RAISE(ABORT, 'illegal phase change of a step'); END;
