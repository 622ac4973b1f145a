"""How long it takes to generate a programme: the demo's size, and a million tickets."""

from __future__ import annotations

from measure import Case, Work, compare


def generate(tickets: int) -> Work:
    """Import first, then time one generation; the catalogue is read within it."""
    from qa_sync.testing.programme import make_programme

    def work() -> dict[str, float]:
        made = make_programme(tickets=tickets)
        return {
            "ticket_versions": made.tickets.num_rows,
            "evaluations": made.evaluations.num_rows,
            "answers": made.answers.num_rows,
        }

    return work


def truth(tickets: int) -> Work:
    """Time what tests pay for the generator's own truth, row by row."""
    from qa_sync.testing.programme import make_programme

    made = make_programme(tickets=tickets)
    return lambda: {"pairs": len(made.truth().pairs)}


if __name__ == "__main__":
    compare(
        "programme",
        [
            Case("demo", generate, tickets=5_400),
            Case("demo truth", truth, tickets=5_400),
            Case("100,000 tickets", generate, tickets=100_000),
            Case("1,000,000 tickets", generate, tickets=1_000_000),
        ],
        baseline="demo",
    )
