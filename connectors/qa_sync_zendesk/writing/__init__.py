"""Writing reconciled results back into tickets: planned first, in jobs, and never twice."""
