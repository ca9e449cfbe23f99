"""Online sources. Each is asked for papers on two columns and gives what it said, or why it gave nothing: no answer is
made up, and a source in trouble is left alone for the rest of the run."""

import json
import re
import time
import xml.etree.ElementTree as xml
from collections.abc import Callable
from urllib.parse import quote, urlencode

from kosmos_agent import CallError, Lab, NotPermitted, shorten

from library import DOI
from papers import Paper
from terms import Concept

ASKED = 10
"""Papers of one answer."""
LETTERS = 2000
"""Of an abstract that are read; nearly all are shorter."""

Found = list[tuple[Paper, str, str]]
"""Papers, each with what is known of its text, and what that is."""


class Trouble(Exception):
    """A source cannot be used; the message says why."""


class Source:
    """One source: its name, its address, and the seconds that its terms of use want between two requests."""

    def __init__(
        self, name: str, title: str, base: str, pause: float, ask: Callable[["Asker", str, str], Found]
    ) -> None:
        self.name, self.title, self.base, self.pause, self.ask = name, title, base, pause, ask


class Asker:
    """Asks one source, at its own pace."""

    LONGEST_WAIT = 2.0
    last: dict[str, float] = {}

    def __init__(self, lab: Lab, source: Source, base: str | None) -> None:
        self.lab, self.source = lab, source
        self.base = (base or source.base).rstrip("/")
        # Whoever runs a mirror sets its pace.
        self.pause = source.pause if base is None else 0.0

    def search(self, x: Concept, y: Concept) -> Found:
        """What the source knows of both; raises Trouble."""
        try:
            return self.source.ask(self, x.question, y.question)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, xml.ParseError, RecursionError) as error:
            raise Trouble(f"its answer cannot be read ({type(error).__name__})") from error

    def get(self, path: str, **query: object) -> str:
        """The text of an answer that is one."""
        wait = self.last.get(self.source.name, -1e9) + self.pause - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, self.LONGEST_WAIT))
        try:
            page = self.lab.fetch(f"{self.base}{path}?{urlencode(query, quote_via=quote)}")
        except NotPermitted as error:
            raise Trouble(f"this agent may not fetch from it: {shorten(error.message, 200)}") from error
        except CallError as error:
            raise Trouble(shorten(error.message, 200)) from error
        finally:
            self.last[self.source.name] = time.monotonic()
        if page.status == 429:
            after = page.header("retry-after")
            raise Trouble(
                "it had too many requests"
                + (f" and wants to be left alone for {shorten(after, 40)} s" if after else "")
            )
        if page.status != 200:
            raise Trouble(f"it answered with status {page.status}")
        if page.truncated:
            raise Trouble("its answer is too long")
        return page.text

    def get_json(self, path: str, **query: object) -> dict:
        value = json.loads(self.get(path, **query))
        if not isinstance(value, dict):
            raise ValueError("no object")
        return value


ATOM = {"atom": "http://www.w3.org/2005/Atom", "arxiv": "http://arxiv.org/schemas/atom"}


def arxiv(asker: Asker, x: str, y: str) -> Found:
    """Atom, https://info.arxiv.org/help/api/user-manual.html"""
    phrase = lambda words: " AND ".join(f"all:{word}" for word in words.split())
    text = asker.get("/api/query", search_query=f"{phrase(x)} AND {phrase(y)}", start=0, max_results=ASKED)
    # A document type may define entities that grow without end.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("a document type")
    feed = xml.fromstring(text)
    if feed.tag != f"{{{ATOM['atom']}}}feed":
        raise ValueError("no feed")
    found = []
    for entry in feed.findall("atom:entry", ATOM):
        told = lambda name, entry=entry: entry.findtext(name, "", ATOM)
        authors = [author.findtext("atom:name", "", ATOM) for author in entry.findall("atom:author", ATOM)]
        add(
            found,
            told("atom:title"),
            authors,
            told("atom:published")[:4],
            told("arxiv:doi"),
            told("atom:id"),
            told("atom:summary"),
        )
    return found


