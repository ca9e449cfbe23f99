"""BibTeX: entries with their fields, as plain text."""

import re
import unicodedata

ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307"}
ACCENTS |= {"u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a"}
LETTERS = {
    "ss": "ß",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "aa": "å",
    "AA": "Å",
}
LETTERS |= {"i": "i", "j": "j", "&": "&", "%": "%", "_": "_", "#": "#", "$": "$"}
MONTHS = {name: name.capitalize() for name in "jan feb mar apr may jun jul aug sep oct nov dec".split()}

START = re.compile(r"@\s*(\w+)\s*([{(])")
FIELD = re.compile(r"\s*,?\s*([\w:.+-]+)\s*=\s*")


class Broken(Exception):
    """An entry that is no BibTeX."""


def entries(text):
    """(entries, number of broken ones): each a dictionary of its fields, with the names in small letters."""
    found, broken, place, macros = [], 0, 0, dict(MONTHS)
    while (start := START.search(text, place)) is not None:
        place = start.end()
        kind = start.group(1).lower()
        if kind in ("comment", "preamble"):
            continue
        try:
            fields, place = entry(text, place, "}" if start.group(2) == "{" else ")", macros, kind == "string")
        except Broken:
            broken += 1
            continue
        if kind == "string":
            macros |= fields
        else:
            found.append({name: plain(value) for name, value in fields.items()})
    return found, broken


def entry(text, place, close, macros, is_string):
    """(fields, place after them) of an entry from behind its opening bracket."""
    if not is_string:
        key = re.compile(r"\s*[^\s,={}()\"]*\s*").match(text, place)
        place = key.end()
        if text[place : place + 1] not in (",", close):
            raise Broken
    fields = {}
    while (field := FIELD.match(text, place)) is not None:
        value, place = value_at(text, field.end(), macros)
        fields.setdefault(field.group(1).lower(), value)
    end = re.compile(r"[\s,]*").match(text, place).end()
    if text[end : end + 1] != close:
        raise Broken
    return fields, end + 1


def value_at(text, place, macros):
    """(value, place after it): parts in braces or quotation marks, numbers and macros, joined by #."""
    parts = []
    while True:
        first = text[place : place + 1]
        if first in ("{", '"') and first:
            end = closing(text, place)
            parts.append(text[place + 1 : end])
            place = end + 1
        else:
            word = re.compile(r"[^\s,#{}()\"=]+").match(text, place)
            if word is None:
                raise Broken
            parts.append(macros.get(word.group().lower(), word.group()))
            place = word.end()
        more = re.compile(r"\s*#\s*").match(text, place)
        if more is None:
            return "".join(parts), place
        place = more.end()


def closing(text, place):
    """Where the brace or quotation mark at `place` is closed; braces inside count."""
    quoted, depth = text[place] == '"', 0
    for at in range(place + 1, len(text)):
        letter = text[at]
        if text[at - 1] == "\\" and letter in '{}"':
            # \" is an accent, and \{ a brace to print.
            continue
        if letter == "{":
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
        elif depth == 0 and letter == ('"' if quoted else "}"):
            return at
    raise Broken


def plain(text):
    """A value without the commands of TeX."""
    text = re.sub(r"\\([`'^~\"=.]|[uvHckr](?![A-Za-z]))\s*\{?\\?([A-Za-z])\}?", accent, text)
    text = re.sub(
        r"\\(ss|ae|AE|oe|OE|aa|AA|[oOlLij])(?![A-Za-z])\s?|\\([&%_#$])",
        lambda m: LETTERS[m.group(1) or m.group(2)],
        text,
    )
    text = re.sub(r"\\[A-Za-z]+\*?\s*", "", text)
    text = text.replace("---", "—").replace("--", "–").replace("~", " ")
    return " ".join(re.sub(r"[{}$]", "", text).split())


def accent(match):
    return unicodedata.normalize("NFC", match.group(2) + ACCENTS[match.group(1)])


def names(text):
    """Names of authors, each as `First Last`."""
    found = []
    for name in re.split(r"\s+and\s+", text or ""):
        last, _, first = name.partition(",")
        name = f"{first.strip()} {last.strip()}".strip()
        if name and name.lower() != "others":
            found.append(name)
    return tuple(found)
