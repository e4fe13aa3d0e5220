"""Pictures of what is measured; the only module here that draws, so that no other waits for matplotlib."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from evaluation.ranking import CURVE, RANKINGS, Report

COLUMNS = 3
PANEL = 3.6  # inches


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
