"""The literature agent: what it reads, what it links to a finding and what it leaves alone, and sources that fail."""

import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import make_papers
import sources
import support

LITERATURE = support.AGENTS / "literature"
sys.path.append(str(LITERATURE))

import bibtex
import library
from kosmos_agent import CallError
from kosmos_agent.testing import FakeHost, network
from papers import Paper, Passage, passages, sentences
from stance import stance
from terms import Concept, concepts, name_words

PAPERS = support.HERE / "papers"
ONLINE = ["arxiv", "pubmed", "semantic_scholar", "openalex"]


def finding(x, y, kind="numeric_numeric", direction="+", **more):
    return support.finding(
        id=f"h-{x}-{y}", x=x, y=y, kind=kind, direction=direction, statement=f"{x} goes with {y}", **more
    )


FLIPPER = finding("flipper_length_mm", "body_mass_g")
DEPTH = finding(
    "species",
    "bill_depth_mm",
    "group_numeric",
    "Chinstrap",
    groups=[{"level": level, "n": 50, "value": 18.0} for level in ("Chinstrap", "Adelie", "Gentoo")],
)
NOTHING = {"question": "", "target": None, "randomised": [], "datasets": []}


def link(*findings, answers=None, timeout=60, **config):
    """(evidence for each finding, remarks, the host)."""
    config.setdefault("folder", str(PAPERS))
    config = {key: value for key, value in config.items() if value is not None}
    with FakeHost.of(LITERATURE, config=config, answers=answers, timeout=timeout) as lab:
        said = [lab.handle("run_started", NOTHING)]
        said += [lab.handle("finding_drafted", support.drafted(one)) for one in findings]
    remarks = [m["body"]["text"] for messages in said for m in messages if m["type"] == "remark"]
    evidence = [[m["body"] for m in messages if m["type"] == "add_evidence"] for messages in said[1:]]
    return evidence, remarks, lab


class Linking(unittest.TestCase):
    def test_the_right_passages(self):
        (flipper, depth, sex), remarks, _ = link(FLIPPER, DEPTH, finding("sex", "body_mass_g", "group_numeric", "male"))
        self.assertEqual(remarks, [])
        found = {one["source"]["title"]: one for one in flipper}
        self.assertEqual(
            {title: (one["stance"], one["source"]["locator"]) for title, one in found.items()},
            {
                "Flipper length and body mass in an invented penguin colony": ("supports", "p. 3"),
                "Penguins on a Diet: an Invented Trial": ("contradicts", "abstract"),
                "Open questions of an invented field": ("context", "paragraph 2"),
            },
        )
        paper = found["Penguins on a Diet: an Invented Trial"]["source"]
        self.assertEqual((paper["authors"], paper["year"]), (["Grüne Model", "Hans Møck"], 2011))
        self.assertEqual(paper["doi"], "10.5555/made.for.tests.5")
        self.assertIn("body mass was negatively correlated with flipper length.", paper["passage"])
        printed = found["Flipper length and body mass in an invented penguin colony"]["source"]
        self.assertTrue(
            printed["passage"].startswith("Results. Flipper length was positively correlated with body mass.")
        )
        self.assertEqual(
            [(one["stance"], one["source"]["title"], one["source"]["locator"]) for one in depth],
            [("supports", "Bills of three penguin species, measured on paper", "p. 2")],
        )
        self.assertEqual(depth[0]["source"]["doi"], "10.5555/made.for.tests.2")
        self.assertEqual(
            [(one["stance"], one["source"]["title"], one["source"]["locator"]) for one in sex],
            [("context", "Field notes on males and females", "paragraph 2")],
        )

    def test_nothing_where_there_is_no_paper(self):
        pairs = [
            ("island", "year"),
            ("bill_length_mm", "sex"),
            ("x1", "x2"),
            ("length_mm", "length_cm"),
            ("krill", "beak"),
        ]
        evidence, remarks, _ = link(*(finding(x, y) for x, y in pairs))
        self.assertEqual(evidence, [[]] * len(pairs))
        self.assertEqual(remarks, [])

    def test_more_words_and_fewer_passages(self):
        (found,), _, _ = link(DEPTH, terms={"bill_depth_mm": ["beak depth", "culmen depth"]})
        self.assertEqual({one["source"].get("year") for one in found}, {None, 2015})
        (found,), _, _ = link(FLIPPER, most=1)
        self.assertEqual(len(found), 1)

    def test_passages_are_word_for_word(self):
        evidence, _, _ = link(FLIPPER, DEPTH)
        printed = " ".join(line for paper in make_papers.PAPERS.values() for page in paper["pages"] for line in page)
        texts = [path.read_text("utf-8") for path in sorted(PAPERS.iterdir()) if path.suffix != ".pdf"]
        everything = " ".join(" ".join([printed, *texts]).split())
        for one in (one for found in evidence for one in found):
            self.assertIn(one["source"]["passage"], everything)
            self.assertLessEqual(len(one["source"]["passage"]), 500)

    def test_a_process_that_was_started_afresh_links_the_same(self):
        with FakeHost.of(LITERATURE, config={"folder": str(PAPERS)}) as lab:
            lab.handle("run_started", NOTHING)
            first = lab.handle("finding_drafted", support.drafted(FLIPPER))
            lab.restart()
            self.assertEqual(lab.handle("finding_drafted", support.drafted(FLIPPER)), first)


