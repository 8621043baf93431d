-- Every setting in force of every deployment, one on each line.
SELECT d.id AS deployment, s.fullkey AS setting, s.value
FROM deployment d, json_tree(d.settings_json) s WHERE s.atom IS NOT NULL ORDER BY d.id, s.id;
