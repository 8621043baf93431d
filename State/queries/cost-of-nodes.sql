-- What each machine was for, the dearest first.
SELECT node, instance, type, cause, deployment, round(node_hours, 3) AS node_hours, round(usd, 4) AS usd
FROM cost_by_node ORDER BY usd DESC LIMIT 50;
