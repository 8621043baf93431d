-- The views for people. Dropped and made again when this text changes. Times in s are ages as of the latest
-- renewal of a tier (view clock_now); CPU and GPU are in units, memory in MiB, money in dollars.

CREATE VIEW clock_now AS SELECT
  max(heard_ms) AS now_ms  -- the cluster clock as last heard; the file itself has no clock
FROM role;

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
    FROM json_each(f.value, '$.short') s), '') AS short           -- what was missing there
FROM replica r LEFT JOIN placement p ON p.replica = r.id CROSS JOIN clock_now c
LEFT JOIN json_each(coalesce(p.refusals_json, '[]')) f ON true
WHERE r.phase = 'wanted' AND coalesce(p.phase, 'pending') = 'pending'
ORDER BY r.created_ms, r.id, f.id;

CREATE VIEW why_not_removed AS SELECT
  n.id AS node,                                                   -- node that is not on its way out
  n.type,                                                         -- node type
  n.phase,                                                        -- requested, booting or ready
  coalesce(r.replicas, 0) AS replicas,                            -- that take room on it
  (c.now_ms - n.idle_since_ms) / 1000.0 AS idle_s,                -- without replicas; NULL: it has some
  t.idle_timeout_ms / 1000.0 AS idle_timeout_s,                   -- given back after so long
  CASE
    WHEN n.provider = '' THEN 'it is this machine itself'
    WHEN n.phase <> 'ready' THEN 'it is ' || n.phase || ' and may yet be needed'
    WHEN r.replicas > 0 THEN 'it has ' || r.replicas || iif(r.replicas = 1, ' replica', ' replicas')
    WHEN t.name IS NULL THEN 'its type is no longer configured; nothing is known of its timeout'
    WHEN (SELECT count(*) FROM node o WHERE o.type = n.type AND o.phase IN ('requested', 'booting', 'ready'))
      <= t.min_workers THEN 'min_workers of its type is ' || t.min_workers
    WHEN n.idle_since_ms IS NULL THEN 'it has only just become idle'
    WHEN c.now_ms - n.idle_since_ms < t.idle_timeout_ms THEN 'it is not idle for long enough'
    ELSE 'nothing keeps it: it is due'
  END AS reason                                                   -- the first that holds
FROM node n LEFT JOIN room_taken r ON r.node = n.id LEFT JOIN node_type t ON t.name = n.type
CROSS JOIN clock_now c
WHERE n.phase IN ('requested', 'booting', 'ready') ORDER BY n.created_ms, n.id;

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
  d.after AS chosen,                                              -- what was asked for
  d.reason,                                                       -- in a sentence
  f.value ->> '$.candidate' AS refused,                           -- another candidate; NULL: there was none
  f.value ->> '$.code' AS code,                                   -- and why not that one
  d.id AS decision                                                -- row of node_decision
FROM node_decision d LEFT JOIN json_each(d.refusals_json) f ON true
WHERE d.kind = 'launch' ORDER BY d.id, f.id;

CREATE VIEW cost_by_deployment AS SELECT
  deployment,                                                     -- '(idle)': nodes that hold no replica
  sum(replicas) AS replicas,                                      -- that take room
  sum(microusd) / 1e6 AS usd_per_hour                             -- share of the nodes' prices, by CPU
FROM (
  SELECT p.deployment, 1 AS replicas,
    iif(t.cpu_milli > 0, 1.0 * n.microusd_per_hour * coalesce(p.resources_json ->> '$.CPU', 0) / t.cpu_milli,
      1.0 * n.microusd_per_hour / t.replicas) AS microusd
  FROM placement p JOIN node n ON n.id = p.node JOIN room_taken t ON t.node = p.node
  WHERE p.phase IN ('assigned', 'starting', 'ready', 'stopping')
    AND n.phase IN ('booting', 'ready', 'draining', 'terminating')
  UNION ALL
  SELECT '(idle)', 0, n.microusd_per_hour FROM node n
  WHERE n.phase IN ('booting', 'ready', 'draining', 'terminating')
    AND NOT EXISTS (SELECT 1 FROM room_taken t WHERE t.node = n.id)
) GROUP BY deployment ORDER BY usd_per_hour DESC;

CREATE VIEW leak_suspects AS
SELECT
  i.instance,                                                     -- the provider's id
  i.node,                                                         -- node it says it is
  i.state,                                                        -- the provider's word; '': not in its list
  'the provider shows it and we have no such node' AS suspicion   -- what is odd
FROM instance_seen i CROSS JOIN clock_now c LEFT JOIN node n ON n.id = i.node
WHERE i.state NOT IN ('stopping', 'terminated')
  AND (n.id IS NULL OR n.phase = 'gone' AND n.phase_ms + 10000 < c.now_ms) -- a list may be older than that
UNION ALL
SELECT n.instance, n.id, '', 'our node is ' || n.phase || ' and the provider does not show it'
FROM node n CROSS JOIN clock_now c
WHERE n.provider <> '' AND n.instance IS NOT NULL AND n.phase IN ('booting', 'ready', 'draining')
  AND n.created_ms + 10000 < c.now_ms                             -- younger ones may be missing from a list
  AND NOT EXISTS (SELECT 1 FROM instance_seen i WHERE i.instance = n.instance AND i.state <> 'terminated')
UNION ALL
SELECT i.instance, i.node, i.state, 'another instance carries the same token'
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