def pubmed(asker: Asker, x: str, y: str) -> Found:
    """ESearch, then ESummary, https://www.ncbi.nlm.nih.gov/books/NBK25500/. Summaries hold titles, but no abstracts."""
    answer = asker.get_json(
        "/entrez/eutils/esearch.fcgi", db="pubmed", retmode="json", retmax=ASKED, term=f"({x}) AND ({y})"
    )
    numbers = [str(int(number)) for number in answer["esearchresult"]["idlist"]][:ASKED]
    if not numbers:
        return []
    result = asker.get_json("/entrez/eutils/esummary.fcgi", db="pubmed", retmode="json", id=",".join(numbers))["result"]
    found = []
    for number in result["uids"]:
        paper = result[number]
        if "error" in paper:
            continue
        dois = [known["value"] for known in paper.get("articleids", []) if known.get("idtype") == "doi"]
        authors = [
            author["name"] for author in paper.get("authors", []) if author.get("authtype", "Author") == "Author"
        ]
        add(
            found,
            paper["title"],
            authors,
            paper.get("pubdate", "")[:4],
            *dois[:1] or [""],
            f"https://pubmed.ncbi.nlm.nih.gov/{number}/",
            "",
        )
    return found


def semantic_scholar(asker: Asker, x: str, y: str) -> Found:
    """https://api.semanticscholar.org/api-docs/graph"""
    fields = "title,abstract,year,authors,externalIds,url"
    answer = asker.get_json("/graph/v1/paper/search", query=f"{x} {y}", limit=ASKED, fields=fields)
    if "total" not in answer:
        raise ValueError("no result")
    found = []
    for paper in answer.get("data", []):
        authors = [author["name"] for author in paper.get("authors") or []]
        doi = (paper.get("externalIds") or {}).get("DOI") or ""
        add(found, paper["title"], authors, paper.get("year"), doi, paper.get("url"), paper.get("abstract"))
    return found


def openalex(asker: Asker, x: str, y: str) -> Found:
    """https://docs.openalex.org/api-entities/works/search-works"""
    query = {"search": f"{x} {y}", "per-page": ASKED}
    found = []
    for work in asker.get_json("/works", **query)["results"]:
        authors = [known["author"]["display_name"] for known in work.get("authorships") or []]
        places = work.get("abstract_inverted_index") or {}
        placed = sorted((place, word) for word, at in places.items() for place in at)
        abstract = " ".join(word for _, word in placed)
        add(
            found,
            work["display_name"],
            authors,
            work.get("publication_year"),
            work.get("doi"),
            work.get("id"),
            abstract,
        )
    return found


def add(found: Found, title, authors, year, doi, url, abstract) -> None:
    """One paper, as far as its fields are what they should be."""
    title = shorten(str(title or ""), 400)
    if not title:
        return
    doi = DOI.search(str(doi or ""))
    year = re.fullmatch(r"(1[5-9]|20)\d\d", str(year or ""))
    url = str(url or "")
    paper = Paper(
        title,
        tuple(shorten(str(name), 120) for name in authors if name and str(name).strip())[:50],
        int(year.group()) if year else None,
        doi.group() if doi else None,
        url if re.match(r"https?://\S+$", url) else None,
    )
    abstract = " ".join(str(abstract or "").split())[:LETTERS]
    found.append((paper, "abstract", abstract) if abstract else (paper, "title", title))


SOURCES = {
    source.name: source
    for source in (
        Source("arxiv", "arXiv", "https://export.arxiv.org", 3.0, arxiv),
        Source("pubmed", "PubMed", "https://eutils.ncbi.nlm.nih.gov", 0.35, pubmed),
        Source("semantic_scholar", "Semantic Scholar", "https://api.semanticscholar.org", 1.0, semantic_scholar),
        Source("openalex", "OpenAlex", "https://api.openalex.org", 0.1, openalex),
    )
}
