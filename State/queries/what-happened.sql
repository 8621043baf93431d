-- The last 50 decisions of both tiers, newest first.
SELECT at, tier, kind, subject, before, after, reason FROM timeline ORDER BY at_ms DESC, decision DESC LIMIT 50;
