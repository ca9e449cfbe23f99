# ---- scales: words with an order, as ranks: agreement, severity, frequency, size, education, bands of numbers ----
import re

import numpy as np

# Each list from low to high; words on one line between bars have the same rank.
SCALES_OF_WORDS = {
    "severity": "none|no|absent|never|nil|asymptomatic / minimal|trace|very mild|slight|negligible / mild|minor|weak / mild to moderate / "
    "moderate|medium / moderate to severe / severe|serious|major|strong|marked / very severe|critical|extreme|life-threatening / fatal|catastrophic",
    "frequency": "never|none of the time|not at all / almost never|hardly ever|very rarely / rarely|seldom|a little of the time|yearly|once a year "
    "/ occasionally|once in a while|several times a year / sometimes|some of the time|monthly|about half the time|several days / "
    "often|frequently|a good bit of the time|weekly|regularly|more than half the days / very often|usually|most of the time|several times a week / "
    "almost always|nearly always|daily|nearly every day / always|all of the time|constantly|every day|several times a day",
    "amount": "none|nil|zero / very low|very little|minimal / low|little|a little|few / medium low|below average|somewhat low / "
    "medium|moderate|average|intermediate|mid|some|middle|normal / medium high|above average|somewhat high|quite a bit / high|many|a lot|much / very high|very much / extremely high|extreme",
    "size": "xxxs|3xs / xxs|2xs / xs|extra small|tiny|very small / s|small / m|medium|regular|standard / l|large|big / xl|extra large|very large|huge / "
    "xxl|2xl|gigantic|enormous / xxxl|3xl / 4xl|xxxxl / 5xl",
    "length": "very short / short / medium|mid / long / very long",
    "quality": "terrible|awful|very poor|very bad|unacceptable / poor|bad|inadequate|unsatisfactory|below average|needs improvement / "
    "fair|average|ok|okay|acceptable|adequate|satisfactory|neutral|moderate|so-so|mediocre / good|above average|meets expectations / very good / excellent|outstanding|great|ideal|exceptional|superb / perfect",
    "diamond": "fair / good / very good / premium / ideal",
    "grade": "fail|failed|insufficient / pass|sufficient / merit|satisfactory|lower second / credit|good|upper second / distinction|very good / excellent|high distinction",
    "education": "none|no schooling|no formal education|no education|illiterate / preschool|kindergarten|some primary / primary|primary school|elementary|elementary school|grade school / "
    "middle school|lower secondary|some high school|some secondary|less than high school / high school|secondary|secondary school|high school graduate|hs|upper secondary|ged / "
    "vocational|post-secondary|some college|trade school|technical / associate|associate degree|associate's|associate's degree|college / "
    "bachelor|bachelors|bachelor's|bachelor degree|bachelor's degree|undergraduate|university|university degree|tertiary|college graduate / "
    "some graduate school|postgraduate|graduate|graduate degree / master|masters|master's|master degree|master's degree / "
    "professional|professional degree / doctorate|doctoral|phd|ph.d.|doctor|doctoral degree|doctorate degree",
    "age": "newborn|neonate / infant|baby / toddler / child|children|juvenile / teenager|teen|adolescent|youth / young adult|young / adult|middle-aged|middle aged / senior|old|elderly|older adult / very old|oldest old",
    "stage": "early / intermediate|middle|mid / late / end|terminal",
    "place": "first / second / third / fourth / fifth / sixth / seventh / eighth / ninth / tenth",
    "risk": "no risk|none / very low risk / low risk|low / medium risk|moderate risk|intermediate risk|intermediate|moderate / high risk|high / very high risk",
    "importance": "unimportant|not important|not at all important / of little importance|slightly important / moderately important|somewhat important / important / very important / extremely important|essential",
    "temperature": "freezing|very cold / cold / cool / mild|lukewarm|tepid / warm / hot / very hot|boiling",
    "speed": "very slow / slow / medium|moderate|normal / fast / very fast",
    "priority": "trivial|lowest / low|minor / medium|normal|moderate / high|major / urgent|highest|critical / blocker|emergency",
    "income": "very low income / low income|low|lower / lower middle|lower-middle|lower middle income / middle|middle income|medium / upper middle|upper-middle|upper middle income / high income|high|upper / very high income",
    "extent": "not at all|none at all|no extent / slightly|a little|a little bit|very little|to a small extent / somewhat|moderately|"
    "a moderate amount|to some extent|some|partly / quite a bit|a lot|quite a lot|mostly|to a large extent|very / "
    "very much|extremely|a great deal|completely|entirely|to a very large extent",
    "german frequency": "nie / fast nie|sehr selten / selten / gelegentlich / manchmal / oft|h\u00e4ufig / meistens|sehr oft / fast immer / immer",
    "german quality": "sehr schlecht / schlecht / mittel|mittelm\u00e4\u00dfig|teils teils / gut / sehr gut",
    "german amount": "kein|keine / sehr niedrig|sehr gering / niedrig|gering / mittel / hoch / sehr hoch",
    "german severity": "keine|kein / leicht / mittel|m\u00e4\u00dfig|moderat / schwer|stark / sehr schwer|sehr stark",
    "german size": "sehr klein / klein / mittel / gro\u00df / sehr gro\u00df",
    "french frequency": "jamais / rarement / parfois / souvent / toujours",
    "spanish frequency": "nunca / casi nunca / rara vez|raramente / a veces / a menudo|frecuentemente / casi siempre / siempre",
    "french amount": "aucun|aucune / faible / moyen|moyenne|mod\u00e9r\u00e9 / \u00e9lev\u00e9|fort|\u00e9lev\u00e9e / tr\u00e8s \u00e9lev\u00e9",
    "spanish amount": "ninguno|ninguna / bajo|baja|leve / medio|media|moderado / alto|alta|grave / muy alto|muy alta",
}  # fmt: skip
SCALE_RANKS = {
    name: {word.strip(): rank for rank, words in enumerate(line.split(" / ")) for word in words.strip().split("|")}
    for name, line in SCALES_OF_WORDS.items()
}
# Words that take a degree ("strongly agree") and what negates them.
ATTITUDES = """
    agree/disagree satisfied/dissatisfied likely/unlikely important/unimportant happy/unhappy confident/unconfident
    easy/difficult easy/hard support/oppose approve/disapprove positive/negative safe/unsafe comfortable/uncomfortable
    favorable/unfavorable favourable/unfavourable effective/ineffective good/bad interested/uninterested willing/unwilling
    useful/useless helpful/unhelpful clear/unclear true/false true/untrue like/dislike concerned/unconcerned familiar/unfamiliar
    accurate/inaccurate better/worse improved/worsened strong/weak stronger/weaker liberal/conservative trust/distrust
    probable/improbable active/inactive healthy/unhealthy better/worse bothered/unbothered affected/unaffected
    relevant/irrelevant appropriate/inappropriate acceptable/unacceptable increased/decreased optimistic/pessimistic
"""
ATTITUDE = {}
for _pair in ATTITUDES.split():
    _up, _down = _pair.split("/")
    ATTITUDE.setdefault(_up, (_up, 1))
    ATTITUDE.setdefault(_down, (_up, -1))
