# ---- formulas: the values of a workbook's formulas that were saved without one: arithmetic and a few functions ----
import datetime
import math
import operator
import re

# Formulas of one sheet that are computed, and cells that they may look at together.
FORMULAS_READ = 200_000
CELLS_LOOKED_AT = 4_000_000
FORMULA_LENGTH = 2000
# How deep formulas may rest on each other, and brackets stand in each other.
FORMULA_DEPTH = 40
FORMULA_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|\"(?P<text>(?:[^\"]|\"\")*)\"|(?P<range>\$?[A-Z]{1,3}\$?\d{1,7}:\$?[A-Z]{1,3}\$?\d{1,7})"
    r"|(?P<cell>\$?[A-Z]{1,3}\$?\d{1,7})(?![\w(!.])|(?P<word>[A-Z][A-Z0-9.]*)(?=\s*\()|(?P<logical>TRUE|FALSE)(?!\w)"
    r"|(?P<sign><=|>=|<>|[-+*/^&=<>%(),;]))"
)
PRECEDENCE = {"=": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "<>": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}


class Uncomputed(Exception):
    """A formula that is not computed here: an unknown function, a reference elsewhere, an error in a cell, a circle."""


class Formulas:
    """The formulas of one sheet. `rows` are its stored cells; `texts` holds each formula without its = by (row,
    column)."""

    def __init__(self, rows, texts):
        self.rows, self.texts = rows, texts
        self.known, self.active, self.looked_at = {}, set(), 0

    def compute_all(self):
        """{(row, column): value} of the formulas that can be computed; those that rest on lower rows in a second go."""
        places = sorted(self.texts)
        for order in (places, places[::-1]):
            for place in order:
                if place not in self.known and self.looked_at < CELLS_LOOKED_AT:
                    try:
                        self.value_of(place)
                    except (Uncomputed, ArithmeticError, ValueError):
                        continue
        return self.known

    def value_of(self, place):
        self.looked_at += 1
        if place in self.known:
            return self.known[place]
        if place not in self.texts:
            row, column = place
            return self.rows[row][column] if row < len(self.rows) and column < len(self.rows[row]) else None
        if place in self.active or len(self.active) > FORMULA_DEPTH or self.looked_at > CELLS_LOOKED_AT:
            raise Uncomputed
        self.active.add(place)
        try:
            value = FormulaParser(self, self.texts[place]).result()
        finally:
            self.active.discard(place)
        if isinstance(value, float) and not math.isfinite(value):
            raise Uncomputed
        self.known[place] = value
        return value

    def values_of(self, reference):
        """All cells of a range, row by row."""
        (top, left), (bottom, right) = (place_of(part) for part in reference.split(":"))
        top, bottom, left, right = min(top, bottom), max(top, bottom), min(left, right), max(left, right)
        if (bottom - top + 1) * (right - left + 1) + self.looked_at > CELLS_LOOKED_AT:
            raise Uncomputed
        return [self.value_of((row, column)) for row in range(top, bottom + 1) for column in range(left, right + 1)]


def place_of(reference):
    letters, number = re.fullmatch(r"([A-Z]+)(\d+)", reference.replace("$", "")).groups()
    return int(number) - 1, column_number(letters.encode())


