"""Passages that name both columns of a finding, best first."""

import math
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
        self.sentences = [[stems(sentence) for sentence in passage.sentences] for passage in self.passages]
        self.counts = [
            Counter(word for sentence in said for here in sentence for word in here) for said in self.sentences
        ]
        self.spread = Counter(word for counts in self.counts for word in counts)
        self.mean = sum(map(len, self.counts)) / max(len(self.counts), 1)

    def search(self, finding: Mapping, x: Concept, y: Concept, most: int) -> list[tuple[float, Passage]]:
        """The best passage of each paper that names both, with its score. Nothing is linked for its other words alone."""
        if not x.stems or not y.stems:
            return []
        wanted = x.stems | y.stems | {stem(word) for word in words(finding["statement"]) if word not in STOP}
        best: dict[str, tuple[float, Passage]] = {}
        for passage, said, counts in zip(self.passages, self.sentences, self.counts):
            of_x, of_y = ([concept.named_in(sentence) for sentence in said] for concept in (x, y))
            if not (any(of_x) and any(of_y)):
                continue
            score = self.score(wanted, counts)
            if any(a and b for a, b in zip(of_x, of_y)):
                score *= TOGETHER
            if stance(finding, x, y, passage) != "context":
                score *= PLAIN
            if passage.paper.title in passage.text:
                score *= TITLE
            if score > best.get(passage.paper.key, (0.0, None))[0]:
                best[passage.paper.key] = score, passage
        return sorted(best.values(), key=lambda found: -found[0])[:most]

    def score(self, wanted: set[str], counts: Counter) -> float:
        length = B * len(counts) / max(self.mean, 1) + 1 - B
        total = 0.0
        for word in wanted & counts.keys():
            rare = math.log(1 + (len(self.passages) - self.spread[word] + 0.5) / (self.spread[word] + 0.5))
            total += rare * counts[word] * (K1 + 1) / (counts[word] + K1 * length)
        return total
