//! The figures of a text, each held against the numbers that it may speak of.

use crate::llm::Objection;

/// The kind of a number, which decides how it may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A p-value.
    P,
    /// A p-value on a part of the rows.
    PartP,
    /// A p-value after control over the run.
    Q,
    /// A count of rows.
    N,
    /// Another count, or a level that is a number.
    Count,
    /// A share of 1, which may be written in per cent.
    Share,
    /// Any other.
    Other,
}

/// A number that a text may speak of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct KnownNumber {
    pub(super) what: What,
    pub(super) value: f64,
}

/// A figure of a text.
#[derive(Debug, Clone, PartialEq)]
struct Figure {
    text: String,
    value: f64,
    /// The value of one unit of its last digit.
    resolution: f64,
    /// The value of one unit of the last digit before its trailing zeros.
    rough: f64,
    percent: bool,
    /// `p`, `q` or `n`, where the words before it say so.
    label: Option<What>,
    /// Said to be an upper bound.
    bound: bool,
}

/// Bounds that p-values are said to be below by habit.
const BOUNDS: [f64; 4] = [0.05, 0.01, 0.001, 0.0001];

/// The level of all our intervals, in per cent.
const CONFIDENCE: f64 = 95.0;

/// Holds every figure of `text`, from which names were taken out, against `known`.
///
/// # Errors
/// The first figure that is none of them.
pub(super) fn check_figures(text: &str, known: &[KnownNumber]) -> Result<(), Objection> {
    for figure in read_figures(text)? {
        if !figure.stands_for_any(known) {
            return Err(format!("the figure {} is none of the numbers given", figure.text).into());
        }
    }
    check_spelt_out_numbers(text, known)
}

impl Figure {
    fn stands_for_any(&self, known: &[KnownNumber]) -> bool {
        let fits = |what: What| match self.label {
            Some(label) => what == label || matches!((label, what), (What::N, What::Count) | (What::P, What::PartP)),
            None => true,
        };
        if self.bound && BOUNDS.contains(&self.value) && !self.percent {
            let mut below = known
                .iter()
                .filter(|known| matches!(known.what, What::P | What::Q) && fits(known.what))
                .peekable();
            return below.peek().is_some() && below.all(|known| known.value < self.value);
        }
        if self.percent && self.value == CONFIDENCE && self.label.is_none() {
            return true;
        }
        known.iter().any(|known| fits(known.what) && self.stands_for(known))
    }

    fn stands_for(&self, known: &KnownNumber) -> bool {
        let value = match (self.percent, known.what) {
            (true, What::Share) => known.value * 100.0,
            (true, _) => return false,
            (false, _) => known.value,
        };
        if value == self.value {
            return true;
        }
        if self.value == 0.0 || matches!(known.what, What::Count) {
            return false;
        }
        let off = (value - self.value).abs();
        let slack = 1.0 + 1e-9;
        (off <= 0.5 * self.resolution * slack && off <= 0.05 * value.abs())
            || (off <= 0.5 * self.rough * slack && off <= 0.01 * value.abs())
    }
}

