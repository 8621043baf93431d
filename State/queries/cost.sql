-- Dollars: what each deployment costs an hour and has cost, and where the rest went; the last line is the whole.
SELECT deployment, replicas, round(usd_per_hour, 4) AS usd_per_hour, round(node_hours, 2) AS node_hours,
  round(usd, 4) AS usd FROM cost_by_deployment
UNION ALL SELECT '(all)', sum(replicas), round(sum(usd_per_hour), 4), round(sum(node_hours), 2), round(sum(usd), 4)
FROM cost_by_deployment;
