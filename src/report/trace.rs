//! The numbers of a test with their places in its result.

use super::citation::{Citation, Cited};
use super::dossier::Dossier;
use super::number::{Number, NumberFormat};
use crate::science::{DescribedFigure, DescriptionRecord, Effect, EffectInUnits, Part, PartResult, TestRecord};

/// A test whose numbers are cited from its result.
#[derive(Clone, Copy)]
pub(crate) struct Traced<'d>(pub(crate) &'d TestRecord);

/// An effect size and where it stands.
pub(crate) struct TracedEffect<'d> {
    test: Traced<'d>,
    /// The effect.
    pub(crate) effect: &'d Effect,
    pointer: String,
}

/// What a test shows in units and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct TracedUnits<'d> {
    test: Traced<'d>,
    /// The effect, or the contrasts of several groups.
    pub(crate) shown: &'d EffectInUnits,
}

impl<'d> Traced<'d> {
    /// What the test shows in the units of its columns; none where nothing is known of that.
    pub(crate) fn units(self, dossier: &'d Dossier) -> Option<TracedUnits<'d>> {
        let shown = dossier.units.get(&self.0.id)?;
        Some(TracedUnits { test: self, shown })
    }

    /// A number below the test's place in its result.
    pub(crate) fn cite_below(self, number: impl Into<Number>, pointer: &str) -> Cited {
        let evidence = &self.0.evidence;
        Cited::result(number, &evidence.experiment, format!("{}/{pointer}", evidence.locator))
    }

    /// The part of the result that the verdict speaks of.
    fn judged_part(self) -> &'static str {
        match self.0.part {
            Part::Whole => "whole",
            Part::Confirm => "confirm",
        }
    }

    /// Complete rows used.
    pub(crate) fn n(self) -> Cited {
        self.cite_below(self.0.n, &format!("{}/n", self.judged_part()))
    }

    /// The test's statistic.
    pub(crate) fn statistic(self) -> Option<Cited> {
        self.0
            .statistic
            .map(|statistic| self.cite_below(statistic, &format!("{}/statistic", self.judged_part())))
    }

    /// The p-value that was judged: the primary test's, or the one that the script says to judge by, where rows repeat
    /// a unit or shuffled copies say that it is not as rare as it claims.
    pub(crate) fn p(self) -> Cited {
        self.cite_below(self.0.p, &format!("{}/p", self.judged_part()))
            .format(NumberFormat::P)
            .or(format!("{}/p_judged", self.0.evidence.locator))
    }

    /// The adjusted p-value, which Kosmos computed and the ledger holds.
    pub(crate) fn q(self) -> Cited {
        let citation = Citation::Verdict {
            hypothesis: self.0.id.clone(),
        };
        Cited {
            number: self.0.q.into(),
            format: NumberFormat::P,
            citation,
        }
    }

