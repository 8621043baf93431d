-- The views for people. Dropped and made again when this text changes. Times in s are ages as of the latest
-- renewal of a tier (view clock_now); CPU and GPU are in units, memory in MiB, money in dollars.

CREATE VIEW clock_now AS SELECT
  max(  -- the cluster clock as last heard, by a renewal or a decision; the file itself has no clock
    (SELECT max(heard_ms) FROM role),
    coalesce((SELECT at_ms FROM node_decision ORDER BY id DESC LIMIT 1), 0),
    coalesce((SELECT at_ms FROM serve_decision ORDER BY id DESC LIMIT 1), 0)
  ) AS now_ms;

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
    FROM json_each(f.value, '$.short') s), '') AS short,          -- what was missing there
  CASE f.value ->> '$.code' WHEN 'budget' THEN (f.value ->> '$.gap') / 1e6
    ELSE f.value ->> '$.gap' END AS gap,                          -- how far it is from what is allowed; NULL: short says it
  CASE WHEN f.value ->> '$.gap' IS NULL THEN NULL ELSE CASE f.value ->> '$.code'
    WHEN 'budget' THEN 'USD an hour above the limit' WHEN 'label_selector' THEN 'terms of the selector failed'
    WHEN 'spread' THEN 'replicas above the allowed skew' WHEN 'affinity' THEN 'replicas missing to stand with'
    WHEN 'anti_affinity' THEN 'replicas in the way'
    WHEN 'max_per_node' THEN 'replicas too many on one node' END END AS gap_of  -- what the gap counts
FROM replica r LEFT JOIN placement p ON p.replica = r.id CROSS JOIN clock_now c
LEFT JOIN json_each(coalesce(p.refusals_json, '[]')) f ON true
WHERE r.phase = 'wanted' AND coalesce(p.phase, 'pending') = 'pending'
ORDER BY r.created_ms, r.id, f.id;

CREATE VIEW why_not_removed AS SELECT
  n.id AS node,                                                   -- node that is not given back
  n.type,                                                         -- node type
  n.phase,                                                        -- requested, booting, ready or draining
  coalesce(r.replicas, 0) AS replicas,                            -- that take room on it
  (c.now_ms - n.idle_since_ms) / 1000.0 AS idle_s,                -- without replicas; NULL: it has some
  t.idle_timeout_ms / 1000.0 AS idle_timeout_s,                   -- given back after so long
  coalesce(k.code, 'unseen') AS code,                             -- min_workers, idle_timeout, fits_nowhere, …
  coalesce(k.words, 'The node tier has not looked at it yet.') AS reason,  -- the same as a sentence
  (c.now_ms - k.since_ms) / 1000.0 AS since_s,                    -- since this is the reason
  s.code AS move,                                                 -- why its replicas are not moved; NULL: not looked at
  s.detail AS move_detail,                                        -- what that is about
  n.microusd_per_hour / 1e6 AS usd_per_hour                       -- what it costs meanwhile
FROM node n LEFT JOIN kept k ON k.node = n.id LEFT JOIN node_stay s ON s.node = n.id LEFT JOIN room_taken r ON r.node = n.id
  LEFT JOIN node_type t ON t.name = n.type
CROSS JOIN clock_now c
WHERE n.phase IN ('requested', 'booting', 'ready', 'draining') ORDER BY n.created_ms, n.id;

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
  d.after AS chosen,                                              -- type that was asked for
  n.zone,                                                         -- where it was had; NULL: the row is gone
  n.capacity_type,                                                -- on_demand, spot, …
  n.microusd_per_hour / 1e6 AS usd_per_hour,                      -- price at which it was had; 0: not had yet
  (d.inputs_json ->> '$.plan_microusd_per_hour') / 1e6 AS plan_usd_per_hour,  -- of all that was bought then
  (d.inputs_json ->> '$.bound_microusd_per_hour') / 1e6 AS bound_usd_per_hour,  -- no plan could be cheaper
  (d.inputs_json ->> '$.plan_microusd_per_hour') * 1.0 / (d.inputs_json ->> '$.bound_microusd_per_hour') - 1 AS gap,
                                                                  -- by so much more than the bound
  d.reason,                                                       -- in a sentence
  f.value ->> '$.candidate' AS refused,                           -- another candidate; NULL: there was none
  f.value ->> '$.code' AS code,                                   -- and why not that one
  coalesce((SELECT group_concat(
      CASE s.key WHEN 'memory' THEN 'memory ' || (s.value / 1048576) || ' MiB'
      ELSE s.key || ' ' || printf('%g', s.value / 1000.0) END, ', ')
    FROM json_each(f.value, '$.short') s), '') AS short,          -- what was missing there
  d.id AS decision                                                -- row of node_decision
FROM node_decision d LEFT JOIN node n ON n.id = d.subject LEFT JOIN json_each(d.refusals_json) f ON true
WHERE d.kind = 'launch' ORDER BY d.id, f.id;

CREATE VIEW cost_lines AS
SELECT
  a.id AS account,                                                -- row of cost_account; '': no longer kept by machine
  a.instance,                                                     -- the provider's id
  a.node,                                                         -- node it was made for
  a.type,                                                         -- node type
  t.cause,                                                        -- deployment, idle, headroom, fragmentation, …
  t.deployment,                                                   -- of cause deployment; else ''
  a.microusd_per_hour,                                            -- price at which the machine was bought
  t.time_us,                                                      -- thousandths of the machine × milliseconds
  0 AS milli                                                      -- thousandths of the machine that it is now
