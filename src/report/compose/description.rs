//! What the question asked to have described, in sentences and tables.

use super::super::citation::Cited;
use super::super::document::{
    Block, Blocks, Draft, Line, LinkTarget, Row, Span, heading, line, paragraph, table, text,
};
use super::super::dossier::Dossier;
use super::super::number::NumberFormat;
use super::super::order::Relevance;
use super::super::trace::{TracedDescription, TracedFigure};
use super::effect::unit_of_column;
use super::words;
use crate::science::{DescribedFigure, DescriptionRecord};
use crate::study::{Inquiry, inquiry::AskedFigure};

/// Groups or levels that a sentence tells one by one, at most.
const MOST_TOLD: usize = 5;

/// Figures above which html folds the table away.
const FOLD: usize = 30;

/// The description in one sentence, with every number traced; more in [`add_descriptions_section`].
pub(crate) fn describe_description(dossier: &Dossier, description: &DescriptionRecord) -> Line<Draft> {
    let relevance = Relevance::of(dossier);
    let inquiry = relevance
        .interest(&description.dataset)
        .map(|interest| &interest.inquiry);
    let teller = Teller {
        dossier,
        description,
        inquiry,
    };
    teller.sentence()
}

/// Every figure of the descriptions, in tables.
pub(super) fn add_descriptions_section(dossier: &Dossier, out: &mut Blocks) {
    if dossier.descriptions.is_empty() {
        return;
    }
    out.push(heading(2, "descriptions", text("What was described")));
    out.push(paragraph(text(
        "These are figures with their ninety-five per cent confidence intervals. Nothing is tested by them, so they are \
         no findings and take no part in the error control.",
    )));
    for description in &dossier.descriptions {
        let teller = Teller {
            dossier,
            description,
            inquiry: None,
        };
        let about = line().code(&description.column);
        let about = match &description.by {
            Some(by) => about.text(" by ").code(by),
            None => about,
        };
        let mut card = vec![heading(3, description.id.as_str(), about)];
        let rows: Vec<Row<Draft>> = TracedDescription(description)
            .figures()
            .map(|traced| teller.table_row(traced))
            .collect();
        let many = rows.len() > FOLD;
        let figures = table(
            vec!["rows", "figure", "value", "from", "to", "n", "count", "out of"],
            vec![2, 3, 4, 5, 6, 7],
            rows,
        );
        card.push(match many {
            true => Block::Details {
                summary: text("All of them"),
                blocks: vec![figures],
            },
            false => figures,
        });
        let method = line().strong(text("How:")).text(" ").code(&description.method);
        card.push(paragraph(method.text(": ").name(&description.why).text(".")));
        let evidence = &description.evidence;
        let folder = format!("experiments/{}", evidence.experiment);
        let told = text("Evidence: ").link(LinkTarget::File(format!("{folder}/script.py")), text("script"));
        let told = told.text(" ").hash(&evidence.script_sha256).text(", ");
        let told = told.link(LinkTarget::File(format!("{folder}/result.json")), text("result"));
        card.push(paragraph(told.text(" ").hash(&evidence.result_sha256).text(".")));
        out.push(Block::Card(card));
    }
}

/// A sentence with a small letter at its beginning, after a colon.
fn lower_first(mut line: Line<Draft>) -> Line<Draft> {
    if let Some(Span::Text(first)) = line.0.first_mut() {
        *first = match *first {
            "The mean of " => "the mean of ",
            "The median of " => "the median of ",
            "The values of " => "the values of ",
            "The shares of " => "the shares of ",
            other => other,
        };
    }
    line
}

/// A description that is told.
struct Teller<'d> {
    dossier: &'d Dossier,
    description: &'d DescriptionRecord,
    /// The question; none where all figures are told alike.
    inquiry: Option<&'d Inquiry>,
}

