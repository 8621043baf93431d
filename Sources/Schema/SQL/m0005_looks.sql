-- Each look at the load is as of an instant of its own, so that a tier that was away takes those that it has missed.

-- ---------------------------------------------------------------- written by the serve tier

CREATE TABLE scaling_next (
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

INSERT INTO scaling_next (deployment, direction, direction_since_ms, wishes_json, policy_state_json, raised_ms,
    lowered_ms, load_milli, load_ms)
  SELECT deployment, direction, direction_since_ms, wishes_json, policy_state_json, raised_ms, lowered_ms, load_milli,
    load_ms FROM scaling;
DROP TABLE scaling;
ALTER TABLE scaling_next RENAME TO scaling;
