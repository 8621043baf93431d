-- Why each node is still there.
SELECT node, type, replicas, round(idle_s, 1) AS idle_s, idle_timeout_s, reason FROM why_not_removed;
