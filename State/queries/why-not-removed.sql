-- Why each node is still there, the dearest first.
SELECT node, type, phase, replicas, round(idle_s, 1) AS idle_s, idle_timeout_s, code, reason, move,
  round(since_s, 1) AS since_s, usd_per_hour FROM why_not_removed ORDER BY usd_per_hour DESC, node;
