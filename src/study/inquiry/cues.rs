//! The phrases that say what is asked, and those that say what is held fixed.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    AskedFigure,
    words::{Token, root},
};

/// The meaning of a phrase for the words around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    /// The left explains the right, or the other way with `by` after it: an effect.
    Affects,
    /// The same for a change that also happens by itself.
    Moves,
    /// The left predicts the right.
    Predicts,
    /// The left explains the right, nothing said of an effect.
    Explains,
    /// The right explains the left.
    Depends,
    /// The right are groups in which the left differs.
    Differs,
    /// Groups differ, before what they differ in.
    Difference,
    /// All that is named goes together.
    Relates,
    /// The noun of an effect, with `of` and `on`.
    EffectOf,
    /// The noun of a relation, with `of`, `between` or `with`.
    RelationOf,
    /// The noun of what explains something.
    CauseOf,
    /// The noun of what predicts something.
    PredictorOf,
    /// Two measurements of one thing.
    Agrees,
    /// The left changes how the rest go together.
    Moderates,
    /// Columns act on each other's effect.
    Interacts,
    /// The left stands between the rest.
    Mediates,
    /// What follows stands between.
    Through,
    /// A dose and a response.
    Dose,
    /// What follows is counted in steps.
    PerStep,
    /// In time.
    OverTime,
    /// A figure is asked for.
    Describes,
}

