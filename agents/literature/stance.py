"""Whether a passage says the same as a finding, or the opposite. Where it does not say so in plain words: context."""

import re
from collections.abc import Mapping

from papers import Passage
from terms import MEASURES, Concept, stem, stems, words

RELATED = r"(?:correlat\w*|associat\w*|relat\w*|relationship|correspond\w*)"
POSITIVE = re.compile(
    rf"\bpositive(?:ly)?\s+(?:\w+\s+)?{RELATED}|\b(?:increase[sd]?|rises?|rose|grows?|grew)\s+with\b|\bpositive\s+slope\b"
)
NEGATIVE = re.compile(
    rf"\b(?:negative(?:ly)?|inverse(?:ly)?)\s+(?:\w+\s+)?{RELATED}|\b(?:decrease[sd]?|falls?|fell|declines?|declined)\s+with\b"
    r"|\bnegative\s+slope\b"
)
# A sentence with one of these may say the contrary, a guess, or a condition.
DOUBT = re.compile(
    r"\b(?:no|not|nor|neither|never|without|cannot|isn't|aren't|wasn't|weren't|failed?|fails|although|though|however|but|unless|except"
    r"|may|might|could|would|should|whether|if|hypothes\w*|expect\w*|predict\w*|assum\w*|suggest\w*|appear\w*|seem\w*|unclear"
    r"|unlike|contrary|within|controll\w*|adjust\w*|holding|held|given|among|only|partial\w*|once)\b"
)
LARGEST = ["largest", "highest", "greatest", "biggest"]
SMALLEST = ["smallest", "lowest", "least", "shortest", "shallowest", "lightest", "narrowest", "youngest"]
# The superlative of each measure, so that the longest bill says nothing of its depth.
SUPERLATIVES = {
    noun: [word for word in listed.split() if word.endswith("est") and word not in SMALLEST]
    for noun, listed in MEASURES.items()
}
PLAIN_KINDS = ("numeric_numeric", "dose_response")


def stance(finding: Mapping, x: Concept, y: Concept, passage: Passage) -> str:
    """`supports`, `contradicts` or `context`. Two sentences that disagree are context."""
    told = {verdict for sentence in passage.sentences if (verdict := of_sentence(finding, x, y, sentence)) is not None}
    return told.pop() if len(told) == 1 else "context"


def of_sentence(finding: Mapping, x: Concept, y: Concept, sentence: str) -> str | None:
    text = sentence.lower()
    if DOUBT.search(text):
        return None
    direction = finding.get("direction")
    if finding["kind"] in PLAIN_KINDS and direction in ("+", "-"):
        said = stems(sentence)
        up, down = bool(POSITIVE.search(text)), bool(NEGATIVE.search(text))
        if up == down or not (x.named_in(said) and y.named_in(said)):
            return None
        return "supports" if up == (direction == "+") else "contradicts"
    if finding["kind"] == "group_numeric":
        return of_groups(direction, x, y, sentence)
    return None


def of_groups(direction, x: Concept, y: Concept, sentence: str) -> str | None:
    """Of a sentence that says which one level has the most of y."""
    said = words(sentence)
    here = {stem(word) for word in said}
    named = [level for level in x.levels if level in here]
    leader = stem(direction.lower()) if isinstance(direction, str) else None
    if len(named) != 1 or leader not in x.levels or not y.named_in(stems(sentence)):
        return None
    nouns = {word for phrase in y.phrases for word in phrase} & set(SUPERLATIVES)
    fitting = {*LARGEST, *(word for noun in nouns for word in SUPERLATIVES[noun])}
    superlatives = [
        word for word in said if word in {*LARGEST, *SMALLEST} or any(word in s for s in SUPERLATIVES.values())
    ]
    if len(superlatives) != 1 or superlatives[0] not in fitting:
        return None
    return "supports" if named[0] == leader else "contradicts"