/// The figures in digits.
fn read_figures(text: &str) -> Result<Vec<Figure>, Objection> {
    let letters: Vec<char> = text.chars().collect();
    let at = |place: usize| letters.get(place).copied().unwrap_or(' ');
    let mut figures = Vec::new();
    let mut place = 0;
    while place < letters.len() {
        let pointed = at(place) == '.' && at(place + 1).is_ascii_digit();
        if !at(place).is_ascii_digit() && !pointed {
            place += 1;
            continue;
        }
        let start = place;
        let before = |back: usize| start.checked_sub(back).map_or(' ', at);
        if before(1).is_alphabetic() {
            return Err(format!("a figure hangs on a word near `{}`", excerpt_around(&letters, start)).into());
        }
        let mut digits = String::new();
        let mut decimals = 0;
        loop {
            let thousands = at(place) == ','
                && !digits.is_empty()
                && (1..=3).all(|ahead| at(place + ahead).is_ascii_digit())
                && !at(place + 4).is_ascii_digit();
            if at(place).is_ascii_digit() {
                digits.push(at(place));
            } else if !thousands {
                break;
            }
            place += 1;
        }
        let zeros = digits.len() - digits.trim_end_matches('0').len();
        if at(place) == '.' && at(place + 1).is_ascii_digit() {
            digits.push('.');
            place += 1;
            while at(place).is_ascii_digit() {
                digits.push(at(place));
                decimals += 1;
                place += 1;
            }
        }
        let (exponent, after) = read_exponent(&letters, place)?;
        place = after;
        let (percent, after) = read_percent(&letters, place);
        place = after;
        if at(place).is_alphanumeric() {
            return Err(format!("a figure hangs on a word near `{}`", excerpt_around(&letters, start)).into());
        }
        let signed = matches!(before(1), '-' | '−' | '–') && !(before(2).is_alphanumeric() || before(2) == '%');
        let value: f64 = format!("{digits}e{exponent}").parse().unwrap_or(f64::NAN);
        let said = letters.get(..start).unwrap_or_default().iter().collect::<String>();
        let (label, bound) = words_before_figure(&said);
        let first = if signed { start - 1 } else { start };
        figures.push(Figure {
            text: letters.get(first..place).unwrap_or_default().iter().collect(),
            value: if signed { -value } else { value },
            resolution: 10_f64.powi(exponent - decimals),
            rough: match (decimals, exponent, i32::try_from(zeros)) {
                (0, 0, Ok(zeros)) => 10_f64.powi(zeros),
                _ => 0.0,
            },
            percent,
            label,
            bound,
        });
    }
    Ok(figures)
}

/// A power of ten from `place` on, and where it ends: `e-5`, `× 10^-5`.
fn read_exponent(letters: &[char], place: usize) -> Result<(i32, usize), Objection> {
    let at = |place: usize| letters.get(place).copied().unwrap_or(' ');
    let number = |from: usize| {
        let negative = matches!(at(from), '-' | '−');
        let first = if negative || at(from) == '+' { from + 1 } else { from };
        let digits: String = letters
            .iter()
            .skip(first)
            .take_while(|letter| letter.is_ascii_digit())
            .collect();
        let value: Option<i32> = digits.parse().ok().filter(|value| *value <= 400);
        value.map(|value| (if negative { -value } else { value }, first + digits.len()))
    };
    let breaks_off = || Objection::from(format!("a figure breaks off near `{}`", excerpt_around(letters, place)));
    if matches!(at(place), 'e' | 'E') && !at(place + 1).is_alphabetic() {
        return number(place + 1).ok_or_else(breaks_off);
    }
    let sign = if at(place) == ' ' { place + 1 } else { place };
    if !matches!(at(sign), '×' | 'x') {
        return Ok((0, place));
    }
    let ten = if at(sign + 1) == ' ' { sign + 2 } else { sign + 1 };
    let power: String = letters.iter().skip(ten).take(3).collect();
    if power != "10^" {
        return Ok((0, place));
    }
    number(ten + 3).ok_or_else(breaks_off)
}

fn read_percent(letters: &[char], place: usize) -> (bool, usize) {
    let rest: String = letters.iter().skip(place).take(12).collect();
    for sign in ["%", " %", " percent", " per cent"] {
        if rest.starts_with(sign) {
            return (true, place + sign.chars().count());
        }
    }
    (false, place)
}

/// Reads the kind of a figure from the words before it, and whether it is an upper bound.
fn words_before_figure(said: &str) -> (Option<What>, bool) {
    let lower = said.to_lowercase().replace(['(', '[', ','], " ");
    let spaced = lower.replace('<', " < ").replace('=', " = ").replace('≤', " ≤ ");
    let words: Vec<&str> = spaced.split_whitespace().rev().take(6).collect();
    let bound = matches!(
        words.as_slice(),
        ["<" | "below" | "under", ..] | ["than", "less" | "smaller" | "lower", ..]
    );
    let linking = |word: &&&str| {
        matches!(
            **word,
            "<" | "="
                | ":"
                | "≤"
                | "of"
                | "is"
                | "was"
                | "below"
                | "under"
                | "than"
                | "less"
                | "smaller"
                | "lower"
                | "about"
                | "a"
                | "at"
        )
    };
    let label = words
        .iter()
        .find(|word| !linking(word))
        .and_then(|word| match word.trim_end_matches(':') {
            "p" | "p-value" => Some(What::P),
            "q" | "q-value" => Some(What::Q),
            "n" => Some(What::N),
            _ => None,
        });
    (label, bound)
}

