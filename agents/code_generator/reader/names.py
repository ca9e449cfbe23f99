# ---- names: what names of columns and tables speak of, and whether two speak of one thing ----
GENERIC_KEY_WORDS = set(
    "id ids key no nr num number code ref reference fk pk uid uuid guid identifier index idx name names the of row record".split()
)
GENERIC_TABLE_WORDS = set(
    """
    data table tbl list sheet file dataset csv export final new raw clean info detail result record measurement main all
    study view log the of and by for with information survey wave part sample test train group set batch year report
    experiment trial run copy version january february march april may june july august september october november december
    """.split()
)
# What is counted or measured names nothing, whatever values two tables share.
AMOUNT_WORDS = set(
    """
    count age score total sum mean avg average median min max rate ratio share percent pct amount price cost value weight
    height size length rank rating level dose temp temperature income salary duration n quantity qty points grade stage
    width depth speed distance area volume year yr month week day hour minute second date time quarter season decade wave
    visit t period age hours days weeks months years minutes seconds dates times latitude longitude lat lon pressure
    """.split()
)
# Labels that tables share without having anything to do with each other.
LOOSE_LABELS = {
    "class",
    "label",
    "type",
    "kind",
    "group",
    "category",
    "target",
    "status",
    "cluster",
    "set",
    "part",
    "color",
    "colour",
}
IRREGULAR = {"children": "child", "people": "person", "mice": "mouse", "women": "woman", "men": "man", "data": "data"}
# Words for one thing. A word of the first line goes with each word of the second.
ANY_SUBJECT = set("subject subj usubj participant ppt individual respondent volunteer case unit".split())
SUBJECT_KINDS = set(
    """
    patient pat person member child pupil student animal mouse rat dog cow sheep chick infant baby woman man customer
    user client employee worker driver player donor adult
    """.split()
)
SAME_THING = [
    set(words.split())
    for words in (
        "patient pat case",
        "person individual member respondent",
        "student pupil learner child kid",
        "customer client buyer user account cust",
        "employee staff worker emp",
        "country nation",
        "shop store outlet",
        "site centre center location loc place station",
        "product item article prod",
        "firm company organisation organization org",
        "animal rat mouse dog cow sheep chick",
        "plot field",
        "machine device",
        "department dept dep",
    )
]
SHORT_FORMS = {"pat", "sub", "cust", "prod", "emp", "dep", "loc", "org", "stu", "cat", "reg", "hosp", "sch", "teach"}


def singular(word):
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def words_of_key(name):
    """What a column names by its own name: 'patient_id' the patient, 'subjid' the subject, 'id' nothing."""
    words = []
    for word in tokens(name):
        if word in GENERIC_KEY_WORDS or word.isdigit():
            continue
        words.append(singular(word[:-2] if len(word) > 2 and word.endswith("id") else word))
    return set(words)


def words_of_table(name):
    return {singular(word) for word in tokens(name) if not word.isdigit()} - GENERIC_TABLE_WORDS


def alike_words(one, other):
    """True where two words stand for one thing."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if long.startswith(short) and (len(short) >= 4 or short in SHORT_FORMS):
        return True
    if len(short) == 1:
        return long.startswith(short) and long in ANY_SUBJECT | SUBJECT_KINDS
    if any(one in group and other in group for group in SAME_THING):
        return True
    return (one in ANY_SUBJECT and other in ANY_SUBJECT | SUBJECT_KINDS) or (
        other in ANY_SUBJECT and one in SUBJECT_KINDS
    )


def any_alike(some, others):
    return any(alike_words(one, other) for one in some for other in others)


def is_amount(key):
    """True where the name of a column says that it is counted or measured, or is a time."""
    words = tokens(key.name)
    if stands_for_things(key.name) in ("row", "key", "code"):
        return False
    # Numbers under a plural count things: patients, beds.
    plural = key.kind == "number" and len(words) == 1 and words[0] != singular(words[0])
    return plural or bool(set(words) & AMOUNT_WORDS) or words[:2] == ["number", "of"]


def names_things(key, table_words):
    """True where a name says that the values name something: an id, a subject, or what a table is about."""
    if is_amount(key):
        return False
    kind = stands_for_things(key.name)
    loose = kind == "group" and bool(LOOSE_LABELS & set(tokens(key.name)[-1:]))
    return (kind is not None and not loose) or any_alike(words_of_key(key.name), table_words)


def name_support(left, right):
    """How far the names say that two columns name one thing: 2 where words for the thing agree, 1 where both have one
    name that says nothing (id), 0 where nothing is said, -1 where the names speak of two things."""
    own, other = words_of_key(left.name), words_of_key(right.name)
    left_table, right_table = words_of_table(left.table.name), words_of_table(right.table.name)
    if is_amount(left) != is_amount(right):
        return -1
    if own and other:
        return 2 if any_alike(own, other) else -1
    if own or other:
        words, table = (own, right_table) if own else (other, left_table)
        return 2 if any_alike(words, table) else -1 if table else 0
    if left_table & right_table:
        return 2
    return 1 if tokens(left.name) == tokens(right.name) else 0
