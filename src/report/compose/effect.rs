//! An effect in the units of its columns, in words.

use super::super::citation::Cited;
use super::super::document::{Draft, Line, line, text};
use super::super::dossier::Dossier;
use super::super::number::NumberFormat;
use super::super::trace::{Traced, TracedUnits};
use super::groups_apart::GroupsApart;
use super::words;
use crate::science::{TestRecord, UnitsEffect, kind};
use crate::study::LevelContrast;

/// The p-value below which a test that the control withholds suggests something.
const SUGGESTIVE: f64 = 0.05;

/// Levels that others are compared with, in lower case.
const CONTROLS: [&str; 12] = [
    "placebo",
    "control",
    "controls",
    "sham",
    "none",
    "no",
    "untreated",
    "usual",
    "standard",
    "baseline",
    "0",
    "false",
];

/// Units by their UCUM code: one of them, and several.
const UNITS: [(&str, &str, &str); 9] = [
    ("a", "year", "years"),
    ("mo", "month", "months"),
    ("wk", "week", "weeks"),
    ("d", "day", "days"),
    ("h", "hour", "hours"),
    ("min", "minute", "min"),
    ("s", "second", "s"),
    ("%", "percentage point", "percentage points"),
    ("1", "unit", ""),
];

/// What a test shows, in words.
pub(crate) struct EffectClause {
    /// The effect in a clause.
    pub(crate) clause: Line<Draft>,
    /// What stands in brackets behind it; never empty.
    pub(crate) details: Line<Draft>,
}

/// Says what a test shows in the units of its columns; none where that is not known, or is not what the test found.
pub(crate) fn describe_effect(dossier: &Dossier, test: &TestRecord) -> Option<EffectClause> {
    let units = Traced(test).units(dossier)?;
    let told = Teller { dossier, test, units };
    let Some(effect) = &units.shown.effect else {
        return match (test.is_finding(), test.significant) {
            (true, _) => told.describe_groups(),
            (_, false) if test.p >= SUGGESTIVE => told.describe_equal_groups(),
            _ => None,
        };
    };
    match (told.excludes_null(effect)?, test.is_finding()) {
        (true, true) if told.agrees(effect) => told.describe_finding(effect),
        (true, false) if told.agrees(effect) && !test.significant && test.p < SUGGESTIVE => {
            told.describe_suggestion(effect)
        }
        (false, false) if !test.significant && test.p >= SUGGESTIVE => told.describe_null(effect),
        _ => None,
    }
}

/// The effect of a test with its interval, turned to a contrast: `1.6 g, 95 % 0.7 to 2.4`.
pub(crate) fn interval_in_units(dossier: &Dossier, test: &TestRecord, turned: bool) -> Option<Line<Draft>> {
    let units = Traced(test).units(dossier)?;
    let told = Teller { dossier, test, units };
    let effect = units.shown.effect.as_ref()?;
    let [value, low, high] = told.numbers(effect, turned)?;
    Some(
        told.amount(effect, value)
            .text(", ")
            .then(told.interval(effect, low, high)?),
    )
}

/// The unit of measurement of a column, as the codebook has it.
pub(crate) fn unit_of_column<'d>(dossier: &'d Dossier, dataset: &str, column: &str) -> Option<&'d str> {
    let dataset = dossier.datasets.iter().find(|known| known.name == dataset)?;
    dataset.profile.as_ref()?.column_named(column)?.unit.as_deref()
}

/// A test whose effect is told.
struct Teller<'d> {
    dossier: &'d Dossier,
    test: &'d TestRecord,
    units: TracedUnits<'d>,
}

impl<'d> Teller<'d> {
    /// The estimate on a scale whose null is 0.
    fn beyond_null(effect: &UnitsEffect, value: f64) -> f64 {
        match effect.is_ratio() {
            true => value - 1.0,
            false => value,
        }
    }

    fn excludes_null(&self, effect: &UnitsEffect) -> Option<bool> {
        let (low, high) = effect.ci_low.zip(effect.ci_high)?;
        Some(Self::beyond_null(effect, low) > 0.0 || Self::beyond_null(effect, high) < 0.0)
    }

    /// Whether the effect has the direction of the test, which may be one of ranks.
    fn agrees(&self, effect: &UnitsEffect) -> bool {
        let Some((value, direction)) = effect.value.zip(self.test.direction.as_deref()) else {
            return false;
        };
        let up = Self::beyond_null(effect, value) > 0.0;
        match (direction, &effect.contrast) {
            ("+", None) => up,
            ("-", None) => !up,
            ("+", Some(_)) if self.is_wide_pair(effect) => up,
            ("-", Some(_)) if self.is_wide_pair(effect) => !up,
            (level, Some(contrast)) if up => level == contrast.level,
            (level, Some(contrast)) => level == contrast.reference,
            _ => false,
        }
    }

