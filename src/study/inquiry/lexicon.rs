//! The words that the rules know: function words, nouns for rows, units and comparatives.

use std::{collections::HashSet, sync::OnceLock};

use super::{Expectation, words::Token};

/// A list of words, split when it is first asked.
struct WordList {
    text: &'static str,
    words: OnceLock<HashSet<&'static str>>,
}

const fn list(text: &'static str) -> WordList {
    WordList {
        text,
        words: OnceLock::new(),
    }
}

impl WordList {
    fn has(&self, word: &str) -> bool {
        self.words
            .get_or_init(|| self.text.split_whitespace().collect())
            .contains(word)
    }
}

/// Function words, which say nothing of a column.
static STOP: WordList = list(
    "a an the this that these those it its they them their there here he she his her him we our us you \
    your i my me who whom whose which what when where why how whether if then than as so such and or but nor not no \
    non of in on at to for from by with without into onto upon over under above below between among amongst within \
    across along through during before after since until till up down out off about around against per via is are was \
    were be been being am do does did done doing has have had having can could may might must shall should will would \
    cannot don doesn didn isn aren wasn weren hasn haven t s ever any some all both each every either neither two three only just \
    even also too very much many more most less least few fewer else again still yet rather once because while whilst",
);

/// Words that say nothing of a column unless a column has them in its name.
static FILLER: WordList = list(
    "never always often ones one other others same own now later sooner instead like versus vs etc please \
    tell show find get gets got give gives given gave put let want know see way ways extent far long exist exists several \
    anything something nothing eg ie cf really actually generally usually typically overall together significantly \
    significant statistically strongly positively negatively directly indirectly better worse good bad best worst high \
    low higher lower highest lowest larger smaller greater bigger lesser great large small big little stronger weaker \
    steeper likely unlikely likelier possible capita ago old new additional extra further unit units increment time times \
    year years month months week weeks day days decade decades hour hours minute minutes period periods entire first last \
    next previous earlier earliest latest early late equal different differently similar relative compared comparing \
    comparison compare compares terms due owing according regarding concerning respect considering question matter matters \
    make makes made come comes dose response restricted limited",
);

/// Nouns for rows and for groups of rows: known, but no columns.
static BACKGROUND: WordList = list(
    "patient people person participant respondent subject individual human adult employee worker \
    staff student pupil teacher child customer client user visitor shopper consumer household family woman man girl \
    boy lady gentleman country nation state region city town village district county school class classroom hospital \
    clinic company firm business store shop product item machine device vehicle car truck animal plant tree house home \
    flat apartment building sample case control record row entry observation measurement measure variable column \
    factor feature characteristic attribute trait indicator covariate parameter data dataset table study survey trial \
    experiment group arm cohort population team site location member player game match driver farm farmer \
    field nurse doctor resident citizen voter tenant mother father parent user session treatment therapy \
    today nowadays world",
);

/// Nouns that stand for any column; the words before them say which, loosely.
static ANY_COLUMN: WordList = list(
    "measurement measure variable column factor feature characteristic attribute trait indicator \
    covariate parameter thing property aspect",
);

/// Words of statistics, which say how and not what.
static STATISTIC: WordList = list(
    "risk chance probability odds likelihood rate level amount value average mean median number \
    share proportion percentage fraction count total sum distribution range spread variance deviation typical \
    frequency prevalence incidence size degree magnitude percent percentage data evidence association effect trend",
);

/// Levels that are in many columns and mean nothing alone.
static GENERIC_LEVEL: WordList = list(
    "yes no true false none other unknown missing high low medium middle mid never always often \
    sometimes rarely good bad poor fair average normal positive negative present absent left right both all any not \
    and or new old first second third small large big less more less same different time year",
);

/// Short words of which a longer word is no abbreviation's long form.
static NO_ABBREVIATION: WordList = list(
    "age sex car sun day dog cat man men son sea tax oil gas ice arm eye ear leg job bus box fat \
    fee hot red one two ten net log sum top end per war law art air low new old way big bad all any for and the not",
);

/// A unit: how it is written at the end of a name, its words, and the quantities that it measures.
struct Unit {
    signs: &'static str,
    words: &'static str,
    quantities: &'static str,
}

const fn unit(signs: &'static str, words: &'static str, quantities: &'static str) -> Unit {
    Unit {
        signs,
        words,
        quantities,
    }
}

