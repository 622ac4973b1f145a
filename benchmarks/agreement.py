"""Speed, memory and coverage of qa_sync.agreement beside the packages and beside the floor. Ratios, not seconds, count.

``python benchmarks/agreement.py`` prints speed and peak memory in about a minute;
``python benchmarks/agreement.py --coverage`` whether default intervals cover, q = 2..5, skewed and biased margins;
``python benchmarks/agreement.py --bias`` whether those of a mean difference do, t beside the bootstrap, 5 to 14 pairs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import qa_sync.agreement as ag
from qa_sync.agreement.two_raters import point_values

RESULTS = Path(__file__).parent / "results"
LINES: list[dict[str, Any]] = []
COEFFICIENTS = [
    ("cohen_kappa", "identity"),
    ("cohen_kappa", "linear"),
    ("cohen_kappa", "quadratic"),
    ("gwet_ac", "identity"),
]


def best(run: Callable[[], Any], times: int = 5) -> tuple[float, float, Any]:
    """Return (best CPU seconds, peak MB of its own allocations, result).

    CPU time, because the cores may be shared; everything measured here runs in one thread.
    """
    seconds = []
    result = None
    for _ in range(times):
        start = time.process_time()
        result = run()
        seconds.append(time.process_time() - start)
    tracemalloc.start()  # numpy reports its buffers; apart from the timing, which it would slow
    run()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return min(seconds), peak, result


def show(name: str, seconds: float, peak: float, note: str = "") -> None:
    """Print one line and keep it for the results."""
    LINES.append({"case": name, "cpu_ms": round(seconds * 1e3, 3), "peak_mb": round(peak, 1), "note": note})
    print(f"  {name:<58}{seconds * 1e3:>11.2f} ms {peak:>9.1f} MB  {note}")


def pairs(evaluators: int, size: int, q: int) -> tuple[Any, Any, Any]:
    """Make codes of auditees, auditors and evaluators."""
    generator = np.random.default_rng(0)
    auditor = generator.choice(q, size, p=np.r_[0.6, np.full(q - 1, 0.4 / (q - 1))])
    auditee = np.where(generator.random(size) < 0.7, auditor, generator.integers(0, q, size))
    return auditee, auditor, generator.integers(0, evaluators, size)


def kappas(evaluators: int, size: int, q: int = 5) -> Any:
    """Compare point values with the bincount floor and with groupby + scikit-learn; return the tables."""
    import pandas as pd
    from sklearn.metrics import cohen_kappa_score

    auditee, auditor, group = pairs(evaluators, size, q)
    matrices = [(name, ag.weight_matrix(weights, q)) for name, weights in COEFFICIENTS]
    cells = evaluators * q * q

    def floor() -> Any:
        return np.bincount((group * q + auditee) * q + auditor, minlength=cells)

    def ours() -> Any:
        tables = ag.confusion(auditee, auditor, group, q, evaluators)
        return tables, point_values(tables.reshape(evaluators, -1).T.astype(float), matrices)[0]

    def packages() -> Any:
        frame = pd.DataFrame({"a": auditee, "b": auditor, "g": group})
        return [cohen_kappa_score(one.a, one.b, labels=range(q)) for _, one in frame.groupby("g")]

    print(f"kappa, linear, quadratic, AC1 of {evaluators} evaluators x {size:,} pairs, {q} levels")
    flat = (group * q + auditee) * q + auditor
    bare = best(lambda: np.bincount(flat, minlength=cells))
    show("bincount of a ready index", *bare[:2])
    base = best(floor)
    show("floor: index + bincount", *base[:2])
    mine = best(ours)
    show("ours: tables and four coefficients", *mine[:2], f"{mine[0] / base[0]:.2f} x floor (to be <= 2)")
    theirs = best(packages, 1)
    show("groupby + scikit-learn, unweighted kappa only", *theirs[:2], f"{theirs[0] / mine[0]:.0f} x ours (>= 100)")
    tables, values = mine[2]
    assert np.allclose(values[0], theirs[2])
    whole = best(lambda: ag.two_rater_agreement(tables, "cohen_kappa", "quadratic"))
    show("ours: one coefficient with SE and reasons, from tables", *whole[:2])
    return tables


def intervals(tables: Any) -> None:
    """Compare default intervals with a 1,000-replicate multinomial bootstrap at the same spread between seeds."""
    groups, q, _ = tables.shape
    matrices = [(name, ag.weight_matrix(weights, q)) for name, weights in COEFFICIENTS]
    flat, n = tables.reshape(groups, -1), tables.sum(axis=(1, 2))

    def bootstrap(seed: int = 0, some: Any = slice(None)) -> Any:
        generator = np.random.default_rng(seed)
        out = np.empty((2, len(matrices), len(n[some])))
        for g, (size, row) in enumerate(zip(n[some], flat[some], strict=True)):
            drawn = generator.multinomial(size, row / size, 1000).astype(float)
            out[:, :, g] = np.quantile(point_values(drawn.T, matrices)[0], [0.025, 0.975], axis=1)
        return out

    def ours(draws: int, seed: int = 0, some: Any = slice(None)) -> Any:
        return np.stack(ag.dirichlet_intervals(tables[some], COEFFICIENTS, draws=draws, seed=seed))

    def spread(of: Callable[..., Any]) -> float:
        few = slice(0, 25)
        return float(np.stack([of(seed=seed, some=few) for seed in range(20)]).std(axis=0).mean())

    print(f"intervals of four coefficients of {groups} evaluators; spread = SD of the ends between seeds")
    ours(64)  # the import of scipy.stats is not the work
    theirs = best(bootstrap, 1)
    wobble = spread(bootstrap)
    show("multinomial bootstrap, 1,000 replicates", *theirs[:2], f"spread {wobble:.5f}")
    for draws in (256, 512, 1024, ag.DEFAULT_DRAWS):
        mine = best(lambda draws=draws: ours(draws), 3)
        note = f"spread {spread(lambda draws=draws, **k: ours(draws, **k)):.5f}, {theirs[0] / mine[0]:.1f} x faster"
        default = " (default)" if draws == ag.DEFAULT_DRAWS else ""
        show(f"Dirichlet, {draws} Sobol draws{default}", *mine[:2], note)


def alpha(size: int) -> None:
    """Compare alpha on 0-100 scores of two raters with one bincount of the pairs."""
    import krippendorff

    generator = np.random.default_rng(1)
    truth = generator.integers(0, 101, size)
    codes = np.stack([np.clip(truth + generator.integers(-5, 6, size), 0, 100) for _ in range(2)], axis=1)
    print(f"Krippendorff's alpha, interval, 0-100 scores, {size:,} items x 2 raters")
    base = best(lambda: np.bincount(codes[:, 0] * 101 + codes[:, 1], minlength=101 * 101))
    show("floor: pair-coincidence bincount", *base[:2])
    mine = best(lambda: ag.krippendorff_alpha(codes, 101, "interval", values=np.arange(101)))
    show("ours", *mine[:2], f"{mine[0] / base[0]:.2f} x floor (to be <= 2)")
    few = codes[: min(size, 5000)]
    theirs = best(lambda: krippendorff.alpha(few.T.astype(float), level_of_measurement="interval"), 1)
    show(f"krippendorff, the first {len(few):,} items only", *theirs[:2], "memory grows with items x levels^2")
    own = ag.krippendorff_alpha(few, 101, "interval", values=np.arange(101)).value
    assert abs(own - theirs[2]) < 1e-9


#: Prints the CPU seconds of pingouin's ICC on the same kind of table.
PINGOUIN = """
import time, numpy as np, pandas as pd, pingouin
generator = np.random.default_rng(2)
table = generator.normal(80, 8, ({rows}, 1)) + generator.normal(0, 3, ({rows}, 5))
long = pd.DataFrame(table).melt(ignore_index=False).reset_index()
pingouin.intraclass_corr(long[long["index"] < 20], "index", "variable", "value")
seconds = []
for _ in range(5):
    start = time.process_time()
    pingouin.intraclass_corr(long, "index", "variable", "value")
    seconds.append(time.process_time() - start)
