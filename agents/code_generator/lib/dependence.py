# ---- dependence: what is left of an association where rows depend on each other ----
# The profile notes how the rows of a table can depend on each other: they repeat a unit, follow each other in time, or
# lie near each other on a map. Where both sides of a pair show it, one model that accounts for it gives p and interval:
# - units: errors clustered by unit, by leaving out one unit at a time (`jackknife.py`); where units were seen at the
#   same times, the times are held fixed.
# - a series: both sides given a smooth course, jumps of level, seasons, and the past of both, as in a dynamic
#   regression (Granger and Newbold 1974, J. Econometrics 2; Hamilton 1994, ch. 18.3), with Bartlett's (1935) allowance for what
#   autocorrelation is left.
# - several rows at each time: the same course and seasons, with errors clustered by stretches of time.
# - a map: generalised least squares with an exponential covariance and a nugget, by restricted maximum likelihood
#   (Cressie 1993, ch. 2.6).
# If one side shows no dependence, the plain test is right: the variance of a sum of products is then that of free rows.
from types import SimpleNamespace

import numpy as np
from scipy import stats

FEWEST_ORDERED = 20
# A side depends on its neighbours below this p.
DEPENDS = 0.05
MOST_LAGS = 8
# Rows by which the number of lags is chosen, and most rows on a map.
LAG_ROWS, MAP_ROWS = 4000, 700
MOST_STRETCHES = 30
# Seconds of a step in time, and how many steps a season has.
SEASONS = (
    (3600.0, (24, 168)),
    (86400.0, (7, 365.25)),
    (7 * 86400.0, (52.18,)),
    (30.44 * 86400.0, (12,)),
    (91.31 * 86400.0, (4,)),
)
TOLD = {
    "units": "errors clustered by {name}, because its rows are alike",
    "times": "errors clustered by {name}, whose rows are alike, with the times held fixed",
    "series": "both given their course, seasons and own past, because rows that follow each other{name} are alike",
    "trend": "as a trend over time, with errors that are alike in rows that follow each other{name}",
    "moments": "both given their course and seasons, with errors clustered by stretches of {name}",
    "map": "with errors that are alike among neighbours by {name}",
}
JUDGED_BY = {"units": "cluster_robust", "series": "own_past", "moments": "cluster_robust", "map": "spatial"}
DEPENDENT_TESTS = {
    "units": "scipy.stats.f (Wald test, errors clustered by unit)",
    "times": "scipy.stats.f (Wald test, errors clustered by unit)",
    "series": "scipy.stats.t (partial correlation given course, seasons and past)",
    "trend": "scipy.stats.t (slope of a linear trend with autocorrelated errors)",
    "moments": "scipy.stats.f (Wald test, errors clustered by stretches of time)",
    "map": "scipy.stats.f (generalised least squares with a spatial covariance)",
}


# Measures of several columns: shares of variance, and those that are their roots.
ROOTS_OF_SHARES = ("cramers_v", "partial_v")
SHARES_OF_VARIANCE = ("omega_squared", "epsilon_squared", *ROOTS_OF_SHARES)


