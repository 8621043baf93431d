-- Replicas without a node, and what each node or node type said.
SELECT replica, round(waiting_s, 1) AS waiting_s, candidate, code, short FROM why_pending;