class FormulaParser:
    """Reads one formula from left to right and computes it on the way, arguments that IF does not need as well."""

    def __init__(self, sheet, text):
        self.sheet, self.tokens, self.at, self.depth = sheet, [], 0, 0
        if len(text) > FORMULA_LENGTH:
            raise Uncomputed
        place, text = 0, text.strip()
        while place < len(text):
            match = FORMULA_TOKEN.match(text, place)
            if not match:
                raise Uncomputed
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            place = match.end()

    def result(self):
        value = one_value(self.expression(0))
        if self.at < len(self.tokens):
            raise Uncomputed
        return value

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else (None, None)

    def take(self, sign=None):
        kind, text = self.peek()
        if kind is None or (sign is not None and (kind, text) != ("sign", sign)):
            raise Uncomputed
        self.at += 1
        return kind, text

    def expression(self, least):
        self.depth += 1
        if self.depth > FORMULA_DEPTH:
            raise Uncomputed
        value = self.operand()
        while True:
            kind, sign = self.peek()
            if kind == "sign" and sign == "%":
                self.take()
                value = number_in(value) / 100
            elif kind == "sign" and PRECEDENCE.get(sign, 0) > least:
                self.take()
                value = combined(sign, value, self.expression(PRECEDENCE[sign]))
            else:
                self.depth -= 1
                return value

    def operand(self):
        kind, text = self.take()
        if kind == "number":
            return float(text)
        if kind == "text":
            return text.replace('""', '"')
        if kind == "logical":
            return text == "TRUE"
        if kind == "cell":
            return self.sheet.value_of(place_of(text))
        if kind == "range":
            return self.sheet.values_of(text)
        if kind == "word":
            return self.function(text.removeprefix("_XLFN."))
        if text in ("-", "+"):
            # A sign binds more than a power, as spreadsheets have it.
            value = number_in(self.expression(5))
            return -value if text == "-" else value
        if text == "(":
            value = self.expression(0)
            self.take(")")
            return value
        raise Uncomputed

    def function(self, name):
        if name not in FUNCTIONS:
            raise Uncomputed
        self.take("(")
        arguments = []
        while self.peek() != ("sign", ")"):
            if arguments:
                kind, mark = self.take()
                if kind != "sign" or mark not in ",;":
                    raise Uncomputed
            arguments.append(self.argument(lazy=name in ("IF", "IFERROR")))
        self.take(")")
        try:
            return FUNCTIONS[name](arguments)
        except IndexError:
            raise Uncomputed from None

    def argument(self, lazy):
        """The value of one argument; an error in one that may not be needed is kept instead of raised."""
        if not lazy:
            return self.expression(0)
        start, depth = self.at, self.depth
        try:
            return self.expression(0)
        except (Uncomputed, ArithmeticError, ValueError) as error:
            self.depth, self.at, open_brackets = depth, start, 0
            while self.at < len(self.tokens):
                kind, text = self.tokens[self.at]
                if kind == "sign" and open_brackets == 0 and text in (",", ";", ")"):
                    return error
                open_brackets += (kind, text) == ("sign", "(")
                open_brackets -= (kind, text) == ("sign", ")")
                self.at += 1
            raise


def one_value(value):
    if isinstance(value, list) or isinstance(value, Exception):
        raise Uncomputed
    return value


def number_in(value):
    """A cell as a number: blank is 0, a date its day since 1900, a text the number that it spells."""
    value = one_value(value)
    if value is None:
        return 0.0
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, datetime.datetime):
        return (value - datetime.datetime(1899, 12, 30)).total_seconds() / 86400
    if isinstance(value, datetime.date):
        return float((value - datetime.date(1899, 12, 30)).days)
    if isinstance(value, datetime.timedelta):
        return value.total_seconds() / 86400
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*", value):
        return float(value)
    raise Uncomputed


def text_in(value):
    value = one_value(value)
    if isinstance(value, float):
        return number_text(value)
    return "" if value is None else str(value).upper() if isinstance(value, bool) else str(value)


COMPARED = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def combined(sign, left, right):
    if sign == "&":
        joined = text_in(left) + text_in(right)
        if len(joined) > FORMULA_LENGTH:
            raise Uncomputed
        return joined
    if sign in COMPARED:
        left, right = one_value(left), one_value(right)
        if isinstance(left, str) or isinstance(right, str):
            # A blank equals the empty text; texts are compared in any case, and are more than all numbers.
            left, right = ("" if side is None else side for side in (left, right))
            if isinstance(left, str) != isinstance(right, str):
                left, right = float(isinstance(left, str)), float(isinstance(right, str))
            else:
                left, right = left.lower(), right.lower()
        else:
            left, right = number_in(left), number_in(right)
        return bool(COMPARED[sign](left, right))
    left, right = number_in(left), number_in(right)
    if sign == "^":
        if abs(right) > 400 or (left < 0 and not right.is_integer()):
            raise Uncomputed
        return math.pow(left, right)
    if sign == "/":
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[sign]


def numbers_of_arguments(arguments):
    """The numbers among arguments: in ranges, texts, blanks and truth values do not count."""
    found = []
    for argument in arguments:
        if isinstance(argument, list):
            if any(isinstance(cell, str) and cell.startswith("#") for cell in argument):
                raise Uncomputed
            found += [number_in(cell) for cell in argument if cell is not None and not isinstance(cell, (str, bool))]
        elif argument is not None:
            found.append(number_in(argument))
    return found


def some(arguments, least=1):
    numbers = numbers_of_arguments(arguments)
    if len(numbers) < least:
        raise Uncomputed
    return numbers


def count_cells(arguments, filled):
    cells = [cell for argument in arguments for cell in (argument if isinstance(argument, list) else [argument])]
    return float(
        sum(
            cell is not None if filled else isinstance(cell, (int, float)) and not isinstance(cell, bool)
            for cell in cells
        )
    )