    /// The effect that the verdict speaks of.
    pub(crate) fn effect(self) -> TracedEffect<'d> {
        self.effect_at(&self.0.effect, &format!("{}/effect", self.judged_part()))
    }

    /// Some other effect of the test.
    pub(crate) fn effect_at(self, effect: &'d Effect, pointer: &str) -> TracedEffect<'d> {
        TracedEffect {
            test: self,
            effect,
            pointer: pointer.to_owned(),
        }
    }

    /// The minimum detectable effect.
    pub(crate) fn mde(self) -> Option<Cited> {
        let value = self.0.mde.as_ref()?.value?;
        Some(self.cite_below(value, "mde/value"))
    }

    /// Both parts of the rows, with the names that the result gives them.
    pub(crate) fn parts(self) -> Vec<(&'static str, &'d PartResult)> {
        let parts = [("explore", &self.0.explore), ("confirm", &self.0.confirm)];
        parts
            .into_iter()
            .filter_map(|(name, part)| Some((name, part.as_ref()?)))
            .collect()
    }

    /// Every number of the test, whether the report shows it or not: `findings.json` holds them all.
    pub(crate) fn all_numbers(self) -> Vec<Cited> {
        let test = self.0;
        let mut all = vec![self.n(), self.p(), self.q()];
        all.extend(self.statistic());
        all.extend(self.effect().all_numbers());
        for (name, part) in self.parts() {
            all.push(self.cite_below(part.n, &format!("{name}/n")));
            all.extend(part.p.map(|p| self.cite_below(p, &format!("{name}/p"))));
            all.extend(self.effect_numbers(part.effect.as_ref(), &format!("{name}/effect")));
        }
        for (at, group) in test.groups.iter().flatten().enumerate() {
            all.push(self.cite_below(group.n, &format!("groups/{at}/n")));
            all.extend(
                group
                    .value
                    .map(|value| self.cite_below(value, &format!("groups/{at}/value"))),
            );
        }
        for (at, assumption) in test.assumptions.iter().enumerate() {
            all.extend(
                assumption
                    .statistic
                    .map(|value| self.cite_below(value, &format!("assumptions/{at}/statistic"))),
            );
            all.extend(assumption.p.map(|p| self.cite_below(p, &format!("assumptions/{at}/p"))));
        }
        for (at, variant) in test.variants.iter().enumerate() {
            all.extend(variant.n.map(|n| self.cite_below(n, &format!("variants/{at}/n"))));
            all.extend(
                variant
                    .statistic
                    .map(|value| self.cite_below(value, &format!("variants/{at}/statistic"))),
            );
            all.extend(variant.p.map(|p| self.cite_below(p, &format!("variants/{at}/p"))));
            all.extend(self.effect_numbers(variant.effect.as_ref(), &format!("variants/{at}/effect")));
        }
        for (at, adjusted) in test.adjusted.iter().enumerate() {
            all.extend(adjusted.n.map(|n| self.cite_below(n, &format!("adjusted/{at}/n"))));
            all.extend(adjusted.p.map(|p| self.cite_below(p, &format!("adjusted/{at}/p"))));
            all.extend(self.effect_numbers(adjusted.effect.as_ref(), &format!("adjusted/{at}/effect")));
            for (level, stratum) in adjusted.strata.iter().flatten().enumerate() {
                let place = format!("adjusted/{at}/strata/{level}");
                all.push(self.cite_below(stratum.n, &format!("{place}/n")));
                all.extend(stratum.p.map(|p| self.cite_below(p, &format!("{place}/p"))));
                all.extend(
                    stratum
                        .effect_value
                        .map(|value| self.cite_below(value, &format!("{place}/effect_value"))),
                );
            }
        }
        if let Some(mde) = &test.mde {
            all.extend(self.mde());
            all.extend([
                self.cite_below(mde.power, "mde/power"),
                self.cite_below(mde.alpha, "mde/alpha"),
            ]);
        }
        all
    }

    fn effect_numbers(self, effect: Option<&'d Effect>, pointer: &str) -> Vec<Cited> {
        effect
            .map(|effect| self.effect_at(effect, pointer).all_numbers())
            .unwrap_or_default()
    }
}

impl TracedUnits<'_> {
    /// A number of the effect.
    pub(crate) fn cite_effect(self, number: f64, key: &str) -> Cited {
        let part = self.test.judged_part();
        self.test.cite_below(number, &format!("{part}/units/{key}"))
    }

    /// A number of the contrast at a place of the list.
    pub(crate) fn cite_contrast(self, at: usize, number: f64, key: &str) -> Cited {
        let part = self.test.judged_part();
        self.test.cite_below(number, &format!("{part}/contrasts/{at}/{key}"))
    }

    /// Every number, whether the report shows it or not.
    pub(crate) fn all_numbers(self) -> Vec<Cited> {
        let effect = self.shown.effect.iter().flat_map(|effect| {
            [
                (effect.value, "value"),
                (effect.ci_low, "ci_low"),
                (effect.ci_high, "ci_high"),
                (effect.ci_level, "ci_level"),
            ]
        });
        let effect = effect.filter_map(|(number, key)| Some(self.cite_effect(number?, key)));
        let contrasts = self.shown.contrasts.iter().enumerate().flat_map(|(at, contrast)| {
            [
                (contrast.value, "value"),
                (contrast.ci_low, "ci_low"),
                (contrast.ci_high, "ci_high"),
                (contrast.ci_level, "ci_level"),
                (contrast.p, "p"),
            ]
            .map(|(number, key)| self.cite_contrast(at, number, key))
        });
        effect.chain(contrasts).collect()
    }
}

