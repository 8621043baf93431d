-- The state of a running cluster, made anew from what runs. While "readopt" has a row that is not done, neither tier
-- sends an order, publishes a route or calls for a machine.

-- ---------------------------------------------------------------- written by the node tier

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

CREATE TABLE found_replica (
  replica       TEXT PRIMARY KEY,         -- the name under which it runs
  node          TEXT NOT NULL,            -- where it runs
  phase         TEXT NOT NULL             -- its agent's word
    CHECK (phase IN ('starting','ready','stopping')),
  host          TEXT NOT NULL,            -- where it is reached …
  port          INTEGER,                  -- … once it has a port
  pid           INTEGER,                  -- on its node
  settings_json TEXT NOT NULL             -- what it was started with
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- written by the serve tier

CREATE TABLE readopt_taken (
  id       INTEGER PRIMARY KEY CHECK (id = 1),  -- one row; none: the serve tier has not taken over what was found
  taken_ms INTEGER NOT NULL,                    -- when it had
  replicas INTEGER NOT NULL                     -- how many it took over
) STRICT;
