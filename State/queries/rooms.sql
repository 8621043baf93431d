-- How full each node is.
SELECT node, type, phase, replicas, cpu_taken || ' of ' || cpu AS cpu, gpu_taken || ' of ' || gpu AS gpu,
  memory_mib_taken || ' of ' || memory_mib AS memory_mib
FROM nodes_now;