print(pingouin.__version__, min(seconds))
"""


def in_environment(script: str) -> list[str] | None:
    """Run a script with the interpreter that QA_SYNC_BENCH_PYTHON names: packages that clash with ours live there."""
    python = os.environ.get("QA_SYNC_BENCH_PYTHON")
    if not python:
        return None
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True, env=clean)
    return done.stdout.split()


def scores(size: int) -> None:
    """Time the ICC family, crossed severity and line-item accuracy."""
    generator = np.random.default_rng(2)
    table = generator.normal(80, 8, (size, 1)) + generator.normal(0, 3, (size, 5))
    mine = best(lambda: ag.icc(table))
    print("scores")
    note = "pingouin is not at hand: name an interpreter that has it in QA_SYNC_BENCH_PYTHON"
    other = in_environment(PINGOUIN.format(rows=size))
    if other:
        version, seconds = other
        note = f"{float(seconds) / mine[0]:,.0f} x faster than pingouin {version}, {float(seconds):.2f} s (>= 100)"
    show(f"ICC, six forms with intervals, {size:,} x 5", *mine[:2], note)
    items, raters = np.repeat(np.arange(200_000), 5), generator.integers(0, 500, 1_000_000)
    truth = generator.normal(0, 3, 500)
    y = 80 + generator.normal(0, 8, 200_000)[items] + truth[raters] + generator.normal(0, 5, len(items))
    fit = best(lambda: ag.crossed_severity(items, raters, y, n_items=200_000, n_raters=500), 1)
    closeness = np.corrcoef(fit[2].rater, truth)[0, 1]
    show("severity, 1e6 ratings x 500 raters", *fit[:2], f"{fit[2].iterations} rounds, r with truth {closeness:.4f}")


def coverage(replicates: int) -> None:
    """Print how often 95 % intervals hold the truth, per number of levels and sample size: worst and mean case."""
    generator = np.random.default_rng(5)
    priors: dict[str, Callable[[int], float]] = {"1/2 a cell": lambda _: 0.5, "2/q^2 (default)": ag.default_prior}
    wanted = [("cohen_kappa", "identity"), ("cohen_kappa", "quadratic"), ("gwet_ac", "identity")]
    print(f"coverage of 95 % Dirichlet intervals, {replicates} tables a case; 8 cases a line (4 margins x 2 kappas)")
    print(f"{'q':>3}{'n':>5}  {'prior':<17}" + "".join(f"{name:>26}" for name in ("kappa", "kappa quadratic", "AC1")))
    print(" " * 27 + "    worst  mean   (width)" * 3)
    for q in (2, 3, 4, 5):
        matrices = [(name, ag.weight_matrix(weights, q)) for name, weights in wanted]
        for n in (10, 20, 50, 200):
            cases = [(*margins, mix) for margins in _margins(q) for mix in (0.4, 0.7)]
            seen: dict[str, list[Any]] = {name: [] for name in priors}
            for a, b, mix in cases:
                common = np.minimum(a, b) / np.minimum(a, b).sum()
                share = mix * np.diag(common) + (1 - mix) * np.outer(a, b)
                truth = point_values(share.reshape(-1, 1), matrices)[0]
                tables = generator.multinomial(n, share.ravel(), replicates).reshape(-1, q, q)
                for name, prior in priors.items():
                    lower, upper = ag.dirichlet_intervals(tables, wanted, draws=256, prior=prior(q))
                    held = (lower <= truth) & (truth <= upper)
                    seen[name].append((held.mean(axis=1), (upper - lower).mean(axis=1)))
            for name, rows in seen.items():
                LINES.append(coverage_row(q, n, name, rows))
                held, width = (np.array(part) for part in zip(*rows, strict=True))
                line = "".join(
                    f"{low:>9.2f}{mean:>6.2f}{wide:>11.2f}"
                    for low, mean, wide in zip(held.min(axis=0), held.mean(axis=0), width.mean(axis=0), strict=True)
                )
                print(f"{q:>3}{n:>5}  {name:<17}{line}", flush=True)


def coverage_row(q: int, n: int, prior: str, rows: list[Any]) -> dict[str, Any]:
    """One line of the coverage table, for the results: per coefficient the worst and mean coverage and mean width."""
    held, width = (np.array(part) for part in zip(*rows, strict=True))
    named = zip(("kappa", "kappa_quadratic", "ac1"), held.T, width.T, strict=True)
    return {
        "levels": q,
        "pairs": n,
        "prior": prior,
        **{
            name: {
                "worst": round(float(h.min()), 3),
                "mean": round(float(h.mean()), 3),
                "width": round(float(w.mean()), 3),
            }
            for name, h, w in named
        },
    }


def bias(replicates: int) -> None:
    """Print how often 95 % intervals of a mean difference hold it: t, bootstrap, and bootstrap where skewed only."""
    generator = np.random.default_rng(1)
    marks = np.array([0, 0, 0, 0, 0, 0, 5, 12.5, 12.5, 50])
    shapes: dict[str, tuple[Callable[[int], Any], float]] = {
        "scores of a form": (lambda n: generator.choice(marks, n), float(marks.mean())),
        "symmetric": (lambda n: generator.choice([-12.5, -5, 0, 0, 5, 12.5], n), 0.0),
        "log-normal": (lambda n: np.exp(generator.normal(0, 1, n)), float(np.exp(0.5))),
    }
    print(f"{'differences':<18}{'n':>3}   covered by t, bootstrap, switch   widths of the first two")
    for name, (draw, truth) in shapes.items():
        for n in (5, 8, 11, 14):
            held, widths, made = np.zeros(3), np.zeros(2), 0
            for at in range(replicates):
                x = draw(n)
                if x.std() == 0:
                    continue
                normal, drawn = ag.differences(x).bias[0], ag.bootstrap_bias(x, seed=at, replicates=500)[0]
                ends = [(one.lower or 0.0, one.upper or 0.0) for one in (normal, drawn)]
                skewed = int(abs(((x - x.mean()) ** 3).mean() / x.std() ** 3) > 1)
                held += [low <= truth <= high for low, high in (*ends, ends[skewed])]
                widths += [high - low for low, high in ends]
                made += 1
            held, widths = (held / made).round(3), (widths / made).round(2)
            LINES.append({"differences": name, "pairs": n, "t": held[0], "bootstrap": held[1], "switch": held[2]})
            print(f"{name:<18}{n:>3}   {held[0]:.3f}  {held[1]:.3f}  {held[2]:.3f}   {widths[0]:6.2f} {widths[1]:6.2f}")


def _margins(q: int) -> list[tuple[Any, Any]]:
    """Flat, skewed, very skewed, and biased (the auditee milder) margins."""

    def first(share: float) -> Any:
        return np.r_[share, np.full(q - 1, (1 - share) / (q - 1))]

    return [(first(1 / q),) * 2, (first(0.8),) * 2, (first(0.92),) * 2, (first(0.85), first(0.7))]


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coverage", action="store_true", help="simulate coverage instead of measuring speed")
    parser.add_argument("--bias", action="store_true", help="the same of intervals of a mean difference")
    parser.add_argument("--replicates", type=int, default=1000, help="tables per case of the coverage simulation")
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--evaluators", type=int, default=500)
    options = parser.parse_args()
    if options.coverage:
        coverage(options.replicates)
        write("agreement_coverage", replicates=options.replicates)
        return
    if options.bias:
        bias(options.replicates)
        write("agreement_bias", replicates=options.replicates)
        return
    intervals(kappas(options.evaluators, options.pairs))
    alpha(options.pairs)
    scores(max(2, options.pairs // 10))
    write("agreement", pairs=options.pairs, evaluators=options.evaluators)


def write(name: str, **given: int) -> None:
    """Write what was measured beside the other results."""
    machine = {"python": platform.python_version(), "machine": platform.machine(), "numpy": np.__version__}
    text = json.dumps({"given": given, "machine": machine, "rows": LINES}, indent=1)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