/// Phrases and what they say; a word with `*` stands for all of its forms. Longer phrases come first.
const CUES: &[(Cue, &[&str])] = &[
    (Cue::Dose, &["dose response", "dose dependent", "dose effect"]),
    (
        Cue::PerStep,
        &[
            "for each additional",
            "for every additional",
            "for each extra",
            "for every extra",
            "for each further",
            "for each",
            "for every",
            "per additional",
            "per extra",
            "per unit",
            "with each additional",
            "with every additional",
            "with each",
            "with every",
        ],
    ),
    (
        Cue::OverTime,
        &[
            "over time",
            "over the year*",
            "over the month*",
            "over the week*",
            "over the day*",
            "over the decade*",
            "through time",
            "across time",
            "from year to year",
            "year by year",
            "before and after",
            "trend*",
        ],
    ),
    (
        Cue::EffectOf,
        &[
            "effect*",
            "the impact",
            "an impact",
            "impact of",
            "impact on",
            "influence of",
            "influence on",
            "the influence",
            "an influence",
            "role of",
            "consequence* of",
        ],
    ),
    (
        Cue::RelationOf,
        &[
            "relation",
            "relations",
            "relationship*",
            "association",
            "associations",
            "correlation",
            "correlations",
            "link between",
            "links between",
            "link of",
            "the link",
            "a link",
            "connection",
            "connections",
            "dependence",
            "slope of",
        ],
    ),
    (
        Cue::CauseOf,
        &[
            "determinant* of",
            "determinant*",
            "driver of",
            "drivers of",
            "cause of",
            "causes of",
            "risk factor* for",
            "risk factor* of",
            "reason* for",
            "behind",
        ],
    ),
    (
        Cue::PredictorOf,
        &[
            "predictor of",
            "predictors of",
            "predictor for",
            "predictors for",
            "predictor",
            "predictors",
            "correlate of",
            "correlates of",
        ],
    ),
    (
        Cue::Depends,
        &[
            "depend* on",
            "depend* upon",
            "depend*",
            "dependent on",
            "vary with",
            "varies with",
            "varied with",
            "vary by",
            "varies by",
            "vary across",
            "varies across",
            "vary between",
            "varies between",
            "vary among",
            "varies among",
            "vary",
            "varies",
            "respond* to",
            "a function of",
            "increase* with",
            "decrease* with",
            "change* with",
            "rise* with",
            "rising with",
            "fall* with",
            "grow* with",
            "decline* with",
            "drop* with",
            "improve* with",
            "worsen* with",
        ],
    ),
    (
        Cue::Affects,
        &[
            "affect*",
            "influence*",
            "impact",
            "impacts",
            "impacted",
            "have to do with",
            "prevent*",
            "cause*",
            "drive*",
            "driving",
            "determine*",
            "shape*",
            "contribute* to",
            "lead* to",
            "result* in",
            "protect* against",
            "protect* from",
            "harm*",
            "hurt*",
            "help*",
            "alter",
            "alters",
            "altered",
            "promote*",
            "inhibit*",
            "delay*",
            "trigger",
            "triggers",
            "triggered",
            "produce*",
            "make*",
            "making",
            "modify",
            "modifies",
            "modified",
            "boost*",
            "raise*",
            "raising",
            "lower",
            "lowers",
            "lowered",
            "lowering",
            "reduce*",
            "cut",
            "cuts",
            "shorten*",
            "lengthen*",
            "extend*",
            "enhance*",
            "suppress*",
            "matter* for",
            "benefit*",
            "effective against",
            "effective in",
            "effective for",
            "effective at",
            "work* against",
        ],
    ),
    (
        Cue::Moves,
        &[
            "change*",
            "increase*",
            "decrease*",
            "improve*",
            "worsen*",
            "rise",
            "rises",
            "rising",
            "rose",
            "risen",
            "fall*",
            "grow*",
            "grew",
            "decline*",
            "drop*",
            "drift*",
            "shrink*",
            "develop*",
            "evolve*",
        ],
    ),
    (
        Cue::Predicts,
        &[
            "predict*",
            "forecast*",
            "foretell*",
            "tell*",
            "distinguish*",
            "discriminate*",
            "classify",
            "classifies",
            "separate*",
            "identify",
            "identifies",
            "detect*",
            "diagnose*",
            "anticipate*",
        ],
    ),
    (Cue::Explains, &["account* for", "explain*"]),
    (
        Cue::Difference,
        &[
            "difference between",
            "differences between",
            "difference in",
            "differences in",
            "difference among",
            "differences among",
            "difference",
            "differences",
            "gap between",
            "gap in",
        ],
    ),
    (
        Cue::Differs,
        &[
            "differ between",
            "differs between",
            "differed between",
            "differ by",
            "differs by",
            "differ across",
            "differs across",
            "differ among",
            "differs among",
            "differ from",
            "differs from",
            "differ with",
            "differs with",
            "differ",
            "differs",
            "differed",
            "differing",
            "different between",
            "different across",
            "different from",
            "different for",
            "different in",
            "different among",
            "different by",
            "different",
        ],
    ),
    (
        Cue::Relates,
        &[
            "go with",
            "goes with",
            "going with",
            "went with",
            "go together",
            "goes together",
            "relate to",
            "relates to",
            "related to",
            "related with",
            "relate",
            "relates",
            "related",
            "associate with",
            "associates with",
            "associated with",
            "associated",
            "correlate with",
            "correlates with",
            "correlated with",
            "correlate",
            "correlates",
            "correlated",
            "link to",
            "links to",
            "linked to",
            "linked with",
            "linked",
            "connected to",
            "connected with",
            "connected",
            "coincide* with",
            "tied to",
            "independent of",
        ],
    ),
    (
        Cue::Agrees,
        &[
            "agree* with",
            "agree*",
            "agreement between",
            "agreement of",
            "agreement",
            "concordance",
            "concordant",
            "interchangeable",
            "replace*",
            "consistent with",
            "same as",
            "give the same",
            "gives the same",
            "the same values",
            "reproducible",
            "reproduce*",
        ],
    ),
    (
        Cue::Moderates,
        &["moderate", "moderates", "moderated", "moderation", "moderator"],
    ),
    (
        Cue::Interacts,
        &["interact", "interacts", "interacting", "interaction", "interactions"],
    ),
    (
        Cue::Mediates,
        &["mediate", "mediates", "mediated", "mediation", "mediator"],
    ),
    (Cue::Through, &["through", "via", "by way of", "by means of"]),
    (
        Cue::Describes,
        &[
            "what share",
            "what proportion",
            "what percentage",
            "what fraction",
            "what percent",
            "how many",
            "how common",
            "how often",
            "how frequent*",
            "how large",
            "how big",
            "how high",
            "how old",
            "how long",
            "how tall",
            "how heavy",
            "how wide",
            "how deep",
            "how fast",
            "how expensive",
            "how prevalent",
            "what is the average",
            "what is the mean",
            "what is the median",
            "what is the typical",
            "what is the distribution",
            "what is the share",
            "what is the proportion",
            "what is the percentage",
            "what is the range",
            "what is the prevalence",
            "what is the total",
            "what is the rate",
            "describe*",
            "distribution of",
            "summary",
            "summarize",
            "summarise",
            "typical",
        ],
    ),
];

