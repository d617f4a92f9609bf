"""What turns references into facts and workloads into verdicts; all I/O comes in by ports."""
