"""Links findings to what has been written of their columns: word for word, with where it stands.

A passage is linked where it names both columns. It is said to support or contradict a finding only where it says so in plain
words; everything else is context, for the reader to judge.
"""

from functools import cache
from pathlib import Path

from kosmos_agent import AddEvidence, Agent, Remark, Source, shorten

import library
from papers import Paper, Passage, passages
from search import Index
from sources import SOURCES, Asker, Trouble
from stance import stance
from terms import concepts

KEPT = 300_000
"""Letters of online answers that are kept for the run: the same columns may come again, and the state may have 1 MiB."""

agent = Agent()


@cache
def shelf(folder):
    """The folder's papers. A process that was started afresh reads them again: they are the same."""
    read = library.read(Path(folder)) if folder else library.Library()
    return read, Index(read.passages)


@agent.on("run_started")
def open_the_library(event, lab):
    folder, online = lab.config.get("folder"), lab.config.get("online") or []
    if not folder and not online:
        return Remark(text="There is no literature to look into: neither folder nor online is set.")
    if not folder:
        return None
    read, _ = shelf(folder)
    lab.log(f"{read.files} files of the folder hold {len(read.passages)} passages")
    problems = list(read.problems)
    if not read.passages and not problems:
        problems = ["there is nothing in it to read"]
    if problems:
        return Remark(text=shorten(f"Not all of the literature's folder could be read: {'; '.join(problems)}."))


@agent.on("finding_drafted")
def link(event, lab):
    finding = event["finding"]
    x, y = concepts(finding, lab.config.get("terms") or {})
    # Names such as V1 and V2 say nothing that could be looked for, and one measure's name nothing of another.
    if not x.phrases or not y.phrases or set(x.phrases) & set(y.phrases):
        return
    most = lab.config.get("most", 3)
    _, index = shelf(lab.config.get("folder"))
    found = [passage for _, passage in index.search(finding, x, y, most)]
    for name in lab.config.get("online") or []:
        if len(found) < most:
            papers, remark = look_up(lab, SOURCES[name], x, y)
            if remark:
                yield remark
            known = {passage.paper.key for passage in found}
            candidates = Index(passage for paper, where, text in papers for passage in passages(paper, where, text))
            more = candidates.search(finding, x, y, most)
            found += [passage for _, passage in more if passage.paper.key not in known]
    for passage in found[:most]:
        yield evidence(finding, x, y, passage)


def look_up(lab, source, x, y):
    """(papers of an online source, a remark or None). A source that was in trouble once is not asked again."""
    status = lab.state.get(f"source {source.name}", {"searches": 0, "given_up": None})
    question = f"{source.name}: {x.question} / {y.question}"
    answers = lab.state.get("answers", {})
    kept = answers.get(question)
    if kept is not None:
        return [(Paper(title, tuple(authors), *rest), where, text) for title, authors, *rest, where, text in kept], None
    if status["given_up"]:
        return [], None
    papers, remark = [], None
    if status["searches"] >= lab.config.get("searches", 30):
        status["given_up"] = f"its {status['searches']} searches of this run are used"
    else:
        status["searches"] += 1
        try:
            papers = Asker(lab, source, (lab.config.get("bases") or {}).get(source.name)).search(x, y)
        except Trouble as reason:
            status["given_up"] = str(reason)
    if status["given_up"]:
        text = f"{source.title} was not asked any further: {status['given_up']}. Papers that it may have are missing."
        remark = Remark(text=shorten(text))
    else:
        rows = [[p.title, p.authors[:10], p.year, p.doi, p.url, where, text] for p, where, text in papers]
        answers[question] = rows
        if len(str(answers)) < KEPT:
            lab.state.put("answers", answers)
    lab.state.put(f"source {source.name}", status)
    return papers, remark


def evidence(finding, x, y, passage: Passage):
    paper = passage.paper
    verdict = stance(finding, x, y, passage)
    says = {
        "supports": "says the same of",
        "contradicts": "says the opposite of",
        "context": "speaks of",
    }[verdict]
    year = f" ({paper.year})" if paper.year else ""
    return AddEvidence(
        finding=finding["id"],
        stance=verdict,
        statement=shorten(f"“{shorten(paper.title, 200)}”{year} {says} {finding['x']} and {finding['y']}."),
        source=Source(
            title=paper.title,
            authors=paper.authors or None,
            year=paper.year,
            doi=paper.doi,
            url=paper.url,
            locator=passage.locator,
            passage=passage.text,
        ),
    )


agent.run()
