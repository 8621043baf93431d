-- Machines that somebody may be paying for without need. Empty is well.
SELECT instance, node, state, suspicion, usd_per_hour FROM leak_suspects;