class Dependence:
    """How the rows of a pair, or of a model with more columns, depend on each other. `left` and `right` are (rows,
    columns) arrays of the two sides, `base` the columns that are held fixed besides. Rows that lack a time or a place
    are left out."""

    def __init__(self, found, left, right, base=None):
        self.placed = found.placed
        if not self.placed.all():
            left, right, base = (side if side is None else side[self.placed] for side in (left, right, base))
        self.found, self.kind, self.base = found, found.kind, base
        self.left, self.right = left, right
        self.rows, self.known = np.ones(len(left), dtype=bool), {}
        given = [] if base is None or not base.shape[1] else [base]
        self.clock = clock_side(found, left, right) if self.kind in ("series", "moments") else None
        given += [] if self.clock is not None else self.held_fixed()
        self.given = np.column_stack(given) if given else None

    def held_fixed(self):
        """What the model of the rows holds fixed, as a list of columns side by side: nothing along a clock itself."""
        if self.kind == "series":
            return [self.course_and_past()]
        if self.kind == "moments":
            return [course_of(self.found.position, 6, self.found.periods, self.found.moments)]
        return [self.found.times] if self.kind == "units" and self.found.times is not None else []

    def over_all(self, values):
        """Values of the rows of the model, with 0 for rows that it leaves out."""
        out = np.zeros((len(self.placed), *values.shape[1:]), dtype=values.dtype)
        out[self.placed] = values
        return out

    def course_and_past(self):
        order = self.found.order
        past, lags = past_of(self.left[order], self.right[order], self.found.periods)
        self.rows[order[:lags]] = False
        given = np.empty_like(past)
        given[order] = past
        return given

    @property
    def way(self):
        """How the rows are accounted for, as the words for the test and its reason name it."""
        if self.clock is not None:
            return "trend"
        return "times" if self.kind == "units" and self.found.times is not None else self.kind

    @property
    def test(self):
        return DEPENDENT_TESTS[self.way]

    @property
    def judged_by(self):
        return JUDGED_BY[self.kind]

    def told(self):
        """What the model accounts for, to be added to the reason of the test."""
        name = self.found.name
        if self.way in ("series", "trend"):
            name = f" by {name}" if name else " in the file"
        return TOLD[self.way].format(name=name) + self.found.note

    def estimate(self, mask=None):
        """{n, statistic, df, p, sign, r, low, high, slope} on the rows of the mask, or None where nothing is left to test.
        `statistic` is t of single columns and F else; of single columns `r` is the partial correlation and `slope` that
        of the right one on the left one."""
        mask = None if mask is None else mask[self.placed]
        whole = mask is None or mask.all()
        key = b"" if whole else np.packbits(mask).tobytes()
        if key not in self.known:
            self.known[key] = self.estimate_of(self.rows if whole else self.rows & mask)
        return self.known[key]

    def estimate_of(self, rows):
        left, right = self.left[rows], self.right[rows]
        given = None if self.given is None else self.given[rows]
        if len(left) < 8 or not np.ptp(left, axis=0).any() or not np.ptp(right, axis=0).any():
            return None
        if self.clock is not None:
            return self.along_time(rows)
        if self.kind == "series":
            return self.in_series(left, right, given, np.argsort(self.found.rank[rows], kind="stable"))
        if self.kind == "map":
            return spatial_estimate(left, right, self.found.points[rows], given)
        return clustered_estimate(left, right, self.found.labels[rows], given)

    def smallest_effect(self, level, mask=None, name=None):
        """The smallest effect that the model finds at a level on the rows of the mask: a correlation on Fisher's scale;
        of several columns the measure of that name, where it is a share of variance or its root."""
        found = self.estimate(mask)
        if found is None or found["df"] is None:
            return None
        t, r, free = found["statistic"], found["r"], found["df"]
        if found["sign"] == 0:
            if name not in SHARES_OF_VARIANCE or not isinstance(free, tuple):
                return None
            size = smallest_f_size(*free, level)
            share = size / (size + sum(free) + 1)
            return smallest(name, float(np.sqrt(share) if name in ROOTS_OF_SHARES else share), level)
        error = abs(np.arctanh(r) / t) if abs(t) > 1e-9 else 1 / np.sqrt(free)
        name = "r" if self.kind == "units" else "partial_r"
        return smallest(name, float(np.tanh(errors_away(level, free) * error)), level)

    def along_time(self, rows):
        """The trend of one side along the other, which goes with time."""
        clock, other = (self.left, self.right) if self.clock == 0 else (self.right, self.left)
        clock, other, places = clock[rows, 0], other[rows], self.found.rank[rows]
        _, first, moments = np.unique(places, return_index=True, return_inverse=True)
        counts = np.bincount(moments)
        means = np.column_stack([np.bincount(moments, weights=column) / counts for column in other.T])
        times = clock[first]
        tests = [trend_estimate(times, column, self.found.periods) for column in means.T if np.ptp(column) > 0]
        tests = [test for test in tests if test is not None]
        if not tests:
            return None
        best = min(tests, key=lambda test: test["p"])
        single = other.shape[1] == 1
        p = min(best["p"] * len(tests), 1.0)
        # Time does not depend on what happens in it: only a slope along time has units that mean something.
        slope = best["slope"] if single and self.clock == 0 else None
        return {**best, "n": int(rows.sum()), "p": p, "sign": best["sign"] if single else 0, "slope": slope}

    def in_series(self, left, right, given, order):
        part = associate(left[order], right[order], given[order])
        if part is None:
            return None
        n = len(left)
        if part["sign"] == 0:
            return {"n": n, "statistic": None, "df": None, "p": part["p"], "sign": 0, "r": part["r"], **ends(part)}
        base = basis(given[order])
        a, b = residuals(left[order], base)[:, 0], residuals(right[order], base)[:, 0]
        free = (n - 2 - base.shape[1]) / serial_inflation(a, b)
        slope = part["r"] * np.sqrt(float((b**2).sum()) / max(float((a**2).sum()), 1e-300))
        return with_slope(correlation_estimate(part["r"], n, free), slope)


