"""A small life of a store, run in a process of its own while faults are injected: prints each thing acknowledged."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from store.pages import day, page

from qa_sync.errors import QASyncError
from qa_sync.store import Run, Snapshot, Store, Upkeep
from qa_sync.store.erase import stage_table, take_place
from qa_sync.store.redact import Person, Redactor

NOW = datetime(2036, 1, 1, tzinfo=UTC)


def live(folder: Path) -> None:
    """Commit, finish a run, compact, vacuum, erase; say what was acknowledged."""
    store = Store(folder)
    raw = store.raw("s", "t")
    for n in range(3):
        here = raw.position()
        rows = raw.prepare(page((f"id{here.n}", n, '{"name":"Planted Person"}')), at=day(0), by_arrival=False).rows
        raw.commit(rows, cursor=str(here.n), expected_n=here.n, run_id="r", at=day(0))
        print(f"commit {raw.position().n}", flush=True)
    version = raw.position().version
    store.ledger.finish(Run(run_id="run", command="run", status="done", started_at=day(0), finished_at=day(1),
                            snapshot=Snapshot(raw_versions={"s.t": version})))  # fmt: skip
    print("run", flush=True)
    Upkeep(store).compact()
    print("compacted", flush=True)
    Upkeep(store).vacuum(horizon=day(0), now=NOW)
    print("swept", flush=True)
    redactor = Redactor(Person(token="erased-0", names=(("Planted Person",),)))
    with store.lock.held():
        tables = [
            stage_table(path, path.relative_to(folder).as_posix(), redactor, write=True)
            for path in store.delta_folders()
        ]
        take_place(folder, tables)
    print("erased", flush=True)


if __name__ == "__main__":
    try:
        live(Path(sys.argv[1]))
    except QASyncError as error:
        print(f"refused {error}", flush=True)
        sys.exit(5)
    except OSError as error:
        print(f"refused {error.strerror}", flush=True)
        sys.exit(6)
