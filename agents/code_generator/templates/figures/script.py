# ---- figures: one picture per finding ----
import os
import re
import tempfile

import numpy as np

INK, SOFT, WARM = "#1f4e79", "#9db8d2", "#c8553d"
MOST_POINTS = 3000


def plain(text, width=40):
    """A name as a label: no mathematics, one line, not too long."""
    text = re.sub(r"\s+", " ", str(text)).replace("\\", "\\\\").replace("$", r"\$")
    return text if len(text) <= width else text[: width - 3] + "..."


def thinned(rows, seed):
    if len(rows) <= MOST_POINTS:
        return rows
    return rows[np.sort(generator("figure", seed).permutation(len(rows))[:MOST_POINTS])]


def draw(table, spec, axes):
    """Draws one figure on the axes; returns the sentence that stands for it where it cannot be seen."""
    x, y, rows = load_pair(table, spec)
    kinds = ("group" if x.levels is not None else "number", "group" if y.levels is not None else "number")
    if spec.get("kind") == "paired" and kinds == ("number", "number"):
        return draw_pairs(axes, x, y)
    third = table.column(spec["by"]) if spec.get("by") and spec["by"] in table.position else None
    if kinds == ("number", "number"):
        return draw_scatter(axes, x, y, third, rows, table)
    if kinds == ("group", "number"):
        return draw_boxes(axes, x, y, f"{y.name} by {x.name}")
    if kinds == ("number", "group"):
        return draw_rates(axes, x, y, spec) if len(y.levels) == 2 else draw_boxes(axes, y, x, f"{x.name} by {y.name}")
    return draw_shares(axes, x, y)


def draw_scatter(axes, x, y, third, rows, table):
    some = thinned(np.arange(len(rows)), table.protocol.get("seed", 0))
    drawn = False
    if third is not None:
        filled = present(third)[rows]
        codes, names = stratum_codes(take(third, rows[filled])) if filled.sum() >= 20 else (None, None)
        if codes is not None and len(np.unique(codes)) <= 8:
            import matplotlib

            spots = np.full(len(rows), -1)
            spots[np.flatnonzero(filled)] = codes
            shades = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(names)))
            for code in np.unique(codes):
                inside = some[spots[some] == code]
                axes.scatter(
                    x.values[inside],
                    y.values[inside],
                    s=14,
                    color=shades[code],
                    alpha=0.7,
                    label=plain(names[code], 24),
                )
                line(axes, x.values[spots == code], y.values[spots == code], shades[code])
            axes.legend(title=plain(third.name, 24), fontsize=7, title_fontsize=7)
            drawn = True
    if not drawn:
        axes.scatter(
            x.values[some], y.values[some], s=14, color=INK, alpha=0.5 if len(some) < 800 else 0.25, linewidths=0
        )
        line(axes, x.values, y.values, WARM)
    axes.set_xlabel(plain(x.name))
    axes.set_ylabel(plain(y.name))
    for turn, column in ((axes.set_xscale, x), (axes.set_yscale, y)):
        if column.values.min() > 0 and is_heavy(column.values) and skewness(column.values) > 2:
            turn("log")
    grouped = f", in the levels of {third.name}" if drawn else ""
    return f"Scatter plot of {y.name} against {x.name} ({len(rows)} rows) with a straight line{grouped}."


def line(axes, x, y, color):
    """Least-squares line over the middle of x; none where x hardly varies or is skewed enough to be drawn on a log
    axis."""
    if len(x) < 8 or np.ptp(x) == 0 or is_heavy(x) or is_heavy(y):
        return
    slope, start = np.polyfit(x, y, 1)
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, start + slope * ends, color=color, linewidth=1.5)


def draw_boxes(axes, group, number, title):
    order = np.argsort(
        [-np.median(number.values[group.values == code]) for code in range(len(group.levels))], kind="stable"
    )[:20]
    pieces = [number.values[group.values == code] for code in order]
    axes.boxplot(
        pieces,
        widths=0.55,
        flierprops={"markersize": 2.5, "markeredgecolor": SOFT},
        medianprops={"color": WARM},
        patch_artist=True,
        boxprops={"facecolor": SOFT, "edgecolor": INK},
    )
    labels = [f"{plain(group.levels[code], 20)}\n({len(piece)})" for code, piece in zip(order, pieces)]
    axes.set_xticks(range(1, len(order) + 1), labels, fontsize=8, rotation=0 if len(order) <= 6 else 60)
    axes.set_xlabel(plain(group.name))
    axes.set_ylabel(plain(number.name))
    if number.values.min() > 0 and skewness(number.values) > 2:
        axes.set_yscale("log")
    return f"Box plots of {title}, largest median first: {', '.join(group.levels[code] for code in order[:6])}."