impl<'d> Teller<'d> {
    fn sentence(&self) -> Line<Draft> {
        let description = self.description;
        let subset = self.inquiry.and_then(|inquiry| inquiry.subset.as_ref());
        let subset = subset.filter(|subset| description.by.as_ref() == Some(&subset.column));
        let told = match (&description.by, subset) {
            (Some(by), Some(subset)) => {
                let is_meant = |traced: &TracedFigure<'_>| {
                    traced
                        .figure
                        .group
                        .as_ref()
                        .is_some_and(|group| subset.levels.contains(group))
                };
                let meant: Vec<TracedFigure<'d>> = self.figures().filter(is_meant).collect();
                match meant.is_empty() {
                    true => self.over_all(),
                    false => self.in_groups(by, meant),
                }
            }
            (Some(by), None) => {
                let groups = self.figures().filter(|traced| traced.figure.group.is_some()).collect();
                let by_group = self.in_groups(by, groups);
                by_group.text(" Over all rows: ").then(lower_first(self.over_all()))
            }
            (None, _) => self.over_all(),
        };
        told.then(self.reservations())
    }

    fn figures(&self) -> impl Iterator<Item = TracedFigure<'d>> + use<'d> {
        TracedDescription(self.description).figures()
    }

    fn asked_figure(&self) -> AskedFigure {
        let asked = self.inquiry.and_then(|inquiry| inquiry.figure);
        asked.unwrap_or(AskedFigure::Any)
    }

    fn is_numeric(&self) -> bool {
        self.description
            .figures
            .first()
            .is_some_and(|figure| figure.name == DescribedFigure::MEAN)
    }

    /// Whether the median is what answers.
    fn leads_with_median(&self) -> bool {
        match self.asked_figure() {
            AskedFigure::Median => true,
            AskedFigure::Mean | AskedFigure::Count | AskedFigure::Share => false,
            AskedFigure::Any => self.description.skewed,
        }
    }

    fn over_all(&self) -> Line<Draft> {
        let all: Vec<TracedFigure<'d>> = self.figures().filter(|traced| traced.figure.group.is_none()).collect();
        if self.is_numeric() {
            return match all.as_slice() {
                [mean, median, ..] => self.mean_and_median(*mean, *median),
                _ => line(),
            };
        }
        match all.as_slice() {
            [] => line(),
            [only] => self.whole_share(*only),
            several => self.several_levels(several),
        }
    }

    /// A share of two levels, of k of n, or a rate, over all rows.
    fn whole_share(&self, traced: TracedFigure<'d>) -> Line<Draft> {
        let (figure, column) = (traced.figure, &self.description.column);
        if let Some(of) = &self.description.of {
            let value = self.value(traced);
            let what = match figure.name == DescribedFigure::RATE {
                true => line().code(column).text(" per unit of ").code(of).text(" is "),
                false => line().code(column).text(" as a share of ").code(of).text(" is "),
            };
            let what = match self.asked_figure() {
                AskedFigure::Count => {
                    let sum = text("The values of ").code(column).text(" sum up to ");
                    sum.number_or(self.count(traced), "no number").text("; ").then(what)
                }
                _ => what,
            };
            return what.then(value).text(" (").then(self.share_details(traced)).text(").");
        }
        let is_level = |line: Line<Draft>| {
            let level = figure.level.as_deref().unwrap_or_default();
            line.text(" of rows have ").code(column).text(" = ").name(level)
        };
        if self.asked_figure() == AskedFigure::Count {
            let (count, total) = (self.count(traced), self.total(traced));
            let counted = line().number_or(count, "none").text(" of ").number_or(total, "none");
            let level = figure.level.as_deref().unwrap_or_default();
            let counted = counted.text(" rows have ").code(column).text(" = ").name(level);
            let counted = counted.text(" (").then(self.value(traced));
            return counted.then(self.interval(traced, "; ")).text(").");
        }
        let told = is_level(self.value(traced));
        told.text(" (").then(self.share_details(traced)).text(").")
    }

    /// `30 of 210; 95 % interval 10.2 to 19.7 %`.
    fn share_details(&self, traced: TracedFigure<'d>) -> Line<Draft> {
        let counted = line().number_or(self.count(traced), "none").text(" of ");
        let counted = counted.number_or(self.total(traced), "none");
        counted.then(self.interval(traced, "; "))
    }

    /// Shares of three and more levels, the one that the question names first.
    fn several_levels(&self, shares: &[TracedFigure<'d>]) -> Line<Draft> {
        let column = &self.description.column;
        let named = self
            .inquiry
            .and_then(|inquiry| inquiry.levels.iter().find(|named| named.column == *column));
        let is_named = |traced: &&TracedFigure<'d>| {
            let level = traced.figure.level.as_ref();
            named.is_some_and(|named| level.is_some_and(|level| named.levels.contains(level)))
        };
        let chosen: Vec<&TracedFigure<'d>> = shares.iter().filter(is_named).collect();
        if let [only] = chosen.as_slice() {
            return self.whole_share(**only);
        }
        let chosen = match (chosen.is_empty(), shares) {
            // Of two levels one says it all.
            (true, [first, _]) => return self.whole_share(*first),
            (true, _) => shares.iter().collect(),
            (false, _) => chosen,
        };
        let told = chosen.iter().take(MOST_TOLD).map(|traced| {
            let level = traced.figure.level.as_deref().unwrap_or_default();
            let share = line().name(level).text(" ").then(self.value(**traced));
            share.text(" (").then(self.share_details(**traced)).text(")")
        });
        let told = words::join_lines(told, "none");
        let told = text("The shares of ").code(column).text(" are ").then(told);
        match chosen.len() > MOST_TOLD {
            true => told.text("; the other levels are in the table of figures."),
            false => told.text("."),
        }
    }

    /// `The mean of pay is 12.3 kg (95 % interval 11.9 to 12.7; n 320; median 11.8).`
    fn mean_and_median(&self, mean: TracedFigure<'d>, median: TracedFigure<'d>) -> Line<Draft> {
        let column = &self.description.column;
        let (first, second, name, other) = match self.leads_with_median() {
            true => (median, mean, "The median of ", "mean "),
            false => (mean, median, "The mean of ", "median "),
        };
        let told = match self.asked_figure() == AskedFigure::Count {
            true => {
                let total = mean.figure.total;
                let total = total.map(|total| mean.cite(total, "total").format(NumberFormat::Measure));
                let told = text("The values of ")
                    .code(column)
                    .text(" sum up to ")
                    .number_or(total, "no number");
                told.then(self.unit()).text("; their mean is ").then(self.value(mean))
            }
            false => text(name).code(column).text(" is ").then(self.value(first)),
        };
        let told = told.then(self.unit()).text(" (");
        let interval = self.interval(first, "");
        let told = match interval.0.is_empty() {
            true => told,
            false => told.then(interval).text("; "),
        };
        let told = told.text("n ").number(first.cite(first.figure.n, "n"));
        let told = told.text("; ").text(other).then(self.value(second));
        // Where the two say different things, both have their interval.
        let told = match self.description.skewed || self.differ(mean.figure, median.figure) {
            true => told.then(self.interval(second, ", ")),
            false => told,
        };
        told.text(").")
    }

    /// Whether the interval of the mean leaves the median out.
    fn differ(&self, mean: &DescribedFigure, median: &DescribedFigure) -> bool {
        let ends = mean.ci_low.zip(mean.ci_high);
        let outside = |value: f64| ends.is_some_and(|(low, high)| value < low || value > high);
        median.value.is_some_and(outside)
    }

    fn in_groups(&self, by: &'d str, figures: Vec<TracedFigure<'d>>) -> Line<Draft> {
        let column = &self.description.column;
        let leading = match (self.is_numeric(), self.leads_with_median()) {
            (true, true) => DescribedFigure::MEDIAN,
            (true, false) => DescribedFigure::MEAN,
            (false, _) => self.description.figures.first().map_or("", |figure| &figure.name),
        };
        let named = self
            .inquiry
            .and_then(|inquiry| inquiry.levels.iter().find(|named| named.column == *column));
        // Of several levels the one that is named, else the most frequent one.
        let level = self.description.figures.iter().find(|figure| {
            let level = figure.level.as_ref();
            named.is_none_or(|named| level.is_some_and(|level| named.levels.contains(level)))
        });
        let level = level.and_then(|figure| figure.level.as_deref());
        let shown: Vec<TracedFigure<'d>> = figures
            .into_iter()
            .filter(|traced| traced.figure.name == leading && traced.figure.level.as_deref() == level)
            .collect();
        let what = match (leading, level, &self.description.of) {
            (DescribedFigure::MEAN, ..) => text("The mean of ").code(column),
            (DescribedFigure::MEDIAN, ..) => text("The median of ").code(column),
            (DescribedFigure::RATE, _, Some(of)) => line().code(column).text(" per unit of ").code(of),
            (_, _, Some(of)) => line().code(column).text(" as a share of ").code(of),
            (_, Some(level), None) => text("The share of rows with ").code(column).text(" = ").name(level),
            (_, None, None) => text("The share of ").code(column),
        };
        let told = |traced: &TracedFigure<'d>| {
            let group = traced.figure.group.as_deref().unwrap_or_default();
            let value = self.value(*traced).then(self.unit());
            let details = match self.is_numeric() {
                true => {
                    let interval = self.interval(*traced, "");
                    let rows = text("n ").number(traced.cite(traced.figure.n, "n"));
                    if interval.0.is_empty() {
                        rows
                    } else {
                        interval.text("; ").then(rows)
                    }
                }
                false => self.share_details(*traced),
            };
            (value.text(" (").then(details).text(")"), group)
        };
        let told_group = |traced: &TracedFigure<'d>| {
            let (value, group) = told(traced);
            line().name(group).text(" ").then(value)
        };
        match shown.as_slice() {
            [] => what.text(" has no value in these rows."),
            [only] => {
                let (value, group) = told(only);
                let what = what.text(" where ").code(by).text(" = ").name(group);
                what.text(" is ").then(value).text(".")
            }
            groups if groups.len() <= MOST_TOLD => {
                let told = words::join_lines(groups.iter().map(told_group), "none");
                what.text(" by ").code(by).text(": ").then(told).text(".")
            }
            groups => {
                let value = |traced: &&TracedFigure<'d>| traced.figure.value.unwrap_or(f64::NAN);
                let by_value = |a: &&TracedFigure<'d>, b: &&TracedFigure<'d>| value(a).total_cmp(&value(b));
                let ends = [groups.iter().max_by(by_value), groups.iter().min_by(by_value)];
                let told = words::join_lines(ends.into_iter().flatten().map(told_group), "none");
                let what = what.text(" by ").code(by).text(" is highest and lowest at ");
                what.then(told).text("; the table of figures has every group.")
            }
        }
    }

    /// What is to be known of the rows behind it: those without a value, and how they depend on each other.
    fn reservations(&self) -> Line<Draft> {
        let description = self.description;
        let traced = TracedDescription(description);
        let mut told = line();
        if description.missing > 0 {
            let missing = traced.missing();
            let rows = if description.missing == 1 {
                " row has"
            } else {
                " rows have"
            };
            told = told
                .text(" ")
                .number(missing)
                .text(rows)
                .text(" no value and are left out.");
        }
        if let Some(by) = description.by.as_ref().filter(|_| description.ungrouped > 0) {
            let rows = if description.ungrouped == 1 {
                " row is"
            } else {
                " rows are"
            };
            let without = told.text(" ").number(traced.ungrouped()).text(rows);
            told = without.text(" in no group, because ").code(by).text(" has no value.");
        }
        let Some(dependence) = &description.dependence else {
            return told;
        };
        let count = traced.cite_below(dependence.count, "dependence/count");
        let column = |line: Line<Draft>| match &dependence.column {
            Some(column) => line.code(column),
            None => line,
        };
        match dependence.kind.as_str() {
            "constant" => {
                let told = told.text(" It is the same in all rows of one ");
                column(told).text(", so each of ").number(count).text(" counts once.")
            }
            "stretches" => told
                .text(" Neighbouring rows are alike, so the interval goes by ")
                .number(count)
                .text(" stretches of rows."),
            kind => {
                let why = if kind == "units" {
                    " Rows repeat "
                } else {
                    " Rows are alike within "
                };
                let told = column(told.text(why)).text(", so the interval goes by its ");
                told.number(count).text(" values and not by the rows.")
            }
        }
    }

    fn unit(&self) -> Line<Draft> {
        let numeric = self.is_numeric();
        let unit = unit_of_column(self.dossier, &self.description.dataset, &self.description.column);
        match unit.filter(|unit| numeric && *unit != "1") {
            Some(unit) => text(" ").name(unit),
            None => line(),
        }
    }

    fn format_of(figure: &DescribedFigure) -> NumberFormat {
        match figure.name.as_str() {
            DescribedFigure::SHARE => NumberFormat::Percent,
            _ => NumberFormat::Measure,
        }
    }

    fn value(&self, traced: TracedFigure<'d>) -> Line<Draft> {
        let value = traced.figure.value.map(|value| traced.cite(value, "value"));
        line().number_or(
            value.map(|cited| cited.format(Self::format_of(traced.figure))),
            "not known",
        )
    }

    fn count(&self, traced: TracedFigure<'d>) -> Option<Cited> {
        traced.figure.count.map(|count| traced.cite(count, "count"))
    }

    fn total(&self, traced: TracedFigure<'d>) -> Option<Cited> {
        traced.figure.total.map(|total| traced.cite(total, "total"))
    }

    /// `95 % interval 10.2 to 19.7 %`, after some text; empty where there is none.
    fn interval(&self, traced: TracedFigure<'d>, before: &'static str) -> Line<Draft> {
        let figure = traced.figure;
        let (Some(low), Some(high), Some(level)) = (figure.ci_low, figure.ci_high, figure.ci_level) else {
            return line();
        };
        let (low, high) = (traced.cite(low, "ci_low"), traced.cite(high, "ci_high"));
        let format = Self::format_of(figure);
        // The sign of per cent stands once.
        let low = match format {
            NumberFormat::Percent => low.format(NumberFormat::PlainPercent),
            format => low.format(format),
        };
        let told = text(before).number(traced.cite(level, "ci_level").format(NumberFormat::Percent));
        told.text(" interval ")
            .number(low)
            .text(" to ")
            .number(high.format(format))
    }

    fn table_row(&self, traced: TracedFigure<'d>) -> Row<Draft> {
        let figure = traced.figure;
        let format = Self::format_of(figure);
        let number = |number: Option<f64>, key: &'static str| {
            let cited = number.map(|number| traced.cite(number, key).format(format));
            line().number_or(cited, "–")
        };
        let name = match (&figure.level, &figure.name) {
            (Some(level), _) => text("share of ").name(level),
            (None, name) => line().name(name),
        };
        let is_mean = figure.name == DescribedFigure::MEAN || figure.name == DescribedFigure::MEDIAN;
        let rows = match &figure.group {
            Some(group) => line().name(group),
            None => text("all rows"),
        };
        vec![
            rows,
            name,
            number(figure.value, "value"),
            number(figure.ci_low, "ci_low"),
            number(figure.ci_high, "ci_high"),
            line().number(traced.cite(figure.n, "n")),
            line().number_or(self.count(traced), "–"),
            line().number_or(self.total(traced).filter(|_| !is_mean), "–"),
        ]
    }
}
