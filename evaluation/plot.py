"""Pictures of what is measured; the only module here that draws, so that no other waits for matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from evaluation.abstention import POINTS, Trust
from evaluation.ranking import CURVE, RANKINGS, Report

COLUMNS = 3
PANEL = 3.6  # inches
TALL = 4.8
POINT = 600  # square points, for all questions


def recall_curves(reports: Sequence[Report], path: Path) -> None:
    """Writes a PNG with a panel for each report: recall at k, for k from 1 to 20, of the three rankings."""
    columns = min(len(reports), COLUMNS)
    rows = -(-len(reports) // columns)
    # a figure without pyplot opens no window, and a PNG is drawn by Agg
    figure = Figure(figsize=(columns * PANEL, rows * PANEL), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat
    for panel, report in zip(panels, reports, strict=False):
        for name in RANKINGS:
            panel.plot(range(1, CURVE + 1), [100 * share for share in report.curves[name]], label=name)
        panel.set(title=f"{report.file} ({report.questions:,})", xlabel="k", ylabel="recall at k (%)", xlim=(1, CURVE))
        panel.set_xticks([1, 5, 10, 15, 20])
        panel.grid(alpha=0.3)
        panel.legend(loc="lower right")
    for panel in list(figure.axes)[len(reports) :]:
        panel.remove()
    figure.savefig(path, format="png", dpi=150)


def trust_curves(trusts: Mapping[str, Trust], title: str, path: Path) -> None:
    """Writes a PNG: on the left how often answers of each confidence are right, on the right risk against coverage.

    A point on the left is as large as its share of the questions.
    """
    figure = Figure(figsize=(2 * TALL, TALL), layout="constrained")
    reliability, risk = figure.subplots(1, 2)
    reliability.plot([0, 100], [0, 100], color="grey", linestyle=":", label="as it should be")
    for name, trust in trusts.items():
        confidence, right = ([100 * getattr(b, axis) for b in trust.bins] for axis in ("confidence", "right"))
        (line,) = reliability.plot(confidence, right, label=name, linewidth=1)
        questions = sum(b.questions for b in trust.bins)
        sizes = [POINT * b.questions / questions for b in trust.bins]
        reliability.scatter(confidence, right, s=sizes, color=line.get_color(), alpha=0.5)
        coverage = [100 * point / POINTS for point in range(1, POINTS + 1)]
        risk.plot(coverage, [100 * share for share in trust.risks], label=name)
    reliability.set(xlabel="confidence (%)", ylabel="right (%)", xlim=(0, 100), ylim=(0, 100))
    risk.set(xlabel="coverage (%)", ylabel="risk: wrong of those answered (%)", xlim=(0, 100), ylim=(0, 100))
    figure.suptitle(title)
    for panel in (reliability, risk):
        panel.grid(alpha=0.3)
        panel.legend(loc="upper left")
    figure.savefig(path, format="png", dpi=150)
