-- Replicas that ended by themselves, with the end of their output.
SELECT replica, node, round(ago_s, 1) AS ago_s, exit, last_lines FROM failures;