/// Numbers in words: small counts must be counts, and shares and multiples are refused, since nobody computed them.
fn check_spelt_out_numbers(text: &str, known: &[KnownNumber]) -> Result<(), Objection> {
    const SMALL: [&str; 10] = [
        "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ];
    const OTHERS: [&str; 34] = [
        "half",
        "halves",
        "quarter",
        "quarters",
        "twice",
        "thrice",
        "double",
        "doubles",
        "doubled",
        "doubling",
        "triple",
        "triples",
        "tripled",
        "dozen",
        "dozens",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "seventy",
        "eighty",
        "ninety",
        "hundred",
        "hundreds",
        "thousand",
        "million",
    ];
    for word in text.to_lowercase().split(|letter: char| !letter.is_alphabetic()) {
        let small = SMALL
            .iter()
            .position(|small| *small == word)
            .map(|place| place as f64 + 3.0);
        let refused = match small {
            Some(count) => !known
                .iter()
                .any(|known| matches!(known.what, What::N | What::Count) && known.value == count),
            None => OTHERS.contains(&word) || (word.ends_with("fold") && word.len() > 4),
        };
        if refused {
            return Err(format!("the number `{word}` is none of the numbers given: use those, in digits").into());
        }
    }
    Ok(())
}

fn excerpt_around(letters: &[char], place: usize) -> String {
    letters.iter().skip(place.saturating_sub(8)).take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<KnownNumber> {
        let all = [
            (What::N, 342.0),
            (What::Other, 0.871_201_8),
            (What::Other, -0.235_053),
            (What::Other, 4201.754),
            (What::P, 4.370_681e-107),
            (What::Q, 8.2e-106),
            (What::Share, 0.4231),
            (What::Count, 3.0),
        ];
        all.map(|(what, value)| KnownNumber { what, value }).to_vec()
    }

    #[test]
    fn figures_of_the_finding_pass() {
        for text in [
            "Over 342 rows (n = 342) r is 0.87 or 0.8712.",
            "It falls: -0.24, that is −0.235.",
            "The mean is 4,201.8 or 4202, roughly 4,200.",
            "p = 4.37e-107, p < 0.001, q = 8.2 × 10^-106, p-value below 0.05.",
            "A share of 42.3 % or 42%, with a 95% interval.",
            "Of 3 groups, all three, two of them alike.",
            "from -0.24 to 0.87, 0.87–0.8712",
            "No figure at all; one pair, and both columns.",
        ] {
            assert_eq!(check_figures(text, &known()), Ok(()), "{text}");
        }
    }

    #[test]
    fn invented_figures_do_not() {
        for text in [
            "r is 0.97.",
            "r is 0.88.",
            "r is 0.9, or 1.",
            "r is -0.87.",
            "It falls by 0.24.",
            "n = 343",
            "n is 0.87",
            "p = 0.87",
            "q = 4.37e-107",
            "p = 0.000",
            "p > 0.05",
            "a share of 87%",
            "99 % sure",
            "4100 g",
            "4,2017",
            "in 2024",
            "0.8712018123",
            "the 2nd",
            "R2 of it",
            "342mm",
            "8.2e-5, 8.2e",
            "one in four",
            "twice as heavy",
            "a tenfold rise",
            "ninety percent",
            "half of them",
            ".99",
            "1e999",
        ] {
            assert!(check_figures(text, &known()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bound_is_above_what_it_bounds() {
        let weak = [
            KnownNumber {
                what: What::P,
                value: 0.004,
            },
            KnownNumber {
                what: What::Q,
                value: 0.03,
            },
        ];
        assert!(check_figures("p < 0.01", &weak).is_ok());
        assert!(check_figures("q < 0.05", &weak).is_ok());
        assert!(check_figures("p < 0.001", &weak).is_err());
        assert!(check_figures("q below 0.01", &weak).is_err());
        // Without a name it must hold of both.
        assert!(check_figures("(< 0.01)", &weak).is_err());
        assert!(check_figures("p < 0.0042", &weak).is_err());
    }
}
