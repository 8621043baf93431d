-- The figures behind each deployment's present target.
SELECT w.deployment, w.target, w.at, w.rule, w.reason, i.key AS figure, i.value
FROM why_replicas w LEFT JOIN json_each(w.inputs) i ON true ORDER BY w.deployment, i.id;