class Folders(unittest.TestCase):
    def remarks(self, files, **config):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = Path(folder, name)
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            evidence, remarks, lab = link(FLIPPER, folder=folder, **config)
        return evidence[0], remarks, lab

    def test_files_that_cannot_be_read_are_named_and_the_others_are_read(self):
        whole = (PAPERS / "flipper_and_mass.pdf").read_bytes()
        blank = make_papers.pdf("A title and nothing else", "Nobody", [[], []])
        found, remarks, _ = self.remarks(
            {
                "broken.pdf": b"%PDF-1.4\nthis is none",
                "cut.pdf": whole[:200],
                "empty.pdf": b"",
                "scan.pdf": blank,
                "binary.txt": b"\0\1\2" * 99,
                "blank.md": b"  \n\n ",
                "broken.bib": b"@article{a, title = {never closed\n@book{b, title={Fine}}",
                "deeper/good.pdf": whole,
                "other.docx": b"not looked at",
            }
        )
        self.assertEqual([one["source"]["locator"] for one in found], ["p. 3"])
        self.assertEqual(len(remarks), 1)
        for name in (
            "broken.pdf",
            "empty.pdf",
            "scan.pdf: it holds no text",
            "binary.txt: it is no text",
            "blank.md",
            "broken.bib: 1",
        ):
            self.assertIn(name, remarks[0])
        self.assertNotIn("good.pdf", remarks[0])
        self.assertNotIn("docx", remarks[0])

    def test_a_folder_that_is_empty_or_away(self):
        self.assertRegex(self.remarks({})[1][0], "nothing in it to read")
        self.assertRegex(link(folder="/nowhere/at/all")[1][0], "is not there")
        self.assertRegex(link(folder=None)[1][0], "no literature to look into")

    def test_references_know_more_than_files(self):
        entry = b"""@article{k, title = {The Title of the Entry}, author = {Known, Well}, year = 2013,
                    file = {Full Text:files/flipper.pdf:application/pdf}}"""
        whole = (PAPERS / "flipper_and_mass.pdf").read_bytes()
        found, _, _ = self.remarks({"a.bib": entry, "flipper.pdf": whole})
        self.assertEqual(found[0]["source"]["title"], "The Title of the Entry")
        self.assertEqual((found[0]["source"]["year"], found[0]["source"]["authors"]), (2013, ["Well Known"]))
        self.assertEqual(found[0]["source"]["locator"], "p. 3")

    def test_a_file_that_keeps_the_processor_busy(self):
        before, library.SECONDS = library.SECONDS, 0.2
        try:
            with self.assertRaisesRegex(library.Unreadable, "more than"), library.time_limit():
                while True:
                    pass
        finally:
            library.SECONDS = before

    def test_pdf_files_are_made_by_the_script(self):
        for name, paper in make_papers.PAPERS.items():
            self.assertEqual((PAPERS / name).read_bytes(), make_papers.pdf(**paper))


