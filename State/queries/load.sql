-- Mean requests (running and queued) of each deployment in intervals of 10 s, all proxies together; the
-- latest interval may be incomplete.
SELECT deployment, (end_ms / 10000) * 10 AS at_s, round(sum(area_us) / 10e6, 2) AS mean_requests
FROM load_bucket GROUP BY deployment, end_ms / 10000 ORDER BY deployment, at_s;