DEGREES = {
    **dict.fromkeys("barely a_little a_bit slightly marginally".split(), 1.0),
    **dict.fromkeys("somewhat rather tend_to tends_to partly partially mildly fairly a_bit_more".split(), 1.5),
    **dict.fromkeys("moderately generally mostly mainly".split(), 2.0),
    "": 2.5,
    **dict.fromkeys("quite much considerably".split(), 3.0),
    **dict.fromkeys("very highly really very_much a_lot".split(), 4.0),
    **dict.fromkeys("strongly completely totally extremely absolutely definitely fully entirely greatly".split(), 5.0),
}  # fmt: skip
NEUTRAL = re.compile(
    r"neutral|undecided|unsure|uncertain|neither(?:\b.*)?|no opinion|not sure|mixed|no change|unchanged|the same|about the same|indifferent|no difference|so-so|ok|average"
)
UNDECIDED = re.compile(
    r"don'?t know|do not know|dk|not sure|prefer not to (?:say|answer)|refused?|no answer|no response|n/?a|not applicable|not stated|unknown|"
    r"can'?t say|declined|not reported|weiss nicht|wei\u00df nicht|keine angabe|k\.? ?a\.?|no opinion",
    re.I,
)  # fmt: skip
# Degrees of agreement in other languages, from low to high; words on one line between bars have the same rank.
AGREEMENT_IN = {
    "German": "stimme \u00fcberhaupt nicht zu|stimme gar nicht zu|trifft \u00fcberhaupt nicht zu|trifft gar nicht zu / stimme nicht zu|trifft nicht zu|"
    "lehne ab / stimme eher nicht zu|trifft eher nicht zu / neutral|teils teils|teils/teils|teils, teils|weder noch|unentschieden|stimme teilweise zu|"
    "trifft teilweise zu / stimme eher zu|trifft eher zu / stimme zu|trifft zu / stimme voll zu|stimme voll und ganz zu|stimme v\u00f6llig zu|"
    "trifft voll zu|trifft voll und ganz zu",
    "French": "pas du tout d'accord|tout \u00e0 fait en d\u00e9saccord|pas d'accord du tout|fortement en d\u00e9saccord / pas d'accord|en d\u00e9saccord / "
    "plut\u00f4t pas d'accord|plut\u00f4t en d\u00e9saccord / neutre|ni d'accord ni pas d'accord|sans avis|ni en accord ni en d\u00e9saccord / "
    "plut\u00f4t d'accord / d'accord / tout \u00e0 fait d'accord|fortement d'accord|totalement d'accord",
    "Spanish": "totalmente en desacuerdo|muy en desacuerdo / en desacuerdo / algo en desacuerdo|m\u00e1s bien en desacuerdo / "
    "neutral|ni de acuerdo ni en desacuerdo|indiferente / algo de acuerdo|m\u00e1s bien de acuerdo / de acuerdo / totalmente de acuerdo|muy de acuerdo",
    "Italian": "per niente d'accordo|completamente in disaccordo / in disaccordo / poco d'accordo / neutrale|n\u00e9 d'accordo n\u00e9 in disaccordo / "
    "abbastanza d'accordo / d'accordo / molto d'accordo|completamente d'accordo|del tutto d'accordo",
    "Portuguese": "discordo totalmente / discordo / discordo parcialmente / neutro|n\u00e3o concordo nem discordo|indiferente / concordo parcialmente / "
    "concordo / concordo totalmente",
    "Dutch": "helemaal mee oneens|zeer mee oneens / mee oneens|oneens / neutraal|niet mee eens, niet mee oneens / mee eens|eens / helemaal mee eens|zeer mee eens",
    "Swedish": "inst\u00e4mmer inte alls|h\u00e5ller inte alls med|tar helt avst\u00e5nd / inst\u00e4mmer inte|tar delvis avst\u00e5nd / inst\u00e4mmer delvis|"
    "varken eller|varken inst\u00e4mmer eller tar avst\u00e5nd / inst\u00e4mmer i stort sett|inst\u00e4mmer / inst\u00e4mmer helt|h\u00e5ller helt med",
    "Norwegian and Danish": "helt uenig|meget uenig / uenig|delvis uenig|litt uenig / n\u00f8ytral|verken enig eller uenig|hverken enig eller uenig|hverken/eller / "
    "enig|delvis enig|litt enig / helt enig|meget enig",
    "Finnish": "t\u00e4ysin eri mielt\u00e4 / jokseenkin eri mielt\u00e4|eri mielt\u00e4 / en samaa enk\u00e4 eri mielt\u00e4 / jokseenkin samaa mielt\u00e4|samaa mielt\u00e4 / t\u00e4ysin samaa mielt\u00e4",
    "Polish": "zdecydowanie nie|zdecydowanie si\u0119 nie zgadzam / raczej nie|nie zgadzam si\u0119|raczej si\u0119 nie zgadzam / trudno powiedzie\u0107|ani tak, ani nie / "
    "raczej tak|zgadzam si\u0119|raczej si\u0119 zgadzam / zdecydowanie tak|zdecydowanie si\u0119 zgadzam",
    "Russian": "\u043f\u043e\u043b\u043d\u043e\u0441\u0442\u044c\u044e \u043d\u0435 \u0441\u043e\u0433\u043b\u0430\u0441\u0435\u043d / \u043d\u0435 \u0441\u043e\u0433\u043b\u0430\u0441\u0435\u043d|\u0441\u043a\u043e\u0440\u0435\u0435 \u043d\u0435 \u0441\u043e\u0433\u043b\u0430\u0441\u0435\u043d / \u0437\u0430\u0442\u0440\u0443\u0434\u043d\u044f\u044e\u0441\u044c \u043e\u0442\u0432\u0435\u0442\u0438\u0442\u044c|\u043d\u0435\u0439\u0442\u0440\u0430\u043b\u044c\u043d\u043e / "
    "\u0441\u043e\u0433\u043b\u0430\u0441\u0435\u043d|\u0441\u043a\u043e\u0440\u0435\u0435 \u0441\u043e\u0433\u043b\u0430\u0441\u0435\u043d / \u043f\u043e\u043b\u043d\u043e\u0441\u0442\u044c\u044e \u0441\u043e\u0433\u043b\u0430\u0441\u0435\u043d",
    "Japanese": "\u5168\u304f\u305d\u3046\u601d\u308f\u306a\u3044|\u307e\u3063\u305f\u304f\u305d\u3046\u601d\u308f\u306a\u3044 / \u305d\u3046\u601d\u308f\u306a\u3044|\u3042\u307e\u308a\u305d\u3046\u601d\u308f\u306a\u3044 / \u3069\u3061\u3089\u3068\u3082\u8a00\u3048\u306a\u3044|\u3069\u3061\u3089\u3067\u3082\u306a\u3044|\u3069\u3061\u3089\u3068\u3082\u3044\u3048\u306a\u3044 / "
    "\u305d\u3046\u601d\u3046|\u3084\u3084\u305d\u3046\u601d\u3046 / \u3068\u3066\u3082\u305d\u3046\u601d\u3046|\u5f37\u304f\u305d\u3046\u601d\u3046|\u975e\u5e38\u306b\u305d\u3046\u601d\u3046",
    "Chinese": "\u975e\u5e38\u4e0d\u540c\u610f|\u5b8c\u5168\u4e0d\u540c\u610f|\u5f88\u4e0d\u540c\u610f / \u4e0d\u540c\u610f|\u4e0d\u592a\u540c\u610f / \u4e00\u822c|\u4e2d\u7acb|\u4e0d\u786e\u5b9a / \u540c\u610f|\u6bd4\u8f83\u540c\u610f / \u975e\u5e38\u540c\u610f|\u5b8c\u5168\u540c\u610f|\u5f88\u540c\u610f",
}  # fmt: skip
AGREEMENT_RANKS = [
    {word.strip(): float(rank) for rank, words in enumerate(line.split(" / ")) for word in words.split("|")}
    for line in AGREEMENT_IN.values()
]
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
STEPS = (
    r"(?:grade|stage|level|phase|tier|step|week|wave|year|visit|month|day|quintile|quartile|decile|tertile|class|round|band|rank"
    r"|nyha|nyha class|asa|q|stufe|klasse|woche|jahr|session|trimester|generation|birads|bi-rads|ecog)"
)
STEP = re.compile(r"(?P<word>%s)[\s_.-]*(?P<number>\d{1,3}|[ivx]{1,5})(?P<part>[abc]?)" % STEPS)
NUMBERED = re.compile(r"\(?(?P<number>-?\d{1,3})\)?\s*(?:[-:.=()\u2013\u2014]\s*|\s)(?=[^\W\d_])(?P<label>.*\D.*)")
NUMBERED_AFTER = re.compile(r"(?P<label>[^\d]+?)\s*[(\[=]\s*(?P<number>-?\d{1,2})\s*[)\]]?")


