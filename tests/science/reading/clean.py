"""Clean columns, texts made of them, and what pandas and scipy say of them."""

import csv
import datetime
import io

import pandas as pd
import scipy.stats as st

BEGIN = datetime.date(2019, 2, 11)


def linked(rand, rows, mean, spread, slope, start, noise, digits=2, digits_y=None):
    """Two columns of numbers: the second rises with the first."""
    x = [round(rand.gauss(mean, spread), digits) for _ in range(rows)]
    y = [round(start + slope * value + rand.gauss(0, noise), digits if digits_y is None else digits_y) for value in x]
    return x, y


def shares(rand, rows, levels, weights=None):
    """A column of levels, each of them at least three times."""
    drawn = rand.choices(levels, weights, k=rows)
    for index, level in enumerate(levels * 3):
        drawn[(7 * index + 3) % rows] = level
    return drawn


def by_level(rand, levels, means, noise, digits=1):
    """Numbers around the mean of each row's level."""
    return [round(rand.gauss(means[level], noise), digits) for level in levels]


def pearson(x, y, means=None):
    """The right figure of two numeric columns; None is a missing cell. `means`: columns whose mean is checked too."""
    frame = pd.DataFrame({"x": pd.to_numeric(pd.Series(x)), "y": pd.to_numeric(pd.Series(y))})
    both = frame.dropna()
    right = {"r": round(float(st.pearsonr(both.x, both.y)[0]), 4), "n": len(both)}
    for name, column in (means or {}).items():
        right[f"mean_{name}"] = round(float(pd.to_numeric(pd.Series(column)).mean()), 6)
    return right


def spearman(x, y):
    both = pd.DataFrame({"x": x, "y": y}).dropna()
    return {"rho": round(float(st.spearmanr(both.x, both.y)[0]), 4), "n": len(both)}


def anova(levels, y):
    frame = pd.DataFrame({"level": levels, "y": y}).dropna()
    groups = [rows.to_numpy() for _, rows in frame.groupby("level").y]
    fitted = st.f_oneway(*groups)
    return {"F": float(f"{fitted[0]:.5g}"), "groups": len(groups), "n": len(frame)}


def difference(levels, y):
    """The second of two levels less the first, in their order as texts."""
    frame = pd.DataFrame({"level": levels, "y": y}).dropna()
    means = frame.groupby("level").y.mean()
    assert len(means) == 2, means
    return {"diff": round(float(means.iloc[1] - means.iloc[0]), 4), "groups": 2, "n": len(frame)}


def days(dates):
    """Dates as numbers of days, as the truth of anything over time."""
    return [
        None if date is None else (pd.Timestamp(date) - pd.Timestamp("2000-01-01")).total_seconds() / 86400
        for date in dates
    ]


def text(columns, delimiter=",", end="\n", quoting=csv.QUOTE_MINIMAL):
    """A delimited text of {name: cells}; None is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(columns)
    for row in zip(*columns.values()):
        writer.writerow(["" if cell is None else cell for cell in row])
    return out.getvalue()


def raw(columns, delimiter=",", end="\n"):
    """The same without any quoting."""
    rows = [list(columns), *zip(*columns.values())]
    return "".join(delimiter.join("" if cell is None else str(cell) for cell in row) + end for row in rows)


def comma(value, digits=2):
    """A number with a decimal comma."""
    return f"{value:.{digits}f}".replace(".", ",")


def workbook(*sheets, change=None):
    """The bytes of a workbook of (title, rows); `change` may alter it before it is saved."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    if change:
        change(book)
    # Colours that no input needs, and that would be a third of each file.
    book.loaded_theme = b'<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="none"/>'
    book.properties.created = book.properties.modified = datetime.datetime(2024, 1, 1)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rows_of(columns):
    return [list(columns), *[list(row) for row in zip(*columns.values())]]


def dated(rand, rows, step=9, slope=0.03, noise=2.0, begin=BEGIN):
    """Dates in disorder and numbers that rise with them."""
    dates = [begin + datetime.timedelta(days=step * i + rand.randint(0, step - 1)) for i in range(rows)]
    rand.shuffle(dates)
    first = min(dates)
    return dates, [round(10 + slope * (date - first).days + rand.gauss(0, noise), 2) for date in dates]


def over_time(dates, y):
    return pearson(days(dates), y)
