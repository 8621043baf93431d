-- What every machine costs and for what, and why each node that is up is kept.

-- ---------------------------------------------------------------- written by the node tier

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