def with_slope(found, slope):
    return found and {**found, "slope": float(slope)}


def ends(part):
    return {"low": part["low"], "high": part["high"]}


def correlation_estimate(r, n, free):
    """A correlation with its p by Student's t, and the interval that inverts it (Fisher's z with the error of that t)."""
    if free < 3:
        return None
    r = float(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    t = r * np.sqrt(free / (1 - r * r))
    return {
        "n": n,
        "statistic": float(t),
        "df": float(free),
        "p": float(2 * stats.t.sf(abs(t), free)),
        "sign": 1 if r >= 0 else -1,
        "r": r,
        **r_interval(r, t, free),
    }


def find_dependence(table, test, rows, left, right):
    """How the given rows depend on each other as far as both sides of a pair show it, or None. `placed` says which of
    them the model rests on, those that have a time or a place, and `note` what becomes of the others."""
    if test.get("unit") in (test["x"], test["y"]):
        return None  # units are compared with each other
    unit = unit_of(table, test, rows)
    if unit is not None:
        return units_at_times(table, test, rows, unit)
    if test.get("unit") in table.position:
        return None  # no unit is repeated among these rows
    structure = table.structure()
    for part, find, shows in (("time", series_of, shows_order), ("place", map_of, shows_map)):
        names = structure[part]["columns"][: 1 if part == "time" else 2] if structure.get(part) else None
        if names is None or not all(is_number(table, name) for name in names):
            continue
        placed = rows_with(table, names, rows)
        found = find(table, names, rows[placed]) if placed.sum() >= FEWEST_ORDERED else None
        if found is None:
            continue
        if all(shows(side[placed], found) for side in (left, right)):
            found.placed, found.note = placed, told_left_out(placed, names)
            return found
        if part == "time":
            return None
    return None


def is_number(table, name):
    """Whether the table has a column of that name that holds numbers."""
    return name in table.position and table.as_read(name).levels is None


def rows_with(table, names, rows):
    """True for the rows that have a value in each of the columns."""
    filled = np.ones(len(rows), dtype=bool)
    for name in names:
        filled &= present(table.as_read(name))[rows]
    return filled


def told_left_out(placed, names):
    """What the reason of a test says of the rows that lack a time or a place."""
    count = int((~placed).sum())
    return f"; {count} row{'s' * (count > 1)} without {' or '.join(names)} left out" if count else ""


def units_at_times(table, test, rows, unit):
    """Rows that repeat a unit, with columns for their times where units share them."""
    alone = int((~present(table.as_read(test["unit"]))[rows]).sum())
    note = f"; {alone} row{'s' * (alone > 1)} without {test['unit']} taken as units of their own" if alone else ""
    names = (table.structure().get("time") or {}).get("columns") or []
    clock = [name for name in names[:1] if name in table.position]
    placed = rows_with(table, clock, rows)
    times = times_of(table, rows[placed], test)
    if times is None:
        placed = np.ones(len(rows), dtype=bool)
    return SimpleNamespace(
        kind="units",
        name=test["unit"],
        labels=unit[placed],
        times=times,
        placed=placed,
        note=note + told_left_out(placed, clock),
    )


def times_of(table, rows, test):
    """Columns for the times of rows that repeat units, all of which have one, where units share times; None where not,
    or where time itself is tested."""
    names = (table.structure().get("time") or {}).get("columns") or []
    name = names[0] if names else None
    if name not in table.position or name in (test["x"], test["y"]):
        return None
    values, codes, counts = np.unique(table.as_read(name).values[rows], return_inverse=True, return_counts=True)
    if not 2 <= len(values) <= len(rows) / 4 or np.median(counts) < 2:
        return None
    return indicators(codes) if len(values) <= 40 else smooth(codes / (len(values) - 1), 6)


def series_of(table, names, rows):
    """The order of the rows, which all have a time, by the first of the columns, or as they are: {kind `series` or
    `moments`, name, ...}, or None."""
    if not names:
        return ordered_series(None, np.arange(len(rows)), ())
    name = names[0]
    moments = table.as_read(name).values[rows].astype(float)
    distinct, places, counts = np.unique(moments, return_inverse=True, return_counts=True)
    step = float(np.median(np.diff(distinct))) if len(distinct) > 1 else 0.0
    periods = seasons_of(step * (table.facts.get("steps") or {}).get(name, 0.0), len(distinct))
    if np.median(counts) <= 1:
        return ordered_series(name, np.argsort(moments, kind="stable"), periods)
    if len(distinct) < FEWEST_ORDERED:
        return None
    stretches = int(np.clip(len(distinct) // 6, 8, MOST_STRETCHES))
    return SimpleNamespace(
        kind="moments",
        name=name,
        position=places / (len(distinct) - 1),
        moments=places,
        periods=periods,
        labels=places * stretches // len(distinct),
        order=np.argsort(places, kind="stable"),
        rank=places,
    )


def ordered_series(name, order, periods):
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    everything = np.ones(len(order), dtype=bool)
    return SimpleNamespace(
        kind="series", name=name, order=order, rank=rank, periods=periods, placed=everything, note=""
    )


def seasons_of(seconds, moments):
    """The lengths of the seasons that a clock with steps of so many seconds can have, in steps."""
    for step, lengths in SEASONS:
        if abs(seconds - step) <= 0.05 * step:
            return tuple(length for length in lengths if moments >= 2.5 * length)
    return ()


def smooth(position, pieces):
    """Natural cubic splines over positions from 0 to 1 with a straight line, without the constant."""
    knots = np.linspace(0, 1, pieces + 1)
    last, before = knots[-1], knots[-2]
    cube = lambda knot: np.maximum(position - knot, 0.0) ** 3
    term = lambda knot: (cube(knot) - cube(last)) / (last - knot)
    return np.column_stack([position] + [term(knot) - term(before) for knot in knots[:-2]])


def course_of(position, pieces, periods, moments):
    """A smooth course over positions, and the waves of seasons."""
    columns, count = [smooth(position, pieces)], float(moments.max()) + 1
    for length in periods:
        turn = 2 * np.pi * moments / length
        harmonics = int(np.clip(min((length - 1) // 2, count / length), 1, 4))
        for harmonic in range(1, harmonics + 1):
            columns += [np.cos(harmonic * turn), np.sin(harmonic * turn)]
    return np.column_stack(columns)


def autocorrelations(values, most):
    """Autocorrelations of a centred column at lags 1 to `most`, by the fast Fourier transform."""
    n = len(values)
    power = np.abs(np.fft.rfft(values, 2 ** int(np.ceil(np.log2(2 * n))))) ** 2
    products = np.fft.irfft(power)[: most + 1]
    return products[1:] / products[0] if products[0] > 0 else np.zeros(most)


def shows_order(columns, found):
    """Whether rows that follow each other are alike in one of the columns: the test of Ljung and Box (1978, Biometrika
    65) on ranks, so that a few far values do not decide it. Of several rows at a time, their means."""
    smallest = 1.0
    for column in columns.T:
        values = ranks(column)
        if found.kind == "moments":
            counts = np.bincount(found.moments)
            values = np.bincount(found.moments, weights=values) / counts
        else:
            values = values[found.order]
        n = len(values)
        lags = int(np.clip(n // 10, 3, 10))
        alike = autocorrelations(values - values.mean(), lags)
        statistic = n * (n + 2) * float((alike**2 / (n - np.arange(1, lags + 1))).sum())
        smallest = min(smallest, float(stats.chi2.sf(statistic, lags)))
    return smallest * columns.shape[1] < DEPENDS


def past_of(left, right, periods):
    """(what both sides of a series in order are given, the number of lags): course, jumps, seasons, and the past of
    both."""
    n = len(left)
    sides = np.column_stack([left, right])
    position = np.linspace(0, 1, n)
    base = smooth(position, int(np.clip(n // 25, 1, 8)))
    jumps = sorted({place for column in sides.T for place in jumps_of(column)})
    if jumps:
        base = np.column_stack([base, *[(np.arange(n) >= place).astype(float) for place in jumps]])
    lengths = list(periods)
    for column in residuals(sides, basis(base)).T:
        length = wave_of(column)
        if length and all(abs(length - known) > 0.1 * known for known in lengths):
            lengths.append(length)
    if lengths:
        base = np.column_stack([base, course_of(position, 1, lengths, np.arange(n))[:, 1:]])
    part = slice(0, min(n, LAG_ROWS))
    lags = lags_needed(sides[part], base[part], int(np.clip(n // 12, 1, MOST_LAGS)))
    return np.column_stack([base, lagged(sides, lags)]), lags


def clock_side(found, left, right):
    """0 or 1 for the side that is a clock, a smooth function of the place in time alone; None where neither is."""
    position = found.rank / max(int(found.rank.max()), 1)
    for place, side in enumerate((left, right)):
        if side.shape[1] == 1 and np.ptp(side) > 0:
            rest = residuals(side, basis(smooth(position, 3)))
            if (rest**2).sum() < 1e-3 * ((side - side.mean()) ** 2).sum():
                return place
    return None


def trend_estimate(times, values, periods):
    """The slope of a series on time whose errors are an autoregression, tested so that it holds for errors that settle
    and for a random walk alike (Perron and Yabu 2009, J. Econometrics 151): the series is differenced by its first
    autocorrelation, freed of its bias (Kendall 1954), or wholly where that is near 1; the variance in the long run
    is by Andrews (1991). p is never below that of a random walk's looking as settled. None where too short."""
    n = len(values)
    if n < 12 or np.ptp(times) <= 0:
        return None
    spread = times.std()
    times = (times - times.mean()) / spread
    design = np.column_stack([np.ones(n), times])
    waves = course_of(np.linspace(0, 1, n), 1, periods, np.arange(n))[:, 1:]
    rest = residuals(values[:, None], basis(np.column_stack([times, waves])))[:, 0]
    lags = lags_needed(rest[: LAG_ROWS, None], np.zeros((min(n, LAG_ROWS), 0)), int(np.clip(n // 12, 1, 4)))
    changes = np.diff(rest)
    start = lags
    past = [rest[start - 1 : -1]] + [changes[start - 1 - lag : n - 1 - lag] for lag in range(1, lags)]
    alike = float(np.linalg.lstsq(np.column_stack(past), rest[start:], rcond=None)[0][0])
    # A random walk unless Dickey and Fuller's (1979) coefficient test with a trend says otherwise at about 1 %.
    drawn = n * (alike - 1)
    walks = drawn > -27.0 or (n * alike + 2) / (n - 4) > 1 - 1 / np.sqrt(n)
    alike = 1.0 if walks else max((n * alike + 2) / (n - 4), -0.95)
    first = np.sqrt(max(1 - alike * alike, 0.0)) if alike < 1 else 1.0
    turn = lambda column: np.r_[first * column[0], column[1:] - alike * column[:-1]]
    x = np.column_stack([turn(column) for column in np.column_stack([design, waves]).T])
    y = turn(values)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        return None
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    errors = y - x @ beta
    variance = long_run_variance(errors) * n / (n - x.shape[1])
    error = np.sqrt(max(variance, 0.0) * inverse[1, 1])
    if not error > 0:
        return None
    t, free = float(beta[1] / error), n - x.shape[1]
    if not walks:
        # A slope is no surer than that this is no random walk: the lower tail of that test, from 5,000 simulated walks.
        doubt = min(0.01 * np.exp(0.22 * (drawn + 29.5)), 1.0)
        t = float(np.copysign(min(abs(t), stats.t.isf(doubt / 2, free)), t))
    return with_slope(correlation_estimate(t / np.sqrt(t * t + free), n, free), beta[1] / spread)


def long_run_variance(errors):
    """The variance of a mean of autocorrelated errors times their number: Bartlett's kernel with Andrews's (1991,
    Econometrica 59) width; never below the variance of the errors where that width is 0."""
    n = len(errors)
    variance = float((errors**2).sum()) / n
    one = float(np.clip((errors[1:] * errors[:-1]).sum() / max((errors[:-1] ** 2).sum(), 1e-300), -0.9, 0.9))
    width = int(1.1447 * (4 * one**2 * n / ((1 - one) ** 2 * (1 + one) ** 2)) ** (1 / 3))
    for lag in range(1, min(width, n - 1) + 1):
        variance += 2 * (1 - lag / (width + 1)) * float((errors[lag:] * errors[:-lag]).sum()) / n
    return max(variance, 1e-300)


def lagged(columns, lags):
    """The columns 1 to `lags` rows before; the first rows, which have none before, repeat themselves."""
    return np.column_stack(
        [np.vstack([np.repeat(columns[:1], lag, axis=0), columns[:-lag]]) for lag in range(1, lags + 1)]
    )


def lags_needed(columns, base, most):
    """The number of lags, at least one, of the best autoregression (AIC) of any of the columns."""
    needed = 1
    for column in columns.T:
        scores = []
        for lags in range(1, most + 1):
            design = np.column_stack([np.ones(len(column)), base, lagged(column[:, None], lags)])[most:]
            rest = column[most:] - design @ np.linalg.lstsq(design, column[most:], rcond=None)[0]
            scores.append(len(design) * np.log(max(float((rest**2).sum()), 1e-300)) + 2 * lags)
        needed = max(needed, 1 + int(np.argmin(scores)))
    return needed


def jumps_of(column, most=2, limit=25.0):
    """Places where the level of a column in order jumps, by halving: where the F of two levels is far beyond chance."""
    found, parts = [], [(0, len(column))]
    for _ in range(most):
        best = None
        for start, end in parts:
            n = end - start
            if n < 16:
                continue
            values = column[start:end] - column[start:end].mean()
            before = np.arange(4, n - 3)
            gain = np.cumsum(values)[before - 1] ** 2 * n / (before * (n - before))
            ratio = gain / np.maximum((values**2).sum() - gain, 1e-300) * (n - 2)
            place = int(np.argmax(ratio))
            if ratio[place] > limit and (best is None or gain[place] > best[0]):
                best = (gain[place], start, start + int(before[place]), end)
        if best is None:
            break
        _, start, place, end = best
        found.append(place)
        parts = [part for part in parts if part != (start, end)] + [(start, place), (place, end)]
    return found


def wave_of(column):
    """The length in rows of the wave that stands out in a column in order (Fisher's g test of the periodogram, p <
    .001), or None."""
    centred = column - column.mean()
    total = float((centred**2).sum())
    if total <= 0:
        return None
    # A wave stays a wave without what each row shares with the one before; slow wandering then stands out no more.
    column = centred[1:] - float((centred[1:] * centred[:-1]).sum()) / total * centred[:-1]
    column = column - column.mean()
    n = len(column)
    power = np.abs(np.fft.rfft(column))[1 : (n + 1) // 2] ** 2
    if len(power) < 12 or power.sum() <= 0:
        return None
    place = int(np.argmax(power))
    share = power[place] / power.sum()
    if place + 1 < 3 or len(power) * (1 - share) ** (len(power) - 1) >= 1e-3:
        return None
    # Between the frequencies of the transform, where the wave is strongest.
    turns = np.linspace(place + 0.5, place + 1.5, 41)
    strength = [abs(np.exp(2j * np.pi * turn / n * np.arange(n)) @ column) for turn in turns]
    return n / float(turns[int(np.argmax(strength))])


def serial_inflation(a, b):
    """By how much the autocorrelation of both of two series widens the variance of their correlation (Bartlett 1935,
    J. Royal Statistical Society 98), from lags at which both are beyond chance; at least 1."""
    n = len(a)
    lags = np.arange(1, n // 3)
    one, other = (autocorrelations(values - values.mean(), n // 3 - 1) for values in (a, b))
    counted = (np.abs(one) > 1.96 / np.sqrt(n)) & (np.abs(other) > 1.96 / np.sqrt(n))
    return max(1.0 + 2 * float(((1 - lags / n) * one * other)[counted].sum()), 1.0)


def clustered_estimate(left, right, labels, given=None):
    """The Wald test of the right columns on the left ones, with those of `given` held fixed and errors clustered by
    label, or None where there are too few clusters."""
    found = cluster_fit(left, right, given, labels)
    if found is None:
        return None
    if given is not None:
        base = basis(given)
        left, right = residuals(left, base), residuals(right, base)
    shared = {"n": len(left), "statistic": found["statistic"], "df": found["df"], "p": found["p"]}
    if found["error"] is None:
        part = associate(left, right)
        return {**shared, "sign": 0, "r": 0.0 if part is None else part["r"], "low": None, "high": None}
    a, b = left[:, 0] - left[:, 0].mean(), right[:, 0] - right[:, 0].mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    r = float(np.clip((a * b).sum() / size, -1 + 1e-12, 1 - 1e-12)) if size > 0 else 0.0
    t, free = found["statistic"], found["df"]
    return {**shared, "sign": 1 if t >= 0 else -1, "r": r, **r_interval(r, t, free), "slope": found["slope"]}


def map_of(table, names, rows):
    """Where the rows, which all have a place, lie: each coordinate in units of the spread of both; or None."""
    points = np.column_stack([table.as_read(name).values[rows] for name in names])
    spread = points.std(axis=0)
    if not (spread > 0).all():
        return None
    return SimpleNamespace(kind="map", name=" and ".join(names), points=(points - points.mean(axis=0)) / spread)


def evenly_drawn(count, most):
    """At most so many of the numbers below `count`, spread evenly with a fixed seed."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(31).permutation(count)[:most])


def shows_map(columns, found, most=3000, nearest=6):
    """Whether rows near each other are alike in one of the columns: Moran's (1950) I of ranks, by its normal
    approximation."""
    from scipy.sparse import coo_matrix
    from scipy.spatial import cKDTree

    chosen = evenly_drawn(len(found.points), most)
    points, columns = found.points[chosen], columns[chosen]
    n, count = len(points), min(nearest, len(points) - 1)
    near = cKDTree(points).query(points, count + 1)[1]
    pairs = np.repeat(np.arange(n), count + 1), near.ravel()
    apart = pairs[0] != pairs[1]
    weights = coo_matrix((np.ones(apart.sum()), (pairs[0][apart], pairs[1][apart])), shape=(n, n)).tocsr()
    weights = weights.maximum(weights.T)
    scores = np.column_stack([ranks(column) for column in columns.T])
    scores = scores - scores.mean(axis=0)
    total, sums = weights.sum(), np.asarray(weights.sum(axis=1)).ravel()
    index = n / total * (scores * (weights @ scores)).sum(axis=0) / np.maximum((scores**2).sum(axis=0), 1e-300)
    mean = -1 / (n - 1)
    squares = 2 * total, 4 * float((sums**2).sum())
    variance = (n * n * squares[0] - n * squares[1] + 3 * total**2) / ((n * n - 1) * total**2) - mean**2
    return float(stats.norm.sf((index.max() - mean) / np.sqrt(variance))) * columns.shape[1] < DEPENDS


def spatial_estimate(left, right, points, given):
    """Generalised least squares of one right column on the left ones, whose errors have an exponential covariance by
    distance and a nugget; both by restricted maximum likelihood on a grid. Of several right columns, the one most
    related to the left ones."""
    from scipy.linalg import cholesky, solve_triangular
    from scipy.spatial.distance import cdist

    chosen = evenly_drawn(len(left), MAP_ROWS)
    left, right, points = left[chosen], right[chosen], points[chosen]
    given = None if given is None else given[chosen]
    left = left[:, np.ptp(left, axis=0) > 0]
    n, k = len(left), left.shape[1]
    design = np.column_stack([left, np.ones(n)] + ([] if given is None else [basis(given)]))
    if k == 0 or n - design.shape[1] < 5 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    distance, best = cdist(points, points), None
    for reach in np.geomspace(0.1, 6.0, 7):
        alike = np.exp(-distance / reach)
        for nugget in (0.01, 0.08, 0.25, 0.5, 0.8, 1.0):
            covariance = (1 - nugget) * alike
            covariance[np.diag_indices(n)] = 1.0
            root = cholesky(covariance, lower=True, check_finite=False)
            turned = solve_triangular(root, np.column_stack([design, right]), lower=True, check_finite=False)
            x, y = turned[:, : design.shape[1]], turned[:, design.shape[1] :]
            squares = x.T @ x
            beta = np.linalg.solve(squares, x.T @ y)
            rest = ((y - x @ beta) ** 2).sum(axis=0)
            fit = -np.log(np.diag(root)).sum() - np.linalg.slogdet(squares)[1] / 2
            scores = fit - (n - design.shape[1]) / 2 * np.log(np.maximum(rest, 1e-300))
            if best is None:
                best = [(-np.inf, None, None)] * right.shape[1]
            for place, score in enumerate(scores):
                if score > best[place][0]:
                    error = rest[place] / (n - design.shape[1]) * np.linalg.inv(squares)[:k, :k]
                    best[place] = (score, beta[:k, place], error)
    free = n - design.shape[1]
    tests = [float(beta @ np.linalg.pinv(error) @ beta) / k for _, beta, error in best]
    place = int(np.argmax(tests))
    if k == 1:
        beta, error = best[place][1][0], np.sqrt(best[place][2][0, 0])
        t = beta / error if error > 0 else 0.0
        found = correlation_estimate(t / np.sqrt(t * t + free), n, free)
        p = min(found["p"] * right.shape[1], 1.0)
        return {**found, "p": p, "sign": found["sign"] if right.shape[1] == 1 else 0, "slope": float(beta)}
    p = min(float(stats.f.sf(tests[place], k, free)) * right.shape[1], 1.0)
    r = float(np.sqrt(tests[place] * k / (tests[place] * k + free)))
    return {"n": n, "statistic": tests[place], "df": (k, free), "p": p, "sign": 0, "r": r, "low": None, "high": None}


def dependent_effect(plain, found, dependence):
    """The effect of a plain estimate with the interval of the model that gives p. Of a series or a map it is the
    partial correlation, which is what is tested there; of clusters the same measure, with the error of the
    clustered slope."""
    if plain is None or found is None:
        return None
    if dependence.kind in ("series", "map") or dependence.clock is not None:
        single = found["sign"] != 0
        return effect("partial_r" if single else "partial_v", found["r"], found["low"], found["high"])
    size = plain["effect"]
    value, name = size["value"], size["name"]
    if value is None:
        return size
    if found["sign"] == 0:
        return effect(name, value, *wider_share(name, size, plain, found))
    turn, back = SCALES.get(scale_of(name), SCALES["plain"])
    centre, t = turn(value), found["statistic"]
    if abs(t) < 1e-6:
        return effect(name, value, None, None)
    half = stats.t.isf(0.025, found["df"]) * abs(centre / t)
    return effect(name, value, *sorted((back(centre - half), back(centre + half))))


SCALES = {
    "plain": (float, float),
    "correlation": (lambda v: float(np.arctanh(np.clip(v, -1 + 1e-12, 1 - 1e-12))), lambda z: float(np.tanh(z))),
    "ratio": (lambda v: float(np.log(max(v, 1e-300))), lambda z: float(np.exp(np.clip(z, -700, 700)))),
    "area": (
        lambda v: float(np.log(np.clip(v, 1e-12, 1 - 1e-12) / (1 - np.clip(v, 1e-12, 1 - 1e-12)))),
        lambda z: float(1 / (1 + np.exp(np.clip(-z, -700, 700)))),
    ),
}


def scale_of(name):
    """The scale on which the interval of a measure is symmetric, with no effect at 0."""
    if name in ("r", "rho", "pearson_r", "spearman_rho", "rank_biserial", "partial_r", "partial_rho"):
        return "correlation"
    if name.startswith(("odds_ratio", "hazard_ratio", "ratio")):
        return "ratio"
    return "area" if name == "auc" else "plain"


def wider_share(name, size, plain, found):
    """The interval of a share of variance, by the noncentral F distribution of the clustered test."""
    df1, df2 = found["df"]
    low, high = noncentral_f_interval(found["statistic"], df1, df2)
    share = lambda noncentrality: noncentrality / (noncentrality + df1 + df2 + 1)
    turn = np.sqrt if name in ROOTS_OF_SHARES else float
    low, high = float(turn(share(low))), float(turn(share(high)))
    return min(low, size["value"]), max(high, size["value"])
