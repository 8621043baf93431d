-- When nodes cannot be had: the node tier says how many replicas find a place, and the serve tier asks for no more.

-- ---------------------------------------------------------------- written by the node tier

CREATE TABLE feasible (
  deployment    TEXT PRIMARY KEY,          -- of which more is wanted than can be placed; no row: nothing is in the way
  room          INTEGER NOT NULL,          -- of its replicas that are wanted so many have a place, or a node on its way
  reason        TEXT NOT NULL,             -- why no more: short | too_large | limit | unavailable | budget | ...
  refusals_json TEXT NOT NULL DEFAULT '[]',-- [{candidate, code, short}]: what each node type answers
  generation    INTEGER NOT NULL,          -- raised when anything of it, or which nodes there are, changes
  since_ms      INTEGER NOT NULL           -- from then on there was not enough
) STRICT, WITHOUT ROWID;