const UNITS: [Unit; 20] = [
    unit(
        "mm cm m km in ft mi",
        "millimeter centimeter meter kilometer inch foot mile",
        "length width height depth distance thickness circumference",
    ),
    unit("g kg mg lb lbs oz dt", "gram kilogram pound ounce kilo", "weight mass"),
    unit("t", "ton tonne", "weight mass"),
    unit("l ml dl", "liter milliliter", "volume"),
    unit(
        "s sec secs ms h hr hrs min mins",
        "second minute hour millisecond",
        "time duration",
    ),
    unit("years yrs yr days weeks months", "year day week month", "time duration"),
    unit("seconds minutes hours", "second minute hour", "time duration"),
    unit(
        "c degc cel celsius f k",
        "degree celsius kelvin fahrenheit",
        "temperature",
    ),
    unit("usd eur gbp chf jpy", "dollar euro", "price cost"),
    unit("pct percent", "percent percentage point", "share percentage proportion"),
    unit("kcal cal kj j", "calorie kilojoule", "energy"),
    unit("kw w kwh", "watt kilowatt", "power energy"),
    unit("pa kpa hpa bar mmhg", "bar", "pressure"),
    unit("mph kmh kph", "", "speed"),
    unit("m2 sqm sqft ha km2", "hectare acre", "area size"),
    unit("ppm ppb", "", "concentration"),
    unit("hz khz", "hertz", "frequency"),
    unit("db", "decibel", "loudness"),
    unit("num no nr n id code", "", ""),
    unit("per", "", ""),
];

/// Adjectives by which rows are compared, with words of the columns that they speak of.
const COMPARATIVES: [(&str, &str); 17] = [
    ("older younger oldest youngest aged", "age"),
    ("taller shorter tallest shortest", "height"),
    ("heavier lighter heaviest lightest", "weight mass"),
    ("longer longest", "length duration"),
    (
        "faster slower quicker fastest slowest quickest",
        "time speed duration seconds",
    ),
    (
        "larger bigger smaller largest biggest smallest",
        "size amount area volume",
    ),
    ("richer poorer wealthier richest poorest", "income wealth gdp"),
    ("earn earns earning earned", "income wage salary earnings pay"),
    (
        "dearer cheaper costlier expensive dearest cheapest cost costs",
        "price cost",
    ),
    (
        "warmer colder hotter cooler warmest coldest hottest coolest",
        "temperature",
    ),
    ("wider narrower widest narrowest", "width"),
    ("deeper shallower deepest", "depth"),
    ("thicker thinner", "thickness"),
    ("happier unhappier happiest", "happiness satisfaction wellbeing mood"),
    ("healthier sicker", "health"),
    ("brighter darker", "brightness light"),
    (
        "live survive dies surviving dying survival mortality",
        "survival survived death died dead mortality life",
    ),
];

/// Adjectives and adverbs that compare without a column of their own.
static COMPARE: WordList = list(
    "higher lower highest lowest more less most least fewer fewest greater greatest larger smaller \
    largest smallest bigger better worse best worst stronger weaker earlier likelier",
);

/// Words that say that a question expects more of its outcome.
static RISING: WordList = list(
    "increase increases increased increasing raise raises raised raising improve improves improved \
    improving higher rise rises rose rising grow grows grew growing boost boosts boosted promote promotes enhance \
    enhances lift lifts",
);

/// Words that say that a question expects less of its outcome.
static FALLING: WordList = list(
    "decrease decreases decreased decreasing lower lowers lowered lowering reduce reduces reduced \
    reducing worsen worsens worsened worsening prevent prevents prevented preventing fall falls fell falling decline \
    declines declined declining drop drops dropped dropping cut cuts inhibit inhibits shrink shrinks protect protects",
);

/// Words that begin a question or a part of one.
static OPENERS: WordList = list(
    "how what which who whom whose does do did is are was were has have can could will would should if why when where",
);

/// Returns true for a word that begins a question or a part of one.
pub(super) fn opens(token: &Token) -> bool {
    OPENERS.has(&token.lower)
}

