"""Writes the PDF files of `papers`, which are invented, as all of that folder: python make_papers.py"""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "papers"
MARK = "Made for tests; not a real study. Authors, birds and figures are invented."

PAPERS = {
    "flipper_and_mass.pdf": {
        "title": "Flipper length and body mass in an invented penguin colony",
        "author": "A. Example; B. Sample",
        "pages": [
            ["Flipper length and body mass in an invented penguin colony", "A. Example and B. Sample", MARK],
            [
                "Methods. We measured two hundred invented birds with a ruler and a scale. Each bird was mea-",
                "sured once, before it had eaten. Bill length was noted too, and the colour of the feet.",
            ],
            [
                "Results. Flipper length was positively correlated with body mass. The relation was the same in",
                "each of the two years. The colour of the feet went with nothing at all.",
                "Discussion. Large birds have large flippers, as everybody would have thought.",
            ],
        ],
    },
    "bills_of_three_species.pdf": {
        "title": "Bills of three penguin species, measured on paper",
        "author": "C. Placeholder and D. Dummy",
        "pages": [
            ["Bills of three penguin species, measured on paper", "doi:10.5555/made.for.tests.2", MARK],
            [
                "Bill depth was greatest in Chinstrap penguins. Adelie and Gentoo birds followed. Differences of",
                "bill depth between the species were larger than those between the sexes.",
                "The birds were drawn by hand, and their bills were measured with a ruler.",
            ],
        ],
    },
    "krill_swarms.pdf": {
        "title": "Acoustic length of krill swarms",
        "author": "E. Nobody",
        "pages": [
            ["Acoustic length of krill swarms", MARK],
            [
                "The length of a swarm was positively correlated with the mass of krill in it. Swarms were deeper by",
                "day. A body of water was crossed twice; no penguin was seen, and no flipper.",
            ],
        ],
    },
    "wind_and_feathers.pdf": {
        "title": "Wind and tail feathers on three islands",
        "author": "F. Nemo",
        "pages": [
            ["Wind and tail feathers on three islands", MARK],
            ["On windy islands tail feathers were worn down sooner. Nests were placed behind stones."],
            ["We thank the stones. The year of the study does not matter, since it never took place."],
        ],
    },
}


def pdf(title, author, pages):
    """The bytes of a PDF file with one text block a page."""
    text = lambda words: words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252")
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", None, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    objects.append(b"<< /Title (" + text(title) + b") /Author (" + text(author) + b") >>")
    kids = []
    for lines in pages:
        drawn = b"BT /F1 11 Tf 50 780 Td 16 TL\n" + b"".join(b"(" + text(line) + b") Tj T*\n" for line in lines) + b"ET"
        objects.append(b"<< /Length %d >>\nstream\n" % len(drawn) + drawn + b"\nendstream")
        resources = b"<< /Font << /F1 3 0 R >> >>"
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources " + resources
        objects.append(page + b" /Contents %d 0 R >>" % len(objects))
        kids.append(len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


if __name__ == "__main__":
    for name, paper in PAPERS.items():
        (FOLDER / name).write_bytes(pdf(**paper))