impl TracedEffect<'_> {
    fn cite_key(&self, value: Option<f64>, key: &str) -> Option<Cited> {
        value.map(|value| self.test.cite_below(value, &format!("{}/{key}", self.pointer)))
    }

    /// The estimate.
    pub(crate) fn value(&self) -> Option<Cited> {
        self.cite_key(self.effect.value, "value")
    }

    /// Both ends of its interval.
    pub(crate) fn interval(&self) -> Option<(Cited, Cited)> {
        self.cite_key(self.effect.ci_low, "ci_low")
            .zip(self.cite_key(self.effect.ci_high, "ci_high"))
    }

    fn all_numbers(&self) -> Vec<Cited> {
        let ends = [
            self.cite_key(self.effect.ci_low, "ci_low"),
            self.cite_key(self.effect.ci_high, "ci_high"),
        ];
        self.value().into_iter().chain(ends.into_iter().flatten()).collect()
    }
}

/// A description whose numbers are cited from its result.
#[derive(Clone, Copy)]
pub(crate) struct TracedDescription<'d>(pub(crate) &'d DescriptionRecord);

impl<'d> TracedDescription<'d> {
    /// A number below the description's place in its result.
    pub(crate) fn cite_below(self, number: impl Into<Number>, pointer: &str) -> Cited {
        let evidence = &self.0.evidence;
        Cited::result(number, &evidence.experiment, format!("{}/{pointer}", evidence.locator))
    }

    /// Its figures, each with its place.
    pub(crate) fn figures(self) -> impl Iterator<Item = TracedFigure<'d>> {
        let figures = self.0.figures.iter().enumerate();
        figures.map(move |(place, figure)| TracedFigure {
            description: self,
            place,
            figure,
        })
    }

    /// Rows that were used.
    pub(crate) fn n(self) -> Cited {
        self.cite_below(self.0.n, "whole/n")
    }

    /// Rows without a value.
    pub(crate) fn missing(self) -> Cited {
        self.cite_below(self.0.missing, "missing")
    }

    /// Rows with a value and without a group.
    pub(crate) fn ungrouped(self) -> Cited {
        self.cite_below(self.0.ungrouped, "ungrouped")
    }

    /// Every number, whether the report shows it or not.
    pub(crate) fn all_numbers(self) -> Vec<Cited> {
        let mut all = vec![self.n(), self.missing()];
        all.extend((self.0.ungrouped > 0).then(|| self.ungrouped()));
        if let Some(dependence) = &self.0.dependence {
            all.push(self.cite_below(dependence.count, "dependence/count"));
        }
        all.extend(self.figures().flat_map(TracedFigure::all_numbers));
        all
    }
}

/// A figure of a description and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct TracedFigure<'d> {
    description: TracedDescription<'d>,
    place: usize,
    /// The figure.
    pub(crate) figure: &'d DescribedFigure,
}

impl TracedFigure<'_> {
    /// A number of the figure.
    pub(crate) fn cite(self, number: impl Into<Number>, key: &str) -> Cited {
        self.description
            .cite_below(number, &format!("figures/{}/{key}", self.place))
    }

    fn all_numbers(self) -> Vec<Cited> {
        let figure = self.figure;
        let real = [
            (figure.count, "count"),
            (figure.total, "total"),
            (figure.value, "value"),
            (figure.ci_low, "ci_low"),
            (figure.ci_high, "ci_high"),
            (figure.ci_level, "ci_level"),
        ];
        let real = real
            .into_iter()
            .filter_map(|(number, key)| Some(self.cite(number?, key)));
        std::iter::once(self.cite(figure.n, "n")).chain(real).collect()
    }
}