def ordered_levels(levels):
    """(rank per level, which scale) of words with an order, None per level that says "don't know"; or None where the
    words have none."""
    plain = [re.sub(r"\s+", " ", level.strip().lower().replace("\u2019", "'")) for level in levels]
    asked = [None if UNDECIDED.fullmatch(word) else word for word in plain]
    words = list(dict.fromkeys(word for word in asked if word is not None))  # Poor and poor are one
    if not 2 <= len(words) <= 15 or any(len(word) > 80 for word in words):
        return None
    if len(words) < 3:
        return ordered_with_unsure(plain) if len(set(plain)) > 2 else None
    # Low (0-3), medium (4-6): what stands in brackets explains the word.
    bare = [re.sub(r"\s*[(\[][^()\[\]]*\d[^()\[\]]*[)\]]$", "", word) for word in words]
    tries = [
        (words, reader)
        for reader in (numbered_ranks, scale_ranks, attitude_ranks, step_ranks, plus_ranks, grade_ranks, star_ranks)
    ]
    tries += [
        (bare, reader) for reader in (scale_ranks, attitude_ranks) if bare != words and len(set(bare)) == len(bare)
    ]
    for asked_words, reader in tries:
        ranks = reader(asked_words)
        if ranks is not None:
            ranks, scale = ranks
            found = dict(zip(words, ranks))
            return [found.get(word) if word is not None else None for word in asked], scale
    if None in asked:
        return ordered_with_unsure(plain)
    return None


