"""Local servers that answer as the four online sources do, and in every way in which servers fail."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TITLE = "Flippers and mass, invented online"
ABSTRACT = (
    "Made for tests; not a real study. In invented birds flipper length was positively correlated with body mass. "
    "Nothing else was measured."
)
OTHER = "Made for tests; not a real study. Flippers of invented seals are long."

ARXIV = f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <link href="http://arxiv.org/api/query?search_query=x" rel="self" type="application/atom+xml"/>
  <title type="html">ArXiv Query: search_query=x</title>
  <id>http://arxiv.org/api/cHxbiOdZaP56ODnBPIenZhzg5f8</id>
  <updated>2020-01-01T00:00:00-05:00</updated>
  <opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">2</opensearch:totalResults>
  <opensearch:startIndex xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">0</opensearch:startIndex>
  <opensearch:itemsPerPage xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">10</opensearch:itemsPerPage>
  <entry>
    <id>http://arxiv.org/abs/0000.00001v1</id>
    <updated>2012-03-01T00:00:00Z</updated>
    <published>2012-02-01T00:00:00Z</published>
    <title>{TITLE}</title>
    <summary>  {ABSTRACT}
</summary>
    <author><name>A. Example</name></author>
    <author><name>B. Sample</name></author>
    <arxiv:doi xmlns:arxiv="http://arxiv.org/schemas/atom">10.5555/made.for.tests.arxiv</arxiv:doi>
    <arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">3 pages</arxiv:comment>
    <link href="http://arxiv.org/abs/0000.00001v1" rel="alternate" type="text/html"/>
    <arxiv:primary_category xmlns:arxiv="http://arxiv.org/schemas/atom" term="q-bio.PE" scheme="http://arxiv.org/schemas/atom"/>
    <category term="q-bio.PE" scheme="http://arxiv.org/schemas/atom"/>
  </entry>
  <entry>
    <id>http://arxiv.org/abs/0000.00002v1</id>
    <published>2013-02-01T00:00:00Z</published>
    <title>Seals, invented</title>
    <summary>{OTHER}</summary>
    <author><name>C. Model</name></author>
  </entry>
</feed>
"""

ESEARCH = {
    "header": {"type": "esearch", "version": "0.3"},
    "esearchresult": {
        "count": "2",
        "retmax": "2",
        "retstart": "0",
        "idlist": ["900000001", "900000002"],
        "translationset": [],
        "querytranslation": "flipper[All Fields]",
    },
}
ESUMMARY = {
    "header": {"type": "esummary", "version": "0.3"},
    "result": {
        "uids": ["900000001", "900000002"],
        "900000001": {
            "uid": "900000001",
            "pubdate": "2014 Mar 5",
            "epubdate": "",
            "source": "J Invented Things",
            "authors": [{"name": "Example A", "authtype": "Author", "clusterid": ""}],
            "lastauthor": "Example A",
            "title": "Flipper length goes with body mass: made for tests, not a real study.",
            "sorttitle": "flipper length",
            "volume": "1",
            "issue": "1",
            "pages": "1-2",
            "lang": ["eng"],
            "issn": "",
            "pubtype": ["Journal Article"],
            "articleids": [
                {"idtype": "pubmed", "idtypen": 1, "value": "900000001"},
                {"idtype": "doi", "idtypen": 3, "value": "10.5555/made.for.tests.pubmed"},
            ],
            "fulljournalname": "Journal of Invented Things",
            "elocationid": "doi: 10.5555/made.for.tests.pubmed",
        },
        "900000002": {"uid": "900000002", "error": "cannot get document summary"},
    },
}
SEMANTIC_SCHOLAR = {
    "total": 2,
    "offset": 0,
    "data": [
        {
            "paperId": "0" * 40,
            "externalIds": {"DOI": "10.5555/made.for.tests.s2", "CorpusId": 1},
            "url": "https://www.semanticscholar.org/paper/" + "0" * 40,
            "title": TITLE + " (S2)",
            "abstract": ABSTRACT,
            "year": 2016,
            "authors": [{"authorId": "1", "name": "A. Example"}],
        },
        {
            "paperId": "1" * 40,
            "externalIds": None,
            "url": "https://www.semanticscholar.org/paper/" + "1" * 40,
            "title": "No abstract, invented",
            "abstract": None,
            "year": None,
            "authors": [],
        },
    ],
}


def inverted(text):
    places = {}
    for place, word in enumerate(text.split()):
        places.setdefault(word, []).append(place)
    return places


OPENALEX = {
    "meta": {"count": 2, "db_response_time_ms": 10, "page": 1, "per_page": 10, "groups_count": None},
    "results": [
        {
            "id": "https://openalex.org/W0000000001",
            "doi": "https://doi.org/10.5555/made.for.tests.openalex",
            "title": TITLE + " (OpenAlex)",
            "display_name": TITLE + " (OpenAlex)",
            "relevance_score": 1.5,
            "publication_year": 2017,
            "publication_date": "2017-01-01",
            "type": "article",
            "authorships": [
                {
                    "author_position": "first",
                    "author": {"id": "https://openalex.org/A1", "display_name": "A. Example", "orcid": None},
                    "institutions": [],
                    "raw_author_name": "Example, A.",
                }
            ],
            "abstract_inverted_index": inverted(ABSTRACT),
        },
        {
            "id": "https://openalex.org/W0000000002",
            "doi": None,
            "title": "Nothing more, invented",
            "display_name": "Nothing more, invented",
            "publication_year": None,
            "authorships": [],
            "abstract_inverted_index": None,
        },
    ],
    "group_by": [],
}

SHAPES = {
    "/api/query": ("application/atom+xml; charset=utf-8", ARXIV),
    "/entrez/eutils/esearch.fcgi": ("application/json", json.dumps(ESEARCH)),
    "/entrez/eutils/esummary.fcgi": ("application/json", json.dumps(ESUMMARY)),
    "/graph/v1/paper/search": ("application/json", json.dumps(SEMANTIC_SCHOLAR)),
    "/works": ("application/json", json.dumps(OPENALEX)),
}

BILLION_LAUGHS = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><feed>&b;</feed>'


@contextlib.contextmanager
def serve(fault=None):
    """(address, list of (path, query) that were asked). `fault` is how each answer fails."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            split = urlsplit(self.path)
            asked.append((split.path, {key: values[0] for key, values in parse_qs(split.query).items()}))
            kind, body = SHAPES.get(split.path, ("text/plain", "not found"))
            status, headers, body = 200 if split.path in SHAPES else 404, {"Content-Type": kind}, body.encode()
            if fault == "429":
                status, headers["Retry-After"] = 429, "3600"
            elif fault == "500":
                status = 500
            elif fault == "garbage":
                body = b"<html>Please log in to the hotel's network</html>"
            elif fault == "other":
                body = b"[1, 2]" if "json" in kind else BILLION_LAUGHS.encode()
            elif fault == "empty":
                body = b""
            elif fault == "slow":
                time.sleep(3)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) * (2 if fault == "cut" else 1)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

        def handle(self):
            with contextlib.suppress(ConnectionError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
