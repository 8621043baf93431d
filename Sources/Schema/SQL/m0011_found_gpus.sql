-- What is found running is asked for its GPUs too, so that no device is given twice after the state is made anew.

-- ---------------------------------------------------------------- written by the node tier

CREATE TABLE found_replica_next (
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

INSERT INTO found_replica_next (replica, node, phase, host, port, pid, settings_json)
  SELECT replica, node, phase, host, port, pid, settings_json FROM found_replica;
DROP TABLE found_replica;
ALTER TABLE found_replica_next RENAME TO found_replica;
