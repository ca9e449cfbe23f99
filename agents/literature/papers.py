"""Papers, and the passages that they are cut into."""

import re
from dataclasses import dataclass

PASSAGE = 500
"""The most letters of a passage."""

# A full stop after these ends no sentence.
ABBREVIATIONS = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|fig|figs|eq|no|al|approx|ca|dr|prof|st|resp)|\b[A-Z])\.$", re.IGNORECASE
)
BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])[\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9])")


@dataclass(frozen=True)
class Paper:
    """What is known of a paper; what is not known is not guessed."""

    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    doi: str | None = None
    url: str | None = None

    @property
    def key(self) -> str:
        """The same for two copies of one paper."""
        return self.doi.lower() if self.doi else " ".join(re.findall(r"\w+", self.title.lower()))


@dataclass(frozen=True)
class Passage:
    """Some sentences of a paper, word for word but for white space."""

    paper: Paper
    locator: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        text = " ".join(self.sentences)
        return text if len(text) <= PASSAGE else text[: PASSAGE - 1].rsplit(" ", 1)[0] + "…"


def sentences(text: str) -> list[str]:
    """The sentences of a text, in its order; white space becomes single blanks."""
    text, found, start = " ".join(text.split()), [], 0
    for gap in BETWEEN_SENTENCES.finditer(text):
        sentence = text[start : gap.start()].strip()
        # What closes a quotation belongs to the sentence.
        closing = gap.group().strip()
        if sentence and not ABBREVIATIONS.search(sentence):
            found.append(sentence + closing)
            start = gap.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def passages(paper: Paper, locator: str, text: str) -> list[Passage]:
    """Passages of a page or paragraph. Each begins with the last sentence of the one before, for what belongs together
    may fall on both sides of a cut."""
    said, found, start = sentences(text), [], 0
    while start < len(said):
        end, length = start + 1, len(said[start])
        while end < len(said) and length + 1 + len(said[end]) <= PASSAGE:
            length += 1 + len(said[end])
            end += 1
        found.append(Passage(paper, locator, tuple(said[start:end])))
        if end >= len(said):
            break
        start = max(end - 1, start + 1)
    return found