def rounded(arguments, way):
    value, digits = number_in(arguments[0]), int(number_in(arguments[1])) if len(arguments) > 1 else 0
    if abs(digits) > 20:
        raise Uncomputed
    scaled = abs(value) * 10.0**digits
    # The half goes up, and 2.675 counts as what it is written as.
    whole = {
        "near": math.floor(scaled + 0.5 + 1e-9 * max(1.0, scaled) / 1e3),
        "up": math.ceil(scaled - 1e-9),
        "down": math.floor(scaled + 1e-9),
    }
    return math.copysign(whole[way] / 10.0**digits, value)


def chosen(arguments):
    test = one_value(arguments[0])
    if isinstance(test, str) or not 2 <= len(arguments) <= 3:
        raise Uncomputed
    if test is not None and number_in(test):
        value = arguments[1]
    else:
        value = arguments[2] if len(arguments) == 3 else False
    if isinstance(value, Exception):
        raise Uncomputed
    return 0.0 if value is None else value


def truths(arguments):
    cells = [cell for argument in arguments for cell in (argument if isinstance(argument, list) else [argument])]
    return [bool(number_in(cell)) for cell in cells if cell is not None and not isinstance(cell, str)]


def spread_of(numbers, less):
    mean = math.fsum(numbers) / len(numbers)
    return math.fsum((number - mean) ** 2 for number in numbers) / (len(numbers) - less)


def middle_of(numbers):
    numbers = sorted(numbers)
    half = len(numbers) // 2
    return numbers[half] if len(numbers) % 2 else (numbers[half - 1] + numbers[half]) / 2


def of_one(function):
    """A function of one number, as one of a list of arguments."""

    def compute(arguments):
        if len(arguments) != 1:
            raise Uncomputed
        return float(function(number_in(arguments[0])))

    return compute


FUNCTIONS = {
    "SUM": lambda a: math.fsum(numbers_of_arguments(a)),
    "AVERAGE": lambda a: math.fsum(some(a)) / len(some(a)),
    "MIN": lambda a: min(numbers_of_arguments(a), default=0.0),
    "MAX": lambda a: max(numbers_of_arguments(a), default=0.0),
    "PRODUCT": lambda a: math.prod(some(a)),
    "MEDIAN": lambda a: middle_of(some(a)),
    "COUNT": lambda a: count_cells(a, False),
    "COUNTA": lambda a: count_cells(a, True),
    "STDEV": lambda a: math.sqrt(spread_of(some(a, 2), 1)),
    "STDEV.S": lambda a: math.sqrt(spread_of(some(a, 2), 1)),
    "STDEV.P": lambda a: math.sqrt(spread_of(some(a), 0)),
    "VAR": lambda a: spread_of(some(a, 2), 1),
    "VAR.S": lambda a: spread_of(some(a, 2), 1),
    "IF": chosen,
    "IFERROR": lambda a: a[1] if isinstance(a[0], Exception) else a[0],
    "AND": lambda a: all(truths(a)),
    "OR": lambda a: any(truths(a)),
    "NOT": lambda a: not number_in(a[0]),
    "ROUND": lambda a: rounded(a, "near"),
    "ROUNDUP": lambda a: rounded(a, "up"),
    "ROUNDDOWN": lambda a: rounded(a, "down"),
    "INT": of_one(math.floor),
    "ABS": of_one(abs),
    "SQRT": of_one(math.sqrt),
    "EXP": of_one(math.exp),
    "LN": of_one(math.log),
    "LOG10": of_one(math.log10),
    "LOG": lambda a: math.log(number_in(a[0]), number_in(a[1]) if len(a) > 1 else 10.0),
    "POWER": lambda a: combined("^", a[0], a[1]),
    "MOD": lambda a: number_in(a[0]) - number_in(a[1]) * math.floor(number_in(a[0]) / number_in(a[1])),
}


def compute_formulas(rows, texts, dated):
    """(rows with the values of formulas that had none, {column: rows of those that were computed}); `dated` are the
    places of those that show a date."""
    if not texts or len(texts) > FORMULAS_READ:
        return rows, {}
    computed, rows = {}, list(rows)
    for (row, column), value in Formulas(rows, texts).compute_all().items():
        if row >= len(rows) or value is None:
            continue
        if (row, column) in dated and isinstance(value, float) and 0 <= value < 2_900_000:
            value = datetime.datetime(1899, 12, 30) + datetime.timedelta(days=value)
        elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            value = int(value)
        cells = list(rows[row]) + [None] * (column + 1 - len(rows[row]))
        cells[column] = value
        rows[row] = cells
        computed.setdefault(column, []).append(row)
    return rows, computed
