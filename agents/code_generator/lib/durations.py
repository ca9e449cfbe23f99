# ---- durations: how long each row was watched, and whether that ended in the event ----
# Times and events look like other numbers and other levels: names and levels say what they may be, and the data whether
# they can be that (no time below 0, an entry before each end, both ends among short and long times).
import numpy as np

EVENT_WORDS = set(
    """
    event status death dead died censor censored censors censoring cens arrest observed e fail failed failure relapse relapsed fustat
    churn churned delta mort fstat deceased progression progressed recurrence outcome alive vital exit closed cured
    recovered
    """.split()
)
# Words that name nothing else than the end of a time.
SURE_EVENT_WORDS = set(
    "event status death dead died censor censored censors censoring cens fustat fstat deceased churn churned vital".split()
)
ENDED_LEVELS = set("dead died death deceased event failed relapse relapsed churned progressed closed".split())
LASTED_LEVELS = set("alive censored living survived lost active ongoing open".split())
# How a match, a test or a task ended: no state that a time is observed until.
RESULT_LEVELS = set(
    """
    passed pass won win correct incorrect right wrong successful success unsuccessful solved unsolved accepted rejected
    draw drawn
    hit miss missed bestanden gewonnen verloren richtig falsch reussi r\u00e9ussi echoue \u00e9chou\u00e9 gagne
    gagn\u00e9 perdu aprobado reprobado
    ganado perdido
    """.split()
)
# Levels of such a result that are states of an observed time as well.
RESULTS_OR_STATES = set("failed lost closed open".split())
# Names that say how anything ended: their levels must be states that a time can be observed until.
WEAK_EVENT_WORDS = set("outcome exit closed observed e alive progression".split())
WEAK_SPAN_WORDS = set("time t weeks week days day months month years end exit stop observed".split())
ANSWER_LEVELS = set("yes no y n true false 0 1 2 none ja nein oui non si s\u00ed event censored".split())
SPAN_WORDS = set(
    """
    time duration t week weeks days day months month years survival futime stop tenure followup follow surv lifetime
    lenfol observed os pfs dfs ttp tte end exit until
    """.split()
)
SURE_SPAN_WORDS = set(
    "time duration survival futime followup follow surv lifetime lenfol tenure observed os pfs dfs ttp tte".split()
)
OTHER_SPAN_WORDS = set("age school work start birth education entry begin education experience".split())
ENTRY_WORDS = set("start entry enter entered begin tstart t0 time0 start0 left truncation".split())
MOST_STATES = 4


def find_survival(table):
    """The duration, its event and the entry: {duration, event, entry, states, evidence, sure}, or None."""
    marks = [(i, grade) for i, grade in ((i, event_grade(table, i)) for i in range(len(table.names))) if grade]
    if not marks:
        return None
    spans = [(i, grade) for i, grade in ((i, span_grade(table, i)) for i in range(len(table.names))) if grade]
    best = None
    for event, event_sure in marks:
        for span, span_sure in spans:
            if event == span:
                continue
            known = ~np.isnan(table.values(event)) & ~np.isnan(table.values(span))
            gaps = 1 - known.mean()
            # The time of another happening is missing where that did not happen.
            grade = event_sure + span_sure - gaps
            if known.sum() < 12 or grade < 1.2 or gaps > 0.5:
                continue
            ends = ends_of(table, event, span, known)
            if ends is None:
                continue
            entry = find_entry(table, span, known)
            grade += 0.3 if entry is not None else 0.0
            choice = (-grade, event, span, entry, ends)
            best = min(best, choice, key=lambda item: item[:3]) if best else choice
    if best is None:
        return None
    grade, event, span, entry, (states, told) = best
    names = table.names
    evidence = f"{names[span]} is never below 0 and reads as a time, {names[event]} as how it ended ({told})"
    if entry is not None:
        evidence += f"; {names[entry]} lies before {names[span]} in every row, so it is the entry"
    sure = min(0.95, 0.35 + 0.3 * -grade)
    if told_weakly(table, span, event):
        sure = min(sure, 0.6)
    return {
        "duration": span,
        "event": event,
        "entry": entry,
        "states": states,
        "evidence": evidence,
        "sure": round(sure, 2),
    }


