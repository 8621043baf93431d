-- The latest purchases: what was bought, at what price, how near to the best possible, and what was not chosen.
SELECT node, at, chosen, zone, capacity_type, usd_per_hour, round(100 * gap, 2) AS gap_percent, refused, code, short
FROM why_this_type ORDER BY decision DESC LIMIT 50;