def draw_rates(axes, x, y, spec):
    level = event_level(y.levels, spec.get("y_level"))
    event = (y.values == y.levels.index(level)).astype(float)
    parts = min(10, max(3, len(event) // 30))
    edges = np.unique(np.quantile(x.values, np.linspace(0, 1, parts + 1)[1:-1]))
    codes = np.searchsorted(edges, x.values, side="right")
    used = np.unique(codes)
    middles = [np.median(x.values[codes == code]) for code in used]
    rates = [event[codes == code].mean() for code in used]
    bounds = np.array([wilson(event[codes == code].sum(), (codes == code).sum()) for code in used])
    axes.vlines(middles, bounds[:, 0], bounds[:, 1], color=SOFT, linewidth=3)
    axes.plot(middles, rates, "o-", color=INK, markersize=5)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(plain(x.name))
    axes.set_ylabel(plain(f"share with {y.name} = {level}"))
    return f"Share of rows with {y.name} = {level} over {len(used)} ranges of {x.name}, with 95 % intervals."


def draw_shares(axes, x, y):
    counts = np.zeros((len(x.levels), len(y.levels)))
    np.add.at(counts, (x.values, y.values), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    import matplotlib

    shades, left = matplotlib.colormaps["viridis"](np.linspace(0.05, 0.95, len(y.levels))), np.zeros(len(x.levels))
    places = np.arange(len(x.levels))
    for code, level in enumerate(y.levels):
        axes.barh(places, shares[:, code], left=left, color=shades[code], label=plain(level, 20))
        left += shares[:, code]
    axes.set_yticks(
        places, [f"{plain(level, 24)} ({int(total)})" for level, total in zip(x.levels, counts.sum(axis=1))], fontsize=8
    )
    axes.set_xlabel(plain(f"share of each level of {y.name}"))
    axes.set_ylabel(plain(x.name))
    axes.legend(title=plain(y.name, 24), fontsize=7, title_fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return f"Stacked bars: the share of each level of {y.name} within each level of {x.name}."


def draw_pairs(axes, x, y):
    some = np.arange(len(x.values))[:300]
    for row in some:
        axes.plot([0, 1], [x.values[row], y.values[row]], color=SOFT, linewidth=0.8, alpha=0.7)
    axes.plot([0, 1], [x.values.mean(), y.values.mean()], "o-", color=WARM, linewidth=2.5)
    axes.set_xticks([0, 1], [plain(x.name, 24), plain(y.name, 24)])
    axes.set_xlim(-0.3, 1.3)
    return f"One line per pair from {x.name} to {y.name}; the thick line joins the means."


def main(protocol):
    # matplotlib keeps a cache, which takes half a second to make. A sandbox has one; elsewhere it must not stay in the
    # experiment's folder, nor need a home.
    if os.environ.get("MPLCONFIGDIR"):
        draw_all(protocol)
        return
    with tempfile.TemporaryDirectory(dir=".") as cache:
        os.environ["MPLCONFIGDIR"] = os.path.abspath(cache)
        draw_all(protocol)


def draw_all(protocol):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    os.makedirs("figures", exist_ok=True)
    table, written = Table(protocol), []
    for spec in protocol["figures"]:
        name = re.sub(r"[^A-Za-z0-9._-]", "_", str(spec["id"]))
        entry = {"id": spec["id"], "file": f"figures/{name}.png", "alt": None, "status": "ok"}
        figure = Figure(figsize=(6, 4), dpi=110, layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        try:
            entry["alt"] = draw(table, spec, axes)
            figure.savefig(entry["file"], metadata={"Software": None})
        except (NotTestable, ArithmeticError, ValueError) as refusal:
            entry.update(file=None, status=f"not drawn: {refusal}")
        written.append(entry)
    write_result({"schema": 1, "template": "figures", "figures": written})


main(PROTOCOL)