def told_weakly(table, span, event):
    """True where only words of other meanings tell a duration and its event, and no level says what happened."""
    told = {word for level in state_texts(table.columns[event]) for word in tokens(level)}
    if told & (ENDED_LEVELS | LASTED_LEVELS):
        return False
    weak = set(tokens(table.names[event])) & EVENT_WORDS <= WEAK_EVENT_WORDS
    return weak and set(tokens(table.names[span])) & SPAN_WORDS <= WEAK_SPAN_WORDS


def event_grade(table, index):
    """How much speaks for a column as an event: 0 nothing, 1 its name or its levels."""
    column = table.columns[index]
    words = set(tokens(column["name"]))
    levels = state_texts(column)
    told = {word for level in levels for word in tokens(level)}
    if told & RESULT_LEVELS and not told & (ENDED_LEVELS | LASTED_LEVELS) - RESULTS_OR_STATES:
        return 0.0
    if column["role"] == "binary" or (column["role"] == "categorical" and 3 <= column["distinct"] <= MOST_STATES):
        if told & ENDED_LEVELS and told & LASTED_LEVELS:
            return 1.0
    elif not (column["role"] == "numeric" and column["integer"] and 3 <= column["distinct"] <= MOST_STATES):
        return 0.0
    elif not (column["usable"] and column["min"] in (0, 1) and column["max"] <= MOST_STATES):
        return 0.0
    if words & SURE_EVENT_WORDS:
        return 1.0
    if not words & EVENT_WORDS or column["role"] != "binary":
        return 0.0
    states = ENDED_LEVELS | LASTED_LEVELS | ANSWER_LEVELS | EVENT_WORDS
    if words & EVENT_WORDS <= WEAK_EVENT_WORDS and not told & states:
        return 0.0
    return 0.7


def state_texts(column):
    return [entry["level"] for entry in column["levels"] or []]


def span_grade(table, index):
    """How much speaks for a column as a duration: 0 nothing, 0.5 a unit of time, 1 a word for a duration."""
    column = table.columns[index]
    if column["role"] != "numeric" or not column["usable"] or is_moment(column) or (column["min"] or 0) < 0:
        return 0.0
    words = set(tokens(column["name"]))
    if column["distinct"] < 8 or words & OTHER_SPAN_WORDS:
        return 0.0
    if words & SURE_SPAN_WORDS:
        return 1.0
    return 0.6 if words & SPAN_WORDS else 0.0


def ends_of(table, event, span, known):
    """(number of states, what is said of them) where each state ends some times, early and late; None where not."""
    states, counts = np.unique(table.values(event)[known], return_counts=True)
    if not 2 <= len(states) <= MOST_STATES or counts.min() < 3:
        return None
    column = table.columns[event]
    texts = state_texts(column)
    shown = texts if len(texts) == len(states) else [f"{state:g}" for state in states]
    times = table.values(span)[known]
    if len(np.unique(times)) < 8:
        return None
    return len(states), f"{len(states)} states: {', '.join(str(text)[:20] for text in sorted(shown))}"


def find_entry(table, span, known):
    """The column of the time from which each row was watched, or None."""
    ends = table.values(span)
    for index, column in enumerate(table.columns):
        if index == span or column["role"] != "numeric" or not set(tokens(column["name"])) & ENTRY_WORDS:
            continue
        starts = table.values(index)
        both = known & ~np.isnan(starts)
        if both.sum() >= 0.95 * known.sum() and (starts[both] < ends[both]).all() and starts[both].min() >= 0:
            return index
    return None