def ordered_with_unsure(plain):
    """Where "not sure" or "no opinion" is the middle of the scale."""
    words = list(dict.fromkeys(plain))
    ranks = attitude_ranks(words)
    if ranks is None:
        return None
    found = dict(zip(words, ranks[0]))
    return [found[word] for word in plain], ranks[1]


def distinct_ranks(ranks):
    return len(set(ranks)) == len(ranks)


def numbered_ranks(words):
    """1 - never, 2 - rarely: the numbers before or behind the words are their order."""
    for pattern in (NUMBERED, NUMBERED_AFTER):
        found = [pattern.fullmatch(word) for word in words]
        bare = [re.fullmatch(r"-?\d{1,3}", word) for word in words]
        if sum(bool(at) for at in found) < 2 or not all(at or alone for at, alone in zip(found, bare)):
            continue
        ranks = [int(at.group("number")) if at else int(alone.group()) for at, alone in zip(found, bare)]
        labels = [at.group("label").strip() for at in found if at]
        if not distinct_ranks(ranks) or max(ranks) - min(ranks) > 3 * len(ranks):
            continue
        if any(bare) or tell_an_order(labels):
            return ranks, "numbered labels"
    return None


def tell_an_order(labels):
    """1 = single, 2 = married is a code list, 0 = no pain, 10 = worst pain an order: some of the words must tell."""
    if len({re.sub(r"e?s$", "", label) for label in labels}) == 1:
        return not is_address(labels[0])  # 1 room, 2 rooms
    vocabularies = [set(ranks) for ranks in SCALE_RANKS.values()]
    most = max(sum(label in words for label in labels) for words in vocabularies)
    degrees = sum(attitude_ranks([label, "neutral"]) is not None for label in labels)
    ends = sum(
        bool(re.search(r"\b(?:least|most|best|worst|lowest|highest|minimum|maximum|no|not|very|extremely)\b", label))
        for label in labels
    )
    return max(most, degrees, ends) >= 2