    /// Two columns that are compared in each row.
    fn is_wide_pair(&self, effect: &UnitsEffect) -> bool {
        let is_pair = |contrast: &LevelContrast| contrast.level == self.test.y && contrast.reference == self.test.x;
        self.test.kind == kind::PAIRED && effect.contrast.as_ref().is_some_and(is_pair)
    }

    fn is_share(effect: &UnitsEffect) -> bool {
        effect.name == UnitsEffect::RISK_DIFFERENCE
    }

    /// Estimate and ends of the interval; turned with the other sign.
    fn numbers(&self, effect: &UnitsEffect, turned: bool) -> Option<[Cited; 3]> {
        if turned && effect.is_ratio() {
            return None;
        }
        let format = match (Self::is_share(effect), turned) {
            (false, false) => NumberFormat::Measure,
            (false, true) => NumberFormat::OppositeMeasure,
            (true, false) => NumberFormat::Points,
            (true, true) => NumberFormat::OppositePoints,
        };
        let cite = |number: f64, key: &str| self.units.cite_effect(number, key).format(format);
        let value = cite(effect.value?, "value");
        let (low, high) = (cite(effect.ci_low?, "ci_low"), cite(effect.ci_high?, "ci_high"));
        Some(if turned { [value, high, low] } else { [value, low, high] })
    }

    /// `95 % 0.7 to 2.4`.
    fn interval(&self, effect: &UnitsEffect, low: Cited, high: Cited) -> Option<Line<Draft>> {
        let level = self.level(effect)?;
        Some(line().number(level).text(" ").number(low).text(" to ").number(high))
    }

    fn level(&self, effect: &UnitsEffect) -> Option<Cited> {
        let level = self.units.cite_effect(effect.ci_level?, "ci_level");
        Some(level.format(NumberFormat::Percent))
    }

    /// An amount of the outcome with its unit.
    fn amount(&self, effect: &UnitsEffect, value: Cited) -> Line<Draft> {
        line().number(value).then(self.outcome_unit(effect))
    }

    /// The unit of the outcome after a number; empty where it has none.
    fn outcome_unit(&self, effect: &UnitsEffect) -> Line<Draft> {
        if Self::is_share(effect) {
            return text(" percentage points");
        }
        if effect.is_ratio() {
            return line();
        }
        self.measure_unit()
    }

    /// The unit of the outcome's column after a number; empty where it has none.
    fn measure_unit(&self) -> Line<Draft> {
        match unit_of_column(self.dossier, &self.test.dataset, &self.test.y) {
            None => line(),
            Some(code) => match UNITS.iter().find(|(known, ..)| *known == code) {
                Some((_, _, "")) => line(),
                Some((_, _, several)) => text(" ").text(several),
                None => text(" ").name(code),
            },
        }
    }

    /// `each kg more of `x``.
    fn each_unit(&self) -> Line<Draft> {
        let unit = unit_of_column(self.dossier, &self.test.dataset, &self.test.x);
        let unit = match unit.map(|code| (code, UNITS.iter().find(|(known, ..)| *known == code))) {
            None => text("unit"),
            Some((_, Some((_, one, _)))) => text(one),
            Some((code, None)) => line().name(code),
        };
        text("each ").then(unit).text(" more of ").code(&self.test.x)
    }

    /// `y` = event, of an outcome with levels.
    fn event(&self) -> Option<Line<Draft>> {
        let event = self.test.y_level.as_deref()?;
        Some(line().code(&self.test.y).text(" = ").name(event))
    }

    /// What a ratio is of.
    fn rate(&self, effect: &UnitsEffect) -> Option<Line<Draft>> {
        Some(match effect.name.as_str() {
            UnitsEffect::HAZARD_RATIO => text("the hazard of an event"),
            UnitsEffect::RATE_RATIO => text("the rate of ").code(&self.test.y),
            UnitsEffect::SD_RATIO => text("the standard deviation of ").code(&self.test.y),
            _ if self.test.kind == kind::PROPORTION => text("the odds of ").code(&self.test.y),
            _ => text("the odds of ").then(self.event()?),
        })
    }

    fn describe_finding(&self, effect: &UnitsEffect) -> Option<EffectClause> {
        match &effect.contrast {
            None => self.describe_slope(effect),
            Some(contrast) => self.describe_difference(effect, contrast),
        }
    }

