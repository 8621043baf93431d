-- Machines that somebody may be paying for without need. Empty is well.
SELECT instance, node, state, suspicion FROM leak_suspects;