class Online(unittest.TestCase):
    def ask(self, *names, fault=None, findings=(FLIPPER,), timeout=1.0, **config):
        with sources.serve(fault) as (address, asked):
            answers = {"net.fetch": network(["127.0.0.1"], timeout=timeout)}
            bases = {name: address for name in names}
            evidence, remarks, lab = link(
                *findings, answers=answers, online=list(names), bases=bases, folder=None, **config
            )
        return evidence, remarks, asked, lab

    def test_each_source(self):
        expected = {
            "arxiv": ("supports", sources.TITLE, ["A. Example", "B. Sample"], 2012, "arxiv", "abstract"),
            "pubmed": (
                "context",
                sources.ESUMMARY["result"]["900000001"]["title"],
                ["Example A"],
                2014,
                "pubmed",
                "title",
            ),
            "semantic_scholar": ("supports", sources.TITLE + " (S2)", ["A. Example"], 2016, "s2", "abstract"),
            "openalex": ("supports", sources.TITLE + " (OpenAlex)", ["A. Example"], 2017, "openalex", "abstract"),
        }
        for name, (stance_of, title, authors, year, doi, locator) in expected.items():
            with self.subTest(name):
                (found,), remarks, asked, _ = self.ask(name)
                self.assertEqual(remarks, [])
                self.assertEqual(len(found), 1, "the other papers name one of the columns at most")
                source = found[0]["source"]
                self.assertEqual((found[0]["stance"], source["title"], source["authors"]), (stance_of, title, authors))
                self.assertEqual((source["year"], source["locator"]), (year, locator))
                self.assertEqual(source["doi"], f"10.5555/made.for.tests.{doi}")
                self.assertTrue(source["url"].startswith("http"))
                passage = source["passage"]
                self.assertIn(passage, sources.ABSTRACT if locator == "abstract" else title)
                self.assertLessEqual(len(asked), 2)

    def test_what_is_asked(self):
        _, _, asked, _ = self.ask(*ONLINE, most=9)
        self.assertEqual(
            [
                (path, query.get("search_query") or query.get("term") or query.get("query") or query.get("search"))
                for path, query in asked
            ],
            [
                ("/api/query", "all:flipper AND all:length AND all:body AND all:mass"),
                ("/entrez/eutils/esearch.fcgi", "(flipper length) AND (body mass)"),
                ("/entrez/eutils/esummary.fcgi", None),
                ("/graph/v1/paper/search", "flipper length body mass"),
                ("/works", "flipper length body mass"),
            ],
        )

    def test_all_of_them_and_the_folder(self):
        with sources.serve() as (address, _):
            answers = {"net.fetch": network(["127.0.0.1"])}
            bases = dict.fromkeys(ONLINE, address)
            (found,), remarks, _ = link(FLIPPER, answers=answers, online=ONLINE, bases=bases, most=20)
        self.assertEqual((len(found), remarks), (7, []))
        self.assertEqual(len({one["source"]["title"] for one in found}), 7)

    def test_a_source_in_trouble_is_named_and_left_alone(self):
        other = finding("bill_depth_mm", "body_mass_g")
        for fault, words in (
            ("429", "too many requests and wants to be left alone for 3600 s"),
            ("500", "answered with status 500"),
            ("cut", "could not be fetched|gave no whole answer"),
            ("garbage", "cannot be read"),
            ("other", "cannot be read"),
            ("empty", "cannot be read"),
            ("slow", "could not be fetched|gave no whole answer"),
        ):
            for name in ONLINE if fault != "slow" else ONLINE[:1]:
                with self.subTest(f"{name} {fault}"):
                    evidence, remarks, asked, lab = self.ask(name, fault=fault, findings=(FLIPPER, other))
                    self.assertEqual(evidence, [[], []], "nothing is made up")
                    self.assertEqual(len(remarks), 1, remarks)
                    self.assertRegex(
                        remarks[0], rf"^(arXiv|PubMed|Semantic Scholar|OpenAlex) was not asked any further: .*({words})"
                    )
                    self.assertEqual(len(asked), 1, "once, and never again")

    def test_a_source_that_is_away_costs_the_others_nothing(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
            with sources.serve() as (address, _):
                answers = {"net.fetch": network(["127.0.0.1"])}
                bases = {"arxiv": nowhere, "openalex": address}
                (found,), remarks, _ = link(
                    FLIPPER, answers=answers, online=["arxiv", "openalex"], bases=bases, folder=None
                )
        self.assertEqual([one["source"]["year"] for one in found], [2017])
        self.assertRegex(remarks[0], "^arXiv was not asked any further: .*refused")

    def test_trouble_outlives_the_process(self):
        with sources.serve("429") as (address, asked):
            answers = {"net.fetch": network(["127.0.0.1"])}
            config = {"online": ["openalex"], "bases": {"openalex": address}}
            with FakeHost.of(LITERATURE, config=config, answers=answers) as lab:
                self.assertEqual(len(lab.handle("finding_drafted", support.drafted(FLIPPER))), 1)
                lab.restart()
                self.assertEqual(lab.handle("finding_drafted", support.drafted(DEPTH)), [])
            self.assertEqual(len(asked), 1)

    def test_the_same_columns_are_asked_for_once(self):
        again = {**FLIPPER, "id": "h-again", "kind": "adjusted", "covariates": ["species"]}
        evidence, _, asked, _ = self.ask("openalex", findings=(FLIPPER, again))
        self.assertEqual([len(found) for found in evidence], [1, 1])
        self.assertEqual([found[0]["stance"] for found in evidence], ["supports", "context"])
        self.assertEqual(len(asked), 1)

    def test_searches_are_counted(self):
        others = [finding(x, "body_mass_g") for x in ("bill_depth_mm", "wing_area")]
        _, remarks, asked, _ = self.ask("openalex", findings=(FLIPPER, *others), searches=1)
        self.assertEqual((len(asked), len(remarks)), (1, 1))
        self.assertIn("its 1 searches of this run are used", remarks[0])

    def test_without_permission(self):
        (found,), remarks, _ = link(
            FLIPPER, online=["arxiv"], folder=None, answers={"net.fetch": CallError(-32001, "not among the hosts")}
        )
        self.assertEqual(found, [])
        self.assertIn("may not fetch", remarks[0])


class Parts(unittest.TestCase):
    def test_words_of_columns(self):
        for name, expected in (
            ("flipper_length_mm", ["flipper", "length"]),
            ("bodyMass", ["body", "mass"]),
            ("mean radius", ["radius"]),
            ("Age (years)", ["age"]),
            ("BMI", ["bmi"]),
            ("V7", []),
            ("x", []),
            ("días_de_lluvia", ["días", "de", "lluvia"]),
        ):
            self.assertEqual(name_words(name), expected, name)

    def test_what_names_a_column(self):
        from terms import stems

        depth = Concept.of("bill_depth_mm")
        for sentence, expected in (
            ("Bill depth was measured.", True),
            ("The depth of the bills was measured.", True),
            ("Chinstraps have the deepest bills.", True),
            ("Bills were long, and they lay in water of great and unknown depth.", False),
            ("The bill was paid.", False),
        ):
            self.assertEqual(depth.named_in(stems(sentence)), expected, sentence)
        species, _ = concepts(DEPTH, {})
        self.assertTrue(species.named_in(stems("Adelie and Gentoo birds")))
        self.assertFalse(species.named_in(stems("An Adelie bird")))

    def test_stances(self):
        x, y = concepts(FLIPPER, {})
        for text, up in (
            ("Flipper length was positively correlated with body mass.", "supports"),
            ("Body mass increases with flipper length.", "supports"),
            ("There is an inverse relationship between flipper length and body mass.", "contradicts"),
            ("Flipper length was negatively associated with body mass.", "contradicts"),
            ("Flipper length was not positively correlated with body mass.", "context"),
            ("Flipper length may be positively correlated with body mass.", "context"),
            ("If flipper length is positively related to body mass, birds swim.", "context"),
            ("Bill length was positively correlated with body mass. Flippers grow.", "context"),
            ("Flipper length and body mass were measured.", "context"),
            ("Flipper length rises with body mass. Body mass falls with flipper length.", "context"),
            ("Flipper length was negatively correlated with body mass within colonies.", "context"),
        ):
            passage = Passage(Paper("t"), "p. 1", tuple(sentences(text)))
            self.assertEqual(stance(FLIPPER, x, y, passage), up, text)
            opposite = {"supports": "contradicts", "contradicts": "supports"}.get(up, up)
            self.assertEqual(stance({**FLIPPER, "direction": "-"}, x, y, passage), opposite, text)
        x, y = concepts(DEPTH, {})
        for text, expected in (
            ("Bills were deepest in Chinstrap penguins: the bill depth of no. 7 was huge.", "context"),
            ("Bill depth was greatest in Chinstrap penguins.", "supports"),
            ("Gentoo penguins had the deepest bills.", "contradicts"),
            ("Gentoo penguins had the shallowest bills.", "context"),
            ("Gentoo penguins had the longest bills, whatever their depth.", "context"),
            ("Bill depth was greatest in Chinstrap, then Adelie.", "context"),
        ):
            passage = Passage(Paper("t"), "p. 1", (text,))
            self.assertEqual(stance(DEPTH, x, y, passage), expected, text)

    def test_bibtex(self):
        text = r"""@comment{not this} @string(who = {Jane Doe})
            @Article(key, TITLE = "A {Big} " # {Title}, author = who # " and {\O}sterg{\aa}rd, S.", year = 1999, note = {a {nested {b}} c},)
            @book{other, title={\'Etudes \& d\'ebuts}, author={M{\"u}ller, A and others}}
            @article{broken title={x}} @misc{last, title={Last}}"""
        found, broken = bibtex.entries(text)
        self.assertEqual([entry["title"] for entry in found], ["A Big Title", "Études & débuts", "Last"])
        self.assertEqual(bibtex.names(found[0]["author"]), ("Jane Doe", "S. Østergård"))
        self.assertEqual(bibtex.names(found[1]["author"]), ("A Müller",))
        self.assertEqual((found[0]["note"], found[0]["year"], broken), ("a nested b c", "1999", 1))

    def test_sentences_and_passages(self):
        self.assertEqual(
            sentences('As A. B. Smith et al. say (Fig. 3), it rose by 3.5 mm. "So it is." Next?  Last'),
            ["As A. B. Smith et al. say (Fig. 3), it rose by 3.5 mm.", '"So it is."', "Next?", "Last"],
        )
        text = " ".join(f"Sentence number {n} says very little of anything." for n in range(40))
        cut = passages(Paper("t"), "p. 1", text)
        self.assertTrue(all(len(passage.text) <= 500 for passage in cut))
        self.assertEqual(cut[0].sentences[-1], cut[1].sentences[0], "they overlap")
        self.assertEqual(len({sentence for passage in cut for sentence in passage.sentences}), 40)
        long = passages(Paper("t"), "p. 1", "word " * 400)
        self.assertTrue(len(long) == 1 and len(long[0].text) <= 500 and long[0].text.endswith("word…"))

    def test_it_starts_without_pypdf(self):
        """The lab's Python has it; one that has not still reads the other files."""
        code = "import sys; sys.modules['pypdf'] = None; import library; from pathlib import Path\n"
        code += "print(library.read(Path(sys.argv[1])).problems)"
        done = subprocess.run([sys.executable, "-c", code, str(PAPERS)], cwd=LITERATURE, capture_output=True, text=True)
        self.assertIn("flipper_and_mass.pdf: pypdf is not installed", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
