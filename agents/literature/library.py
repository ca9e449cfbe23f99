"""The papers of a folder, read into passages."""

import logging
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path

import bibtex
from papers import Paper, Passage, passages

FILES, PAGES, BYTES = 500, 3000, 50 * 1024 * 1024
"""At most so many files and PDF pages in all, and bytes of one file."""
SECONDS = 30
"""Processor time for one file: some PDF files keep any reader busy for ever."""
ENDINGS = (".pdf", ".bib", ".txt", ".md")
DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>{}|\\^`\[\]]+")


class Unreadable(Exception):
    """A file that cannot be read; the message says why."""


@dataclass
class Library:
    """All passages of a folder, in the order of its files, and what could not be read."""

    passages: list[Passage] = field(default_factory=list)
    files: int = 0
    problems: list[str] = field(default_factory=list)


def read(folder: Path) -> Library:
    """Reads a folder. The order of what is found depends on nothing but names and contents."""
    library, pages = Library(), 0
    if not folder.is_dir():
        library.problems.append("the folder is not there")
        return library
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if len(files) > FILES:
        library.problems.append(f"only the first {FILES} of {len(files)} files were read")
    # References first: they know more of a paper than its file does.
    known = References()
    for path in sorted(files[:FILES], key=lambda path: (path.suffix.lower() != ".bib", path)):
        try:
            with time_limit():
                if path.suffix.lower() == ".bib":
                    found = known.read(text_of(path), library.problems, path.name)
                elif path.suffix.lower() == ".pdf":
                    found, count = pdf(path, known, PAGES - pages)
                    pages += count
                else:
                    found = text(path, known)
        except Unreadable as reason:
            library.problems.append(f"{path.name}: {reason}")
        except Exception as error:  # any file may be broken in any way
            library.problems.append(f"{path.name}: {type(error).__name__}")
        else:
            library.files += 1
            library.passages += found
    return library


class time_limit:
    """Raises Unreadable when the processor is busy for too long."""

    def __enter__(self):
        self.before = signal.signal(signal.SIGVTALRM, self.late)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, self.before)

    @staticmethod
    def late(*_):
        raise Unreadable(f"it takes more than {SECONDS} s")


def check_size(path: Path) -> None:
    if path.stat().st_size > BYTES:
        raise Unreadable(f"it has more than {BYTES >> 20} MiB")


def text_of(path: Path) -> str:
    check_size(path)
    raw = path.read_bytes()
    if b"\0" in raw[:4096]:
        raise Unreadable("it is no text")
    return raw.decode("utf-8-sig", errors="replace")


class References:
    """Entries of BibTeX files."""

    def __init__(self) -> None:
        self.by_file: dict[str, Paper] = {}
        self.by_doi: dict[str, Paper] = {}

    def read(self, source: str, problems: list[str], name: str) -> list[Passage]:
        entries, broken = bibtex.entries(source)
        if broken:
            problems.append(f"{name}: {broken} entries are no BibTeX")
        found = []
        for entry in entries:
            title = entry.get("title", "")[:400]
            if not title:
                continue
            year = re.search(r"\b(1[5-9]|20)\d\d\b", entry.get("year") or entry.get("date") or "")
            doi = DOI.search(entry.get("doi", ""))
            paper = Paper(
                title,
                bibtex.names(entry.get("author", "")),
                int(year.group()) if year else None,
                doi.group() if doi else None,
                entry.get("url") if re.match(r"https?://", entry.get("url", "")) else None,
            )
            # As reference managers write it: `file = {Name:path/to/paper.pdf:application/pdf}`.
            for file in re.findall(r"[^:;/\\]+\.(?:pdf|txt|md)\b", entry.get("file", ""), re.IGNORECASE):
                self.by_file[file] = paper
            if paper.doi:
                self.by_doi[paper.doi.lower()] = paper
            if entry.get("abstract"):
                found += passages(paper, "abstract", entry["abstract"])
            else:
                found += passages(paper, "title", title)
        return found

    def of(self, path: Path, doi: str | None) -> Paper | None:
        return self.by_file.get(path.name) or self.by_doi.get((doi or "").lower())


def pdf(path: Path, known: References, room: int) -> tuple[list[Passage], int]:
    """(passages, number of pages) of a PDF file."""
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError:
        raise Unreadable("pypdf is not installed") from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    check_size(path)
    if room <= 0:
        raise Unreadable(f"{PAGES} pages of other files were read before it")
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("it needs a password")
        pages = [page.extract_text() or "" for page in reader.pages[:room]]
        facts = reader.metadata or {}
    except PyPdfError as error:
        raise Unreadable(f"it is no readable PDF ({type(error).__name__})") from None
    if not "".join(pages).strip():
        raise Unreadable("it holds no text, only pictures")
    doi = DOI.search(str(facts.get("/doi") or "")) or DOI.search(pages[0])
    doi = doi.group().rstrip(".,;)") if doi else None
    paper = known.of(path, doi)
    if paper is None:
        title = " ".join(str(facts.get("/Title") or "").split())
        if len(title) < 8 or re.search(r"untitled|\.(docx?|dvi|tex|indd)$", title, re.IGNORECASE):
            title = first_line(pages[0])
        paper = Paper(title[:400] or path.name, people(str(facts.get("/Author") or "")), None, doi)
    found = []
    for number, page in enumerate(pages, 1):
        found += passages(paper, f"p. {number}", joined(page))
    return found, len(pages)


def text(path: Path, known: References) -> list[Passage]:
    """Passages of a text file: its first line is the title; lines such as `Authors: ...` below it say more."""
    paragraphs = [block for block in re.split(r"\n\s*\n", text_of(path).replace("\r\n", "\n")) if block.strip()]
    if not paragraphs:
        raise Unreadable("it is empty")
    head = paragraphs[0].strip().splitlines()
    stated = re.findall(r"^(author|year|doi|url)s?\s*:\s*(.+)$", paragraphs[0], re.MULTILINE | re.IGNORECASE)
    facts = {key.lower(): value.strip() for key, value in stated}
    doi = DOI.search(facts.get("doi", ""))
    year = re.fullmatch(r"(1[5-9]|20)\d\d", facts.get("year", ""))
    paper = Paper(
        head[0].lstrip("# ").strip()[:400] or path.name,
        people(facts.get("author", "")),
        int(year.group()) if year else None,
        doi.group().rstrip(".,;)") if doi else None,
        facts.get("url") if re.match(r"https?://", facts.get("url", "")) else None,
    )
    paper = known.of(path, paper.doi) or paper
    found = []
    for number, paragraph in enumerate(paragraphs[1:], 1):
        found += passages(paper, f"paragraph {number}", paragraph)
    return found or passages(paper, "paragraph 1", "\n".join(head[1:]) or paper.title)


def first_line(page: str) -> str:
    return next((line.strip() for line in page.splitlines() if len(line.strip()) >= 8), "")


def people(names: str) -> tuple[str, ...]:
    """Names from one line, where it is plain how they are parted."""
    names = " ".join(names.split())
    parts = (
        names.split(";")
        if ";" in names
        else re.split(r"\s+and\s+|,\s*(?=\w\.)", names)
        if " and " in names
        else [names]
    )
    return tuple(part.strip() for part in parts if part.strip())


def joined(page: str) -> str:
    """A page without the hyphens at which lines were broken."""
    return re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", page)
