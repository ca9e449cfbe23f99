"""Passages that name both columns of a finding, best first."""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping

from papers import Passage
from stance import stance
from terms import STOP, Concept, stem, stems, words

# Of Okapi BM25 (Robertson and Zaragoza 2009).
K1, B = 1.2, 0.75
TOGETHER, PLAIN, TITLE = 1.5, 2.0, 0.5
"""How much more a passage counts that names both in one sentence or says plainly how they go, and one with the paper's title,
which names them without saying anything."""


class Index:
    """Passages by their words."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.passages = list(passages)
        # Of each word the passages that have it, one for each time. Thousands of pages must fit into memory.
        self.places: dict[str, array] = {}
        self.lengths = array("I")
        for place, passage in enumerate(self.passages):
            said = [word for sentence in passage.sentences for here in stems(sentence) for word in here]
            for word in said:
                self.places.setdefault(word, array("I")).append(place)
            self.lengths.append(len(said))
        self.mean = sum(self.lengths) / max(len(self.lengths), 1)

    def search(self, finding: Mapping, x: Concept, y: Concept, most: int) -> list[tuple[float, Passage]]:
        """The best passage of each paper that names both, with its score. Nothing is linked for its other words alone."""
        if not x.stems or not y.stems:
            return []
        wanted = x.stems | y.stems | {stem(word) for word in words(finding["statement"]) if word not in STOP}
        counts = [Counter(self.places.get(word, ())) for word in sorted(wanted)]
        best: dict[str, tuple[float, Passage]] = {}
        for place in sorted(self.candidates(x) & self.candidates(y)):
            passage = self.passages[place]
            said = [stems(sentence) for sentence in passage.sentences]
            of_x, of_y = ([concept.named_in(sentence) for sentence in said] for concept in (x, y))
            if not (any(of_x) and any(of_y)):
                continue
            score = self.score(place, counts)
            if any(a and b for a, b in zip(of_x, of_y)):
                score *= TOGETHER
            if stance(finding, x, y, passage) != "context":
                score *= PLAIN
            if passage.paper.title in passage.text:
                score *= TITLE
            if score > best.get(passage.paper.key, (0.0, None))[0]:
                best[passage.paper.key] = score, passage
        return sorted(best.values(), key=lambda found: -found[0])[:most]

    def candidates(self, concept: Concept) -> set[int]:
        """Passages that have the words of a concept, wherever they stand."""
        levels = Counter(place for level in concept.levels for place in set(self.places.get(level, ())))
        found = {place for place, named in levels.items() if named >= 2}
        for phrase in concept.phrases:
            found |= set.intersection(*(set(self.places.get(word, ())) for word in phrase))
        return found

    def score(self, place: int, counts: list[Counter]) -> float:
        length = B * self.lengths[place] / max(self.mean, 1) + 1 - B
        total = 0.0
        for passages in counts:
            if here := passages.get(place):
                rare = math.log(1 + (len(self.passages) - len(passages) + 0.5) / (len(passages) + 0.5))
                total += rare * here * (K1 + 1) / (here + K1 * length)
        return total