/// Returns true if the word is in the list.
fn has(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

/// Returns true for a word that says nothing unless a column has it in its name.
pub(super) fn is_filler(token: &Token) -> bool {
    FILLER.has(&token.lower)
}

/// Returns true for a function word.
pub(super) fn is_stop(token: &Token) -> bool {
    STOP.has(&token.lower)
}

/// Returns true for a noun that stands for rows, or for groups of rows.
pub(super) fn is_background(token: &Token) -> bool {
    BACKGROUND.has(&token.stem) || BACKGROUND.has(&token.lower)
}

/// Returns true for a noun that stands for any column.
pub(super) fn stands_for_any_column(token: &Token) -> bool {
    ANY_COLUMN.has(&token.stem)
}

/// Returns true for a word of statistics.
pub(super) fn is_statistic(token: &Token) -> bool {
    STATISTIC.has(&token.stem)
}

/// Returns true for a level that names no column by itself.
pub(super) fn is_generic_level(word: &str) -> bool {
    GENERIC_LEVEL.has(word)
}

/// Returns true if a longer word that begins with this one is another word.
pub(super) fn is_no_abbreviation(word: &str) -> bool {
    NO_ABBREVIATION.has(word)
}

/// Returns true for a sign of a unit at the end of a name.
pub(super) fn is_unit_sign(word: &str) -> bool {
    UNITS.iter().any(|unit| has(unit.signs, word))
}

/// Returns true for the word or the sign of a unit.
pub(super) fn is_unit_word(token: &Token) -> bool {
    UNITS.iter().any(|unit| has(unit.words, &token.stem)) || (token.lower.len() > 1 && is_unit_sign(&token.lower))
}

/// Returns true if the unit with this sign measures the quantity.
pub(super) fn measures(sign: &str, quantity: &str) -> bool {
    let sign = sign.to_lowercase();
    let sign = sign.split(['/', '·', '.']).next().unwrap_or_default();
    UNITS
        .iter()
        .any(|unit| (has(unit.signs, sign) || has(unit.words, sign)) && has(unit.quantities, quantity))
}

/// Returns true if the sign and the word are of one unit.
pub(super) fn is_word_of_unit(sign: &str, token: &Token) -> bool {
    let sign = sign.to_lowercase();
    UNITS
        .iter()
        .any(|unit| has(unit.signs, &sign) && (has(unit.words, &token.stem) || has(unit.signs, &token.lower)))
}

/// Gives the words of the columns that a comparative speaks of.
pub(super) fn compared_quantities(token: &Token) -> Option<impl Iterator<Item = &'static str>> {
    COMPARATIVES
        .iter()
        .find(|(forms, _)| has(forms, &token.lower))
        .map(|(_, quantities)| quantities.split_whitespace())
}

/// Gives the words of the columns that an adjective after `how` speaks of: `how old`.
pub(super) fn asked_quantities(token: &Token) -> Option<impl Iterator<Item = &'static str>> {
    let word = token.lower.as_str();
    let stem = word
        .strip_suffix('y')
        .map_or_else(|| word.to_owned(), |stem| format!("{stem}i"));
    let stem = stem.trim_end_matches('e');
    COMPARATIVES
        .iter()
        .find(|(forms, _)| has(forms, &format!("{stem}er")))
        .map(|(_, quantities)| quantities.split_whitespace())
}

/// Returns true for a word that compares.
pub(super) fn compares(token: &Token) -> bool {
    COMPARE.has(&token.lower) || compared_quantities(token).is_some()
}

/// Gives what a word says of the way that the outcome should go.
pub(super) fn expectation(token: &Token) -> Option<Expectation> {
    if RISING.has(&token.lower) {
        Some(Expectation::Rise)
    } else if FALLING.has(&token.lower) {
        Some(Expectation::Fall)
    } else {
        None
    }
}

/// Words for women and girls, and for men and boys.
pub(super) const SEXES: [(&str, &str); 2] = [
    ("female f woman w girl weiblich", "female woman girl lady"),
    ("male m man boy männlich", "male man boy gentleman"),
];

/// Gives the words for the sex that a level stands for.
pub(super) fn words_of_sex(level: &str) -> Option<impl Iterator<Item = &'static str>> {
    SEXES
        .iter()
        .find(|(levels, _)| has(levels, level))
        .map(|(_, words)| words.split_whitespace())
}

/// Returns true for a level that says that it happened.
pub(super) fn is_yes(level: &str) -> bool {
    has(
        "yes y true 1 x ja oui si present positive treated treatment",
        &level.to_lowercase(),
    )
}

/// Returns true for a level that says that it did not happen, or that nothing was done.
pub(super) fn is_no(level: &str) -> bool {
    let level = level.to_lowercase();
    has(
        "no n false 0 nein non none absent negative untreated control placebo never",
        &level,
    ) || level.is_empty()
}
