-- Dollars an hour: what each deployment holds, what stands idle, and the whole.
SELECT deployment, replicas, round(usd_per_hour, 4) AS usd_per_hour FROM cost_by_deployment
UNION ALL SELECT '(all)', sum(replicas), round(sum(usd_per_hour), 4) FROM cost_by_deployment;
