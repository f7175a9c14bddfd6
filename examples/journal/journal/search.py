"""
Searching the articles: every word must be there, as a whole or as the beginning of one; titles weigh most.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WEIGHTS = {"title": 8, "summary": 3, "text": 1}
WORDS_MAXIMUM = 8
RESULTS_MAXIMUM = 20
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Document:
    """
    One article, as the generator wrote it down for the search.
    """

    path: str
    title: str
    day: str
    summary: str
    text: str


class Search:
    """
    An index over documents.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = tuple(documents)
        self._weights = [_weights(document) for document in self._documents]

    def find(self, query: str) -> Sequence[Document]:
        """
        The documents that match, best first.
        """
        words = _WORD.findall(query.casefold())[:WORDS_MAXIMUM]
        scored = [(_score(weights, words), document) for weights, document in zip(self._weights, self._documents, strict=True)]
        found = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1].path))
        return [document for _, document in found[:RESULTS_MAXIMUM]]


def _weights(document: Document) -> Counter[str]:
    weights: Counter[str] = Counter()
    for part, weight in WEIGHTS.items():
        for word in _WORD.findall(getattr(document, part).casefold()):
            weights[word] += weight
    return weights


def _score(weights: Counter[str], words: Sequence[str]) -> int:
    scores = [2 * weights[word] + sum(weight for known, weight in weights.items() if known.startswith(word)) for word in words]
    return sum(scores) if scores and all(scores) else 0