    /// What a unit more of the exposure goes with.
    fn describe_slope(&self, effect: &UnitsEffect) -> Option<EffectClause> {
        let falls = Self::beyond_null(effect, effect.value?) < 0.0;
        let [value, low, high] = self.numbers(effect, falls && !effect.is_ratio())?;
        let clause = self.each_unit().text(" goes with ");
        let clause = match effect.is_ratio() {
            true => clause.number(value).text(" times ").then(self.rate(effect)?),
            false => clause
                .then(self.amount(effect, value))
                .text(if falls { " less of " } else { " more of " })
                .code(&self.test.y),
        };
        Some(EffectClause {
            clause: clause.then(words::given_clause(self.test)),
            details: self.interval(effect, low, high)?,
        })
    }

    /// How two levels, or two measurements, differ.
    fn describe_difference(&self, effect: &UnitsEffect, contrast: &LevelContrast) -> Option<EffectClause> {
        let falls = Self::beyond_null(effect, effect.value?) < 0.0 && !effect.is_ratio();
        let [value, low, high] = self.numbers(effect, falls)?;
        let mut details = self.interval(effect, low, high)?;
        // Lower with the drug than with placebo, not higher with placebo.
        let swaps = !effect.is_ratio() && !falls && is_against_control(contrast);
        let (level, reference) = match swaps {
            true => (&contrast.reference, &contrast.level),
            false => (&contrast.level, &contrast.reference),
        };
        let way = if falls || swaps { " lower" } else { " higher" };
        let with = || line().code(&self.test.x).text(" = ").name(level);
        let given = words::given_clause(self.test);
        let clause = match effect.name.as_str() {
            UnitsEffect::RISK_DIFFERENCE => {
                let share = |level: &str| Some(self.group_value(level)?.format(NumberFormat::Percent));
                let shares = self.event()?.text(" in ").number(share(level)?).text(" with ");
                let shares = shares.then(with()).text(" and ").number(share(reference)?);
                let shares = shares.text(" with ").name(reference).then(given).text(": ");
                shares.then(self.amount(effect, value)).text(way)
            }
            _ if effect.is_ratio() => {
                let is = match effect.name.as_str() {
                    UnitsEffect::ODDS_RATIO => " are ",
                    _ => " is ",
                };
                // Of counts, what is compared is a number that people know: shares, or rates per unit of the amount at risk.
                if let Some((a, b)) = self.group_value(level).zip(self.group_value(reference)) {
                    let format = match self.test.kind.as_str() {
                        kind::PROPORTION => Some(NumberFormat::Percent),
                        kind::COUNTS => Some(NumberFormat::Measure),
                        _ => None,
                    };
                    if let Some(format) = format {
                        details = details.text("; ").number(a.format(format)).text(" against ");
                        details = details.number(b.format(format));
                    }
                }
                let rate = self.rate(effect)?.text(is).number(value).text(" times as high with ");
                rate.then(with()).text(" as with ").name(reference).then(given)
            }
            _ => {
                if let Some((a, b)) = self.group_value(level).zip(self.group_value(reference))
                    && self.test.covariates.is_empty()
                {
                    let (a, b) = (a.format(NumberFormat::Measure), b.format(NumberFormat::Measure));
                    details = details.text("; ").number(a).text(" against ").number(b);
                }
                let is = line().code(&self.test.y).text(" is").text(way);
                let is = match self.is_wide_pair(effect) {
                    true => is.text(" than ").code(&self.test.x),
                    false => is.text(" with ").then(with()).text(" than with ").name(reference),
                };
                is.then(given).text(", by ").then(self.amount(effect, value))
            }
        };
        Some(EffectClause { clause, details })
    }

    /// The mean of a group, or its share of the event.
    fn group_value(&self, level: &str) -> Option<Cited> {
        let mut groups = self.test.groups.iter().flatten().enumerate();
        let (at, group) = groups.find(|(_, group)| group.level == level)?;
        Some(Traced(self.test).cite_below(group.value?, &format!("groups/{at}/value")))
    }

    /// What an interval would show if it stood alone, where the control over all tests withholds it.
    fn describe_suggestion(&self, effect: &UnitsEffect) -> Option<EffectClause> {
        let told = self.describe_finding(effect)?;
        let clause = told
            .clause
            .text("; suggestive, not established: after error control over the whole run, q is ");
        Some(EffectClause {
            clause: clause.number(Traced(self.test).q()),
            details: told.details,
        })
    }

