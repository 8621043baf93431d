-- How long replicas that run now took from order to ready, by deployment.
SELECT deployment, count(*) AS replicas, round(avg(placed_after_s), 2) AS placed_after_s,
  round(avg(ready_after_s), 2) AS ready_after_s, round(max(ready_after_s), 2) AS slowest_s
FROM replicas_now WHERE phase = 'ready' GROUP BY deployment ORDER BY slowest_s DESC;
