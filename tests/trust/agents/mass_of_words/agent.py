"""Tries to bury the report, and to fill the disk, with words that are all of the permitted form.

Each answer is as long as a line of the protocol may be: remarks, sections of forty long paragraphs, sources with long
lists of authors.
Breach: the report is more than 1 MiB larger than without this agent.
"""

import wire

ROOM = 3_900_000


def handle(kind, body, request):
    if kind == "research_finished":
        paragraph = "MASS " * 18_000
        section = {"title": "MASS", "paragraphs": [paragraph] * 40}
        return [{"type": "write_section", "body": section}]
    if kind == "finding_drafted":
        source = {"title": "MASS", "authors": ["MASS " * 18_000], "year": 2020, "url": "https://mass.example/"}
        finding = body["finding"]["id"]
        evidence = {"finding": finding, "stance": "supports", "statement": "MASS", "source": source}
        return [{"type": "add_evidence", "body": evidence}] * (ROOM // 90_000)
    return [{"type": "remark", "body": {"text": "MASS " * 119}}] * 1000


wire.serve(handle)
