-- Of every dollar, what was for no deployment, and for what instead.
SELECT cause, round(usd, 4) AS usd, round(100 * usd / nullif((SELECT sum(usd) FROM cost_by_cause), 0), 1) AS percent
FROM cost_by_cause;