FROM cost_total t JOIN cost_account a ON a.id = t.account
UNION ALL SELECT a.id, a.instance, a.node, a.type, s.value ->> '$.cause', s.value ->> '$.deployment',
  a.microusd_per_hour, max(c.now_ms - a.since_ms, 0) * (s.value ->> '$.milli'), s.value ->> '$.milli'
FROM cost_account a CROSS JOIN clock_now c JOIN json_each(a.shares_json) s WHERE a.ended_ms IS NULL
UNION ALL SELECT '', '', '', '', cause, deployment, microusd_per_hour, time_us, 0 FROM cost_past;

CREATE VIEW cost_by_deployment AS SELECT
  l.owner AS deployment,                                          -- '(idle)', '(starting)', …: time of no deployment
  coalesce((SELECT count(*) FROM placement p WHERE p.deployment = l.owner
    AND p.phase IN ('assigned', 'starting', 'ready', 'stopping')), 0) AS replicas,  -- that take room
  sum(l.microusd_per_hour * l.milli) / 1e9 AS usd_per_hour,       -- now
  sum(l.time_us) / 3.6e9 AS node_hours,                           -- since the beginning, in whole nodes
  sum(1.0 * l.time_us * l.microusd_per_hour) / 3.6e15 AS usd      -- since the beginning
FROM (SELECT iif(cause = 'deployment', deployment, '(' || cause || ')') AS owner, microusd_per_hour, milli, time_us
  FROM cost_lines) l
GROUP BY l.owner ORDER BY usd_per_hour DESC, usd DESC, l.owner;

CREATE VIEW cost_by_cause AS SELECT
  cause,                                                          -- deployment, idle, headroom, fragmentation, …
  sum(microusd_per_hour * milli) / 1e9 AS usd_per_hour,           -- now
  sum(time_us) / 3.6e9 AS node_hours,                             -- since the beginning, in whole nodes
  sum(1.0 * time_us * microusd_per_hour) / 3.6e15 AS usd          -- since the beginning
FROM cost_lines GROUP BY cause ORDER BY usd DESC, cause;

CREATE VIEW cost_by_node AS SELECT
  l.node,                                                         -- node
  l.instance,                                                     -- its machine
  l.type,                                                         -- node type
  l.cause,                                                        -- what its time was for
  l.deployment,                                                   -- of cause deployment; else ''
  l.microusd_per_hour / 1e6 AS usd_per_hour,                      -- price of the whole node
  sum(l.milli) / 1000.0 AS share,                                 -- part of the node that it is now
  sum(l.time_us) / 3.6e9 AS node_hours,                           -- in whole nodes
  sum(1.0 * l.time_us * l.microusd_per_hour) / 3.6e15 AS usd,     -- since it was made
  a.is_estimate                                                   -- 1: the provider never said when it ended
FROM cost_lines l JOIN cost_account a ON a.id = l.account
GROUP BY l.account, l.cause, l.deployment ORDER BY a.began_ms, l.account, usd DESC;

CREATE VIEW cost_by_hour AS SELECT
  datetime(hour_unix_ms / 1000, 'unixepoch') AS hour,             -- begin of the hour, UTC; only what is booked
  cause,                                                          -- what the time was for
  deployment,                                                     -- of cause deployment; else ''
  sum(time_us) / 3.6e9 AS node_hours,                             -- in whole nodes
  sum(1.0 * time_us * microusd_per_hour) / 3.6e15 AS usd          -- dollars
FROM cost_hour GROUP BY hour_ms, cause, deployment ORDER BY hour_ms, usd DESC;

CREATE VIEW leak_suspects AS
SELECT
  i.instance,                                                     -- the provider's id
  i.node,                                                         -- node it says it is
  i.state,                                                        -- the provider's word; '': not in its list
  'the provider shows it and we have no such node' AS suspicion,  -- what is odd
  (SELECT sum(microusd_per_hour) / 1e6 FROM cost_account a WHERE a.instance = i.instance AND a.ended_ms IS NULL)
    AS usd_per_hour                                               -- what it costs meanwhile; NULL: nothing known
FROM instance_seen i CROSS JOIN clock_now c LEFT JOIN node n ON n.id = i.node
WHERE i.state NOT IN ('stopping', 'terminated')
  AND (n.id IS NULL OR n.phase = 'gone' AND n.phase_ms + 10000 < c.now_ms) -- a list may be older than that
UNION ALL
SELECT n.instance, n.id, '', 'our node is ' || n.phase || ' and the provider does not show it',
  n.microusd_per_hour / 1e6
FROM node n CROSS JOIN clock_now c
WHERE n.provider <> '' AND n.instance IS NOT NULL AND n.phase IN ('booting', 'ready', 'draining')
  AND n.created_ms + 10000 < c.now_ms                             -- younger ones may be missing from a list
  AND NOT EXISTS (SELECT 1 FROM instance_seen i WHERE i.instance = n.instance AND i.state <> 'terminated')
UNION ALL
SELECT i.instance, i.node, i.state, 'another instance carries the same token',
  (SELECT sum(microusd_per_hour) / 1e6 FROM cost_account a WHERE a.instance = i.instance AND a.ended_ms IS NULL)
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
