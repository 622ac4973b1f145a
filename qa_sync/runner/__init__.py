"""The shell around what decides: sync, map, reconcile, publish, with a lease, a ledger and snapshots."""