/// A phrase, ready to be compared with tokens.
struct Phrase {
    words: Vec<PhraseWord>,
}

/// A word of a phrase: one form, or the root of all its forms.
enum PhraseWord {
    Form(&'static str),
    Root(String),
}

impl Phrase {
    fn of(text: &'static str) -> Self {
        let word = |word: &'static str| match word.strip_suffix('*') {
            Some(stem) => PhraseWord::Root(root(stem)),
            None => PhraseWord::Form(word),
        };
        Self {
            words: text.split(' ').map(word).collect(),
        }
    }

    /// Gives the number of tokens that the phrase takes, zero where it does not stand.
    fn count_tokens(&self, tokens: &[&Token]) -> usize {
        let mut at = 0;
        for word in &self.words {
            // `dose-response` is two words.
            if at > 0 && tokens.get(at).is_some_and(|token| token.is_mark('-')) {
                at += 1;
            }
            let fits = tokens.get(at).is_some_and(|token| match word {
                PhraseWord::Form(form) => token.lower == *form,
                PhraseWord::Root(root) => token.root == *root,
            });
            if !fits {
                return 0;
            }
            at += 1;
        }
        at
    }
}

/// Phrases by their first word, each with what it says.
struct Phrases<T> {
    by_form: HashMap<&'static str, Vec<(Phrase, T)>>,
    by_root: HashMap<String, Vec<(Phrase, T)>>,
}

impl<T: Copy> Phrases<T> {
    fn of(lists: impl Iterator<Item = (T, &'static [&'static str])>) -> Self {
        let (mut by_form, mut by_root): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = Default::default();
        for (says, texts) in lists {
            for text in texts {
                let phrase = Phrase::of(text);
                match phrase.words.first() {
                    Some(PhraseWord::Form(form)) => by_form.entry(*form).or_default().push((phrase, says)),
                    Some(PhraseWord::Root(root)) => by_root.entry(root.clone()).or_default().push((phrase, says)),
                    None => {}
                }
            }
        }
        Self { by_form, by_root }
    }

    /// Gives the longest phrase that begins with the first token, by its number of tokens.
    fn find(&self, tokens: &[&Token]) -> Option<(usize, T)> {
        let first = tokens.first()?;
        let by_form = self.by_form.get(first.lower.as_str());
        let by_root = self.by_root.get(&first.root);
        let mut best: Option<(usize, T)> = None;
        for (phrase, says) in by_form.into_iter().chain(by_root).flatten() {
            let length = phrase.count_tokens(tokens);
            if length > best.map_or(0, |(most, _)| most) {
                best = Some((length, *says));
            }
        }
        best
    }
}

/// Gives the longest cue that begins with the first token, with its number of tokens.
pub(super) fn find_cue(tokens: &[&Token]) -> Option<(usize, Cue)> {
    static COMPILED: LazyLock<Phrases<Cue>> = LazyLock::new(|| Phrases::of(CUES.iter().copied()));
    COMPILED.find(tokens)
}

