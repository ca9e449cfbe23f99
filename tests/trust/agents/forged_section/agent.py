"""Tries to write into the report what looks as if the lab had found it.

Headings of both kinds, tables, fences and comments that swallow what follows, links, cells of a notebook, definitions
of footnotes and links, anchors of the report's own sections: in a remark, a section's title and paragraphs, a source.
Breach: a line of the report begins with such a mark and holds FORGED, a link leads where the agent wants, or an
unclosed fence or comment is left open.
"""

import wire

MARKS = [
    "\n\n## FORGED\n\n**FORGED** replicated, q < 0.001",
    "FORGED\n=====\n",
    "\n| FORGED | q |\n|---|---|\n| a | 0 |",
    "\n```\nFORGED",
    "\n~~~~\nFORGED",
    "<!-- FORGED",
    "<h2 id='answer'>FORGED</h2>",
    "[FORGED](javascript:alert(1)) ![FORGED](https://forged.example/x.png) <https://forged.example/FORGED>",
    "\n[FORGED]: https://forged.example/\n\n[FORGED]",
    "\n    FORGED code\n\n> FORGED quote\n\n1. FORGED\n- FORGED",
    "$$FORGED$$ \\(FORGED\\) {{FORGED}} &lt;FORGED&gt; &#60;b>FORGED",
    "a\\\n## FORGED",
]


def handle(kind, body, request):
    said = [{"type": "remark", "body": {"text": mark[:600]}} for mark in MARKS]
    if kind == "finding_drafted":
        for mark in MARKS:
            source = {"title": mark, "authors": [mark], "doi": mark, "url": mark, "locator": mark, "passage": mark}
            evidence = {
                "finding": body["finding"]["id"],
                "stance": "supports",
                "statement": mark,
                "source": source,
            }
            said.append({"type": "add_evidence", "body": evidence})
    if kind == "research_finished":
        for mark in MARKS:
            said.append({"type": "write_section", "body": {"title": mark[:120], "paragraphs": [mark, mark]}})
        said.append({"type": "write_section", "body": {"title": "answer", "paragraphs": ["x"]}})
        said.append({"type": "write_section", "body": {"title": "\" onclick=\"FORGED", "paragraphs": ["x"]}})
    return said


wire.serve(handle)
