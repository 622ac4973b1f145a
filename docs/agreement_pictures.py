"""Draw the pictures of docs/agreement.md from the code on that page: ``python docs/agreement_pictures.py [FOLDER]``."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

PAGE = Path(__file__).resolve().with_name("agreement.md")
INK, QUIET, STRONG, WARN = "#1f2933", "#9aa5b1", "#2f6f8f", "#c8553d"


def names_of_the_page() -> dict[str, Any]:
    """Run the page's examples in order and return what they made."""
    names: dict[str, Any] = {"__name__": "agreement"}
    for block in re.findall(r"^```pycon\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for example in doctest.DocTestParser().get_examples(block):
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(example.source, PAGE.name, "single"), names)  # noqa: S102 - the project's own page
    return names


def paradox(made: dict[str, Any], ax: Any) -> None:
    """Three coefficients of one table."""
    ag, shown = made["ag"], ("percent_agreement", "cohen_kappa", "gwet_ac")
    for place, name in enumerate(shown):
        one = ag.with_dirichlet_interval(made["table"], name)[0]
        ax.plot([one.lower, one.upper], [place, place], color=STRONG, lw=3, solid_capstyle="round")
        ax.plot(one.value, place, "o", color=INK, ms=8)
        ax.annotate(f"{one.value:.3f}", (one.value, place), (0, 9), textcoords="offset points", ha="center")
    ax.set_yticks(range(3), ["percent agreement", "Cohen's kappa", "Gwet's AC1"])
    ax.set_ylim(2.6, -0.6)
    ax.axvline(0, color=QUIET, lw=1)
    ax.set_title("125 audits, 5 fatals, none found")


def shrinkage(made: dict[str, Any], ax: Any) -> None:
    """Raw and shrunken values by number of audits."""
    people = made["people"]
    ax.vlines(people["n"], people["from"], people["to"], color=STRONG, alpha=0.35, lw=2)
    ax.plot(people["n"], people["raw"], "o", mfc="none", color=QUIET, label="raw")
    ax.plot(people["n"], people["shrunken"], "o", color=STRONG, ms=5, label="shrunken, 95 %")
    claimed = people["claim"] != ""
    ax.plot(people["n"][claimed], people["shrunken"][claimed], "o", color=WARN, ms=7, label="differs from the others")
    ax.axhline(made["shrunken"].mean, color=INK, lw=1, ls=":")
    ax.set_xlabel("audits")
    ax.set_ylabel("accuracy")
    ax.legend(frameon=False, loc="lower right")
    ax.set_title("Forty evaluators: few audits say little")


def limits(made: dict[str, Any], ax: Any) -> None:
    """Bland and Altman's plot."""
    mean, delta = (made["ours"] + made["auditor"]) / 2, made["ours"] - made["auditor"]
    found, bias = made["limits"], made["one"]
    ax.plot(mean, delta, "o", color=STRONG, alpha=0.5, ms=4)
    ax.axhspan(bias.lower, bias.upper, color=WARN, alpha=0.2, lw=0)
    for level, style in ((bias.value, "-"), (found.lower.value, "--"), (found.upper.value, "--")):
        ax.axhline(level, color=WARN, ls=style, lw=1.2)
        ax.annotate(f"{level:+.1f}", (1.005, level), xycoords=("axes fraction", "data"), va="center", color=WARN)
    slope, start = np.polyfit(mean, delta, 1)
    ends = np.array([mean.min(), mean.max()])
    ax.plot(ends, start + slope * ends, color=INK, lw=1, ls=":")
    ax.set_xlabel("mean of both scores")
    ax.set_ylabel("auditee - auditor, points")
    ax.set_title("Bias, limits of agreement, and their slope")


def time(made: dict[str, Any], axes: Any) -> None:
    """Laney's chart and the EWMA of all auditors."""
    chart, weeks = made["laney"], np.arange(1, 31)
    axes[0].fill_between(weeks, chart.lower, chart.upper, color=STRONG, alpha=0.15, lw=0)
    axes[0].plot(weeks, chart.centre, color=STRONG, lw=1)
    axes[0].plot(weeks, chart.value, "o-", color=INK, ms=4, lw=1)
    beyond = made["plain"].outside
    axes[0].plot(
        weeks[beyond], chart.value[beyond], "o", mfc="none", color=WARN, ms=11, label="outside a plain p chart"
    )
    axes[0].axvline(21.5, color=QUIET, ls=":", lw=1)
    axes[0].legend(frameon=False, loc="lower left")
    axes[0].set_title("One queue, Laney's limits; new form in week 22")
    drift = made["drift"]
    colour = {"drift": WARN, "watch": STRONG}
    for who, state in enumerate(drift.state):
        first = int(np.isfinite(drift.z[who]).argmax())
        line = {"color": colour.get(str(state), QUIET), "lw": 2 if state in colour else 0.6}
        axes[1].plot(weeks[first:], drift.ewma.value[who, first:], **line)
    axes[1].plot([], [], color=WARN, lw=2, label="drift")
    axes[1].plot([], [], color=STRONG, lw=2, label="watch")
    axes[1].legend(frameon=False, loc="upper left")
    axes[1].set_title("Sixty auditors, EWMA in standard errors")
    for ax in axes:
        ax.set_xlabel("week")
        ax.set_xticks(range(0, 31, 5))


def audits(made: dict[str, Any], ax: Any) -> None:
    """The margin that a number of audits achieves."""
    n = np.arange(3, 121)
    for p, colour in ((0.8, WARN), (0.9, STRONG), (0.97, INK)):
        ax.plot(n, made["ag"].achievable_margin(n, p=p, population=120) * 100, color=colour, label=f"{p:.0%} pass")
    ax.plot(made["counts"], made["margin"] * 100, "o", color=STRONG, ms=5)
    ax.set_xlabel("audits of one evaluator's 120 reviews")
    ax.set_ylabel("± points")
    ax.set_ylim(0, 45)
    ax.legend(frameon=False)
    ax.set_title("What a number of audits achieves")


PICTURES = {
    "agreement_paradox": (paradox, 1, (7, 2.6)),
    "agreement_shrinkage": (shrinkage, 1, (7, 4)),
    "agreement_limits": (limits, 1, (7, 4)),
    "agreement_time": (time, 2, (10, 3.8)),
    "agreement_audits": (audits, 1, (7, 3.6)),
}


def draw(folder: Path) -> None:
    """Write every picture of the page to ``folder``."""
    made = names_of_the_page()
    style = {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": QUIET,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "text.color": INK,
    }
    with mpl.rc_context(style):
        for name, (picture, panels, size) in PICTURES.items():
            figure, axes = plt.subplots(1, panels, figsize=size, layout="constrained")
            picture(made, axes)
            figure.savefig(folder / f"{name}.png", dpi=110, metadata={"Software": None})
            plt.close(figure)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE.parent / "pictures")
