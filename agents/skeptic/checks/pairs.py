# ---- pairs: is the mean difference within pairs other than zero? ----
import numpy as np
from scipy import stats


class Pairs:
    """Two numbers of one row, or a number at two levels of x within each unit."""

    single = True

    def __init__(self, table, finding):
        self.finding, self.kind, self.unit, self.others = finding, "paired", None, []
        self.random = generator("skeptic", finding["id"])
        self.x, self.y = table.column(finding["x"]), table.column(finding["y"])
        rows = np.flatnonzero(filled(self.x) & filled(self.y))
        if self.x.levels is None and self.y.levels is None:
            self.rows, self.gaps, self.names = rows, self.y.values[rows] - self.x.values[rows], ("-", "+")
        else:
            self.pair_up(table, rows)
        if len(self.gaps) < 12:
            raise CannotLook(f"there are only {len(self.gaps)} whole pairs")
        self.by_rank = "wilcoxon" in str(finding.get("test"))
        self.version = "rank" if self.by_rank else "linear"

    def pair_up(self, table, rows):
        unit = table.facts.get("unit")
        if self.x.levels is None or self.y.levels is not None or not unit or unit not in table.places:
            raise CannotLook("the table does not say which rows are a pair")
        who, codes = table.column(unit).values[rows], np.unique(self.x.values[rows], return_inverse=True)[1]
        order = np.lexsort((codes, who))
        who, codes, rows = who[order], codes[order], rows[order]
        starts = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
        sizes = np.diff(np.r_[starts, len(who)])
        good = [s for s, size in zip(starts, sizes) if size == 2 and codes[s] == 0 and codes[s + 1] == 1]
        self.rows = rows[np.array(good, dtype=np.int64)]
        values = self.y.values
        self.gaps = values[rows[np.array(good, dtype=np.int64) + 1]] - values[self.rows]
        self.names = tuple(take(self.x, rows).levels)

    def way(self, sign):
        return self.names[1 if sign >= 0 else 0]

    def estimate(self, version=None, keep=None, groups=None, own_scale=False, looks=1, right=None):
        gaps = self.gaps if keep is None else self.gaps[keep]
        spread = gaps.std(ddof=1) if own_scale else self.gaps.std(ddof=1)
        if groups is not None or len(gaps) < 8 or np.ptp(gaps) == 0:
            return None
        error, free = gaps.std(ddof=1) / np.sqrt(len(gaps)), len(gaps) - 1
        mean, reach = gaps.mean(), stats.t.isf(INTERVAL / 2, free) * error
        if (version or self.version) == "linear":
            p = stats.ttest_1samp(gaps, 0.0).pvalue
        elif version == "normal":
            # Only the signs: the one test of pairs that no size of a difference can sway.
            up, moved = int((gaps > 0).sum()), int((gaps != 0).sum())
            p, mean = stats.binomtest(up, moved).pvalue, (2 * up / moved - 1) * spread
        else:
            p = stats.wilcoxon(gaps).pvalue
            mean = np.median(gaps[:2000, None] + gaps[None, :2000]) / 2  # of Hodges and Lehmann
        far = max(abs(mean - reach), abs(mean + reach)) / spread
        return {
            "n": len(gaps),
            "p": float(p),
            "effect": float(mean / spread),
            "direction": self.way(mean),
            "high": float(far),
        }