    /// What an interval that includes no effect leaves out.
    fn describe_null(&self, effect: &UnitsEffect) -> Option<EffectClause> {
        let (x, y) = (&self.test.x, &self.test.y);
        let turned = effect.contrast.as_ref().is_some_and(is_against_control) && !effect.is_ratio();
        let [value, low, high] = self.numbers(effect, turned)?;
        let (what, of) = match &effect.contrast {
            None => {
                let of = match effect.is_ratio() {
                    true => text(" times ").then(self.rate(effect)?),
                    false => self.outcome_unit(effect).text(" of ").code(y),
                };
                let what = text("no relation of ").code(x).text(" and ").code(y);
                (what, of.text(" for ").then(self.each_unit()))
            }
            Some(contrast) => {
                let (level, reference) = match turned {
                    true => (&contrast.reference, &contrast.level),
                    false => (&contrast.level, &contrast.reference),
                };
                let what = text("no difference of ");
                let what = match effect.name.as_str() {
                    UnitsEffect::RISK_DIFFERENCE => what.then(self.event()?),
                    _ if effect.is_ratio() => what.then(self.rate(effect)?),
                    _ => what.code(y),
                };
                let what = match self.is_wide_pair(effect) {
                    true => what.text(" and ").code(x),
                    false => {
                        let between = what.text(" between ").code(x).text(" = ").name(level);
                        between.text(" and ").name(reference)
                    }
                };
                let of = match effect.is_ratio() {
                    true => text(" times as high with ").name(level).text(" as with "),
                    false => self.outcome_unit(effect).text(" for ").name(level).text(" less "),
                };
                (what, of.name(reference))
            }
        };
        let clause = what.then(words::given_clause(self.test)).text(" was detected: the ");
        let clause = clause.number(self.level(effect)?).text(" interval, ");
        let clause = clause.number(low).text(" to ").number(high).then(of);
        Some(EffectClause {
            clause: clause.text(match effect.is_ratio() {
                true => ", excludes stronger ones",
                false => ", excludes larger ones",
            }),
            details: text("estimate ").number(value),
        })
    }

    /// The groups that stand apart among three or more.
    fn describe_groups(&self) -> Option<EffectClause> {
        let contrasts = &self.units.shown.contrasts;
        let at = contrasts.iter().position(|contrast| contrast.ci_low > 0.0)?;
        let apart = GroupsApart::of(contrasts).describe()?;
        let clause = line().code(&self.test.y).text(" by ").code(&self.test.x);
        Some(EffectClause {
            clause: clause.then(words::given_clause(self.test)).text(": ").then(apart),
            details: text("largest difference, ").then(self.contrast(at)?),
        })
    }

    /// What the intervals of all pairs of three or more groups leave out, where none stand apart.
    fn describe_equal_groups(&self) -> Option<EffectClause> {
        let contrasts = &self.units.shown.contrasts;
        if contrasts.iter().any(|contrast| contrast.ci_low > 0.0) {
            return None;
        }
        let numbered = contrasts.iter().enumerate();
        let (at, farthest) = numbered.max_by(|(_, a), (_, b)| a.ci_high.total_cmp(&b.ci_high))?;
        let clause = text("no difference of ")
            .code(&self.test.y)
            .text(" by ")
            .code(&self.test.x);
        let clause = clause.then(words::given_clause(self.test)).text(" was detected: the ");
        let level = self.units.cite_contrast(at, farthest.ci_level, "ci_level");
        let clause = clause.number(level.format(NumberFormat::Percent));
        let bound = self.units.cite_contrast(at, farthest.ci_high, "ci_high");
        let clause = clause.text(" intervals of all pairs exclude differences of more than ");
        Some(EffectClause {
            clause: clause
                .number(bound.format(NumberFormat::Measure))
                .then(self.measure_unit()),
            details: text("farthest interval, ").then(self.contrast(at)?),
        })
    }

    /// `a less c: 6 kg, 95 % 5 to 7`.
    fn contrast(&self, at: usize) -> Option<Line<Draft>> {
        let shown = self.units.shown.contrasts.get(at)?;
        let cite = |number: f64, key: &str| self.units.cite_contrast(at, number, key);
        let measure = |number: f64, key: &str| cite(number, key).format(NumberFormat::Measure);
        let (level, reference) = (&shown.contrast.level, &shown.contrast.reference);
        let told = line().name(level).text(" less ").name(reference).text(": ");
        let told = told
            .number(measure(shown.value, "value"))
            .then(self.measure_unit())
            .text(", ");
        let told = told
            .number(cite(shown.ci_level, "ci_level").format(NumberFormat::Percent))
            .text(" ");
        let told = told.number(measure(shown.ci_low, "ci_low")).text(" to ");
        Some(told.number(measure(shown.ci_high, "ci_high")))
    }
}

/// Whether what others are compared with comes first: placebo less the drug.
fn is_against_control(contrast: &LevelContrast) -> bool {
    let is_control = |level: &str| CONTROLS.contains(&level.to_lowercase().as_str());
    is_control(&contrast.level) && !is_control(&contrast.reference)
}
