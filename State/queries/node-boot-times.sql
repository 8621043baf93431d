-- From the decision to buy a node to its agent's hello, by type.
SELECT type, count(joined_ms) AS joined, sum(joined_ms IS NULL) AS never_joined,
  round(avg(joined_ms - created_ms) / 1000.0, 2) AS mean_s, max(joined_ms - created_ms) / 1000.0 AS slowest_s
FROM node WHERE provider <> '' GROUP BY type ORDER BY type;