def scale_ranks(words):
    found = [
        (name, [ranks[word] for word in words])
        for name, ranks in SCALE_RANKS.items()
        if all(word in ranks for word in words)
    ]
    found = [(name, ranks) for name, ranks in found if distinct_ranks(ranks)]
    if not found:
        return None
    if words_of_a_design(words):
        return None
    name, ranks = found[0]
    return ranks, name


def words_of_a_design(words):
    """None beside low and high alone is an untreated group beside two amounts: groups to compare, no steps."""
    none, rest = {"none", "nil", "zero", "no"} & set(words), set(words) - {"none", "nil", "zero", "no"}
    return bool(none) and rest <= {"low", "high"}


def attitude_ranks(words):
    """Degrees of one attitude: strongly disagree ... strongly agree; not at all, slightly, very satisfied."""
    for known in AGREEMENT_RANKS:
        if all(word in known for word in words):
            ranks = [known[word] for word in words]
            return (ranks, "agreement") if distinct_ranks(ranks) else None
    ranks, stems = [], set()
    for word in words:
        if NEUTRAL.fullmatch(word):
            ranks.append(0.0)
            continue
        text = re.sub(r"[^a-z' ]", " ", word).split()
        if text[:3] == ["not", "at", "all"]:
            rest = text[3:]
            if rest and (len(rest) > 1 or rest[0] not in ATTITUDE):
                return None
            ranks.append(-9.0)
            stems.update({ATTITUDE[rest[0]][0]} if rest else set())
            continue
        negated = bool(text) and text[0] in ("not", "no")
        text = text[1:] if negated else text
        for size in (2, 1):
            tail = [part for part in text]
            if tail and tail[-1] in ATTITUDE:
                degree = "_".join(tail[:-1])
                stem, sign = ATTITUDE[tail[-1]]
            elif tail and tail[0] in ATTITUDE:
                degree = "_".join(tail[1:])
                stem, sign = ATTITUDE[tail[0]]
            elif "_".join(tail) in DEGREES and tail:
                degree, stem, sign = "_".join(tail), None, 1
            else:
                return None
            break
        degree = re.sub(r"^(?:i|it|is|am|are)_", "", degree)
        if degree not in DEGREES:
            return None
        if stem:
            stems.add(stem)
        strength = DEGREES[degree]
        if negated:
            ranks.append(-8.0 if sign > 0 and strength > 2 and degree else -2.4 * sign if not degree else 0.5 * sign)
        else:
            ranks.append(sign * strength)
    if len(stems) != 1 or not distinct_ranks(ranks) or len(ranks) < 2:
        return None
    stem = next(iter(stems))
    return ranks, "agreement" if stem == "agree" else f"degrees of {stem}"


