"""Words: how names of columns and running text are made comparable."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UNITS = set(
    """mm cm m km um nm in ft g kg mg ug lb oz t ml l dl ul mmhg kpa pa bar hz khz bpm s sec secs ms min mins h hr hrs hour hours
    day days week weeks month months year years yr yrs pct percent usd eur gbp c f k deg celsius kcal kj mol mmol umol nmol
    ppm ppb""".split()
)
# What a name says of the figure, and not of what was measured.
FIGURES = set(
    "n no num number id idx index code value values raw mean avg average median total sum max min std sd se log".split()
)
# Words of labels and of the calendar. They are in any text, so that a column that is called no more than that cannot be
# looked for, except by words that the configuration gives it.
GENERAL = set(
    "year years date time day days month week hour season group groups type class category status label name sample case test trial".split()
)
STOP = set(
    """a an and are as at be been both but by can do does for from had has have how if in into is it its more most not of on or
    other over own same so some such than that the their them then there these they this those to under up very was were what
    when which while who will with within without goes go differs differ between associated association related relation
    depend depends rises falls rise fall held fixed higher lower""".split()
)
# Adjectives that speak of a measure, with its noun.
MEASURES = {
    "length": "long longer longest short shorter shortest",
    "depth": "deep deeper deepest shallow shallower shallowest",
    "mass": "heavy heavier heaviest light lighter lightest",
    "weight": "heavy heavier heaviest light lighter lightest",
    "width": "wide wider widest narrow narrower narrowest broad broader broadest",
    "height": "tall taller tallest",
    "age": "old older oldest young younger youngest",
}
NOUNS: dict[str, set[str]] = {}
for noun, adjectives in MEASURES.items():
    for adjective in adjectives.split():
        NOUNS.setdefault(adjective, set()).add(noun)

NEAR = 6
"""The words of one phrase stand no farther apart than so many words."""


def words(text: str) -> list[str]:
    """Words of a text, in small letters."""
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+(?:\.\d+)?", text.lower())


def stem(word: str) -> str:
    """A word without its plural (after Harman's S-stemmer, 1991)."""
    if word in ("species", "series"):
        return word
    if len(word) > 4 and word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("us", "ss", "is")):
        return word[:-1]
    return word


def stems(text: str) -> list[set[str]]:
    """What each word of a text stands for: its stem, and the noun of a measure."""
    return [{stem(word), *NOUNS.get(word, ())} for word in words(text)]


def name_words(name: str) -> list[str]:
    """The words of a column's name that say what was measured."""
    parted = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])", " ", name)
    found = [part.lower() for part in re.findall(r"[^\W\d_]+", parted)]
    while len(found) > 1 and found[-1] in UNITS:
        found.pop()
    return [word for word in found if word not in FIGURES and word not in STOP and len(word) > 1]


@dataclass(frozen=True)
class Concept:
    """What a column measures: phrases of stems, any of which names it, the levels of a group, and the words to ask others
    for."""

    phrases: tuple[tuple[str, ...], ...]
    levels: tuple[str, ...] = ()
    question: str = ""

    @staticmethod
    def of(column: str, more: Iterable[str] = (), levels: Iterable[str] = ()) -> "Concept":
        own = name_words(column)
        told = [found for found in ([] if set(own) <= GENERAL else own, *map(words, more)) if found]
        phrases = [tuple(stem(word) for word in phrase) for phrase in told]
        # Levels such as `1` or `yes` are in any text.
        named = [stem(level.lower()) for level in levels if len(level) > 3 and level.isalpha()]
        return Concept(tuple(dict.fromkeys(phrases)), tuple(named), " ".join(told[0]) if told else "")

    @property
    def stems(self) -> set[str]:
        return {word for phrase in self.phrases for word in phrase} | set(self.levels)

    def named_in(self, sentence: list[set[str]]) -> bool:
        """Whether a phrase stands in the sentence, its words close to each other in any order, or two of the levels do."""
        if any(stands_in(phrase, sentence) for phrase in self.phrases):
            return True
        everything = set().union(*sentence) if sentence else set()
        return sum(level in everything for level in self.levels) >= 2


def stands_in(phrase: tuple[str, ...], sentence: list[set[str]]) -> bool:
    wanted = set(phrase)
    reach = NEAR + len(wanted) - 1
    for start, here in enumerate(sentence):
        if wanted & here and wanted <= set().union(*sentence[start : start + reach]):
            return True
    return False


def concepts(finding: Mapping, synonyms: Mapping[str, Iterable[str]]) -> tuple[Concept, Concept]:
    """What the two columns of a finding measure."""
    levels = [group["level"] for group in finding.get("groups") or []]
    x = Concept.of(finding["x"], synonyms.get(finding["x"], ()), levels)
    return x, Concept.of(finding["y"], synonyms.get(finding["y"], ()))
