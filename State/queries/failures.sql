-- Replicas that ended without an order, latest first, with the end of the output where it is kept.
SELECT replica, rule, at, round(ago_s, 1) AS ago_s, reason, last_lines FROM failures;