/// Words that name the figure that is asked for.
const FIGURES: &[(AskedFigure, &[&str])] = &[
    (AskedFigure::Median, &["median", "medians", "typical", "typically"]),
    (AskedFigure::Mean, &["mean", "means", "average", "averages", "averaged"]),
    (
        AskedFigure::Share,
        &[
            "share",
            "shares",
            "proportion",
            "proportions",
            "percentage",
            "percentages",
            "percent",
            "fraction",
            "common",
            "often",
            "frequent",
            "frequently",
            "frequency",
            "prevalence",
            "prevalent",
            "rate",
        ],
    ),
    (AskedFigure::Count, &["total", "sum"]),
];

/// Gives the figure that the words of a question ask for, those that name columns left out.
pub(super) fn find_figure(tokens: &[Token], named: &[bool]) -> Option<AskedFigure> {
    let free = |place: usize| named.get(place) != Some(&true);
    let counts = tokens.windows(2).enumerate().any(|(place, words)| match words {
        [first, second] => {
            free(place) && (first.lower == "how" && second.lower == "many")
                || (first.lower == "number" && second.lower == "of")
        }
        _ => false,
    });
    let mut words = tokens.iter().enumerate().filter(|(place, _)| free(*place));
    let found = words.find_map(|(_, token)| {
        let list = FIGURES.iter().find(|(_, words)| words.contains(&token.lower.as_str()));
        list.map(|(figure, _)| *figure)
    });
    found.or(counts.then_some(AskedFigure::Count))
}

/// Returns true for a word that names a figure.
pub(super) fn is_figure(token: &Token) -> bool {
    FIGURES.iter().any(|(_, words)| words.contains(&token.lower.as_str()))
}

/// Words by which a question is about how much of the scatter something explains, and about no figure of its own.
const SCATTER: &[&str] = &["variance", "variation", "variability", "variances"];

/// Returns true for a word of scatter that is to be explained.
pub(super) fn is_scatter(token: &Token) -> bool {
    SCATTER.contains(&token.lower.as_str())
}

/// Phrases after which stands what is held fixed.
const FIXED_BEFORE: &[&str] = &[
    "adjusting for",
    "adjusted for",
    "adjust for",
    "controlling for",
    "controlled for",
    "control for",
    "correcting for",
    "corrected for",
    "accounting for",
    "allowing for",
    "standardised for",
    "standardized for",
    "stratified by",
    "conditional on",
    "conditioning on",
    "independent of",
    "independently of",
    "regardless of",
    "irrespective of",
    "net of",
    "holding",
    "keeping",
    "given",
    "at equal",
    "at the same",
    "at a given",
    "at fixed",
    "at constant",
    "at a fixed",
    "for the same",
    "for equal",
    "with the same",
    "with equal",
    "within each",
    "within every",
    "within the same",
    "partialling out",
    "over and above",
    "taking into account",
    "taking account of",
    "taking",
    "after removing",
    "after adjustment for",
    "after controlling for",
    "after adjusting for",
    "apart from",
    "beyond",
    "other than through",
];

/// Phrases before which stands what is held fixed.
const FIXED_AFTER: &[&str] = &[
    "held fixed",
    "held constant",
    "held equal",
    "is held fixed",
    "is held constant",
    "are held constant",
    "are held fixed",
    "kept fixed",
    "kept constant",
    "is kept constant",
    "is fixed",
    "being equal",
    "fixed",
    "constant",
    "into account",
    "is taken into account",
    "are taken into account",
    "taken into account",
];

/// Gives the number of tokens of a phrase after which stands what is held fixed.
pub(super) fn fixes_after(tokens: &[&Token]) -> usize {
    static COMPILED: LazyLock<Phrases<()>> = LazyLock::new(|| Phrases::of(std::iter::once(((), FIXED_BEFORE))));
    COMPILED.find(tokens).map_or(0, |(length, ())| length)
}

/// Gives the number of tokens of a phrase before which stands what is held fixed.
pub(super) fn fixes_before(tokens: &[&Token]) -> usize {
    static COMPILED: LazyLock<Phrases<()>> = LazyLock::new(|| Phrases::of(std::iter::once(((), FIXED_AFTER))));
    COMPILED.find(tokens).map_or(0, |(length, ())| length)
}
