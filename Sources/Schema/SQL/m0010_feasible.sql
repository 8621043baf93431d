-- When nodes cannot be had: the node tier says how many replicas find a place, and the serve tier asks for no more.
-- Proxies also count the requests that are done.

-- ---------------------------------------------------------------- written by the node tier

CREATE TABLE feasible (
  deployment    TEXT PRIMARY KEY,          -- of which more is wanted than can be placed; no row: nothing is in the way
  room          INTEGER NOT NULL,          -- of its replicas that are wanted so many have a place, or a node on its way
  reason        TEXT NOT NULL,             -- why no more: short | too_large | limit | unavailable | budget | ...
  refusals_json TEXT NOT NULL DEFAULT '[]',-- [{candidate, code, short}]: what each node type answers
  generation    INTEGER NOT NULL,          -- raised when anything of it, or which nodes there are, changes
  since_ms      INTEGER NOT NULL           -- from then on there was not enough
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- written by the serve tier

CREATE TABLE load_bucket_next (
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

INSERT INTO load_bucket_next (deployment, proxy, incarnation, sequence, end_ms, span_ms, area_us, ongoing, queued)
  SELECT deployment, proxy, incarnation, sequence, end_ms, span_ms, area_us, ongoing, queued FROM load_bucket;
DROP TABLE load_bucket;
ALTER TABLE load_bucket_next RENAME TO load_bucket;
CREATE INDEX load_bucket_by_age ON load_bucket (end_ms);