def step_ranks(words):
    """Grade 1, grade 2; stage I, stage IIa; quartile 4; I, II, III."""
    roman = [ROMAN.get(word) for word in words]
    if len(words) >= 3 and all(roman) and sorted(roman) == list(range(1, len(words) + 1)):
        return roman, "Roman numerals"
    # Baseline, week 4, week 12
    first = [word for word in words if word in ("baseline", "bl", "screening")]
    found = [STEP.fullmatch(word) for word in words if word not in first]
    if len(first) > 1 or not all(found) or len({at.group("word") for at in found}) != 1 or len(words) < 3:
        return None
    ranks = []
    for at in found:
        number = at.group("number")
        value = int(number) if number.isdigit() else ROMAN.get(number)
        if value is None:
            return None
        ranks.append(value + 0.25 * (" abc".index(at.group("part")) if at.group("part") else 0))
    if first:
        ranks.insert(words.index(first[0]), min(ranks) - 1)
    return (ranks, f"numbered {found[0].group('word').replace('q', 'quarter', 1)}s") if distinct_ranks(ranks) else None


def plus_ranks(words):
    """Negative, trace, 1+, 2+, 3+, as on a dipstick."""
    ranks = []
    for word in words:
        counted = re.fullmatch(r"([1-5])\s?\+|\+\s?([1-5])", word)
        if counted:
            ranks.append(float(counted.group(1) or counted.group(2)))
        elif re.fullmatch(r"\+{1,5}", word):
            ranks.append(float(len(word)))
        elif word in ("negative", "neg", "neg.", "none", "absent", "0", "nil", "negativ", "n\u00e9gatif", "negativo"):
            ranks.append(0.0)
        elif word in ("trace", "traces", "tr", "tr.", "+/-", "\u00b1", "(+)", "spur", "spuren"):
            ranks.append(0.5)
        else:
            return None
    named = sum(rank < 1 for rank in ranks)
    return (ranks, "degrees of a test strip") if distinct_ranks(ranks) and named and named < len(ranks) - 1 else None


def star_ranks(words):
    """One to five stars, drawn."""
    if not all(re.fullmatch("\u2605{0,10}\u2606{0,10}|\u2b50{1,10}", word) for word in words):
        return None
    ranks = [float(word.count("\u2605") + word.count("\u2b50")) for word in words]
    return (ranks, "stars") if distinct_ranks(ranks) else None


def grade_ranks(words):
    """F, D, C-, C, C+, B-, ..., A+; letters alone are names, and A+, A-, B+, B- can be kinds of blood."""
    if not all(re.fullmatch(r"[a-f][+-]?", word) for word in words):
        return None
    if not any(len(word) > 1 for word in words) or not {"c", "d"} & {word[0] for word in words}:
        return None
    signs = {"": 0.0, "+": 1.0, "-": -1.0}
    return [3.0 * "fedcba".index(word[0]) + signs[word[1:]] for word in words], "grades"


def band_ranks(column, used):
    """Ranks of bands such as 18-24, 25-34, 65+, one for each text that is used; None where they overlap."""
    low, high, limit = column.values[used], column.upper[used], column.limit[used]
    banded = ~np.isnan(high)
    if not banded.any() or np.isnan(low).any() or len(used) > 30 or banded.sum() + np.abs(limit).sum() < len(used):
        return None
    start = np.where(limit < 0, -np.inf, low)
    stop = np.where(limit > 0, np.inf, np.where(banded, high, low))
    order = np.argsort(start, kind="stable")
    if (start[order][1:] < stop[order][:-1]).any() or not distinct_ranks(start.tolist()):
        return None
    ranks = np.empty(len(used))
    ranks[order] = np.arange(len(used))
    return ranks
