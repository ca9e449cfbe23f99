//! Numbers and how they are shown.

/// A number as an artefact holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    /// A whole number, zero or more.
    Count(u64),
    /// Any finite number.
    Real(f64),
}

impl Number {
    /// The number in a JSON value.
    pub(crate) fn from_json(number: &serde_json::Number) -> Option<Self> {
        number
            .as_u64()
            .map(Self::Count)
            .or_else(|| number.as_f64().map(Self::Real))
    }

    /// The value, unrounded, as text for errors.
    pub(crate) fn exact_text(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Real(real) => format!("{real:?}"),
        }
    }

    fn as_f64(self) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Real(real) => real,
        }
    }
}

impl PartialEq for Number {
    /// Exact: `3` and `3.0` are equal, nothing else that differs is.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Count(a), Self::Count(b)) => a == b,
            (a, b) => a.as_f64() == b.as_f64(),
        }
    }
}

impl From<u64> for Number {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<u32> for Number {
    fn from(count: u32) -> Self {
        Self::Count(u64::from(count))
    }
}

impl From<f64> for Number {
    fn from(real: f64) -> Self {
        Self::Real(real)
    }
}

/// How a number is shown; rounding happens here and nowhere before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFormat {
    /// Whole numbers in full, others to three significant digits.
    Plain,
    /// A probability, to three significant digits; what underflows to zero is shown as a bound.
    P,
    /// A share, in per cent.
    Percent,
    /// The same without the sign of per cent.
    PlainPercent,
    /// An amount in units: three significant digits without zeros at the end.
    Measure,
    /// The same with the other sign.
    OppositeMeasure,
    /// A difference of shares in percentage points, to one decimal.
    Points,
    /// The same with the other sign.
    OppositePoints,
    /// Milliseconds, shown in the unit that fits.
    Millis,
    /// Bytes, shown in the unit that fits.
    Bytes,
}

impl NumberFormat {
    /// The number as a reader sees it.
    pub(crate) fn format_number(self, number: Number) -> String {
        match (self, number) {
            (Self::P, number) if number.as_f64() == 0.0 => "<1×10⁻³⁰⁰".to_owned(),
            (Self::Percent, number) => format!("{} %", three_digits_trimmed(number.as_f64() * 100.0)),
            (Self::PlainPercent, number) => three_digits_trimmed(number.as_f64() * 100.0),
            (Self::Measure, number) => three_digits_trimmed(number.as_f64()),
            (Self::OppositeMeasure, number) => three_digits_trimmed(-number.as_f64()),
            (Self::Points, number) => points(number.as_f64()),
            (Self::OppositePoints, number) => points(-number.as_f64()),
            (Self::Millis, number) => format_millis(number.as_f64()),
            (Self::Bytes, number) => format_bytes(number.as_f64()),
            (Self::Plain | Self::P, Number::Count(count)) => group_thousands(&count.to_string()),
            (Self::Plain | Self::P, Number::Real(real)) if real.fract() == 0.0 && real.abs() < 1e15 => {
                with_sign(real, &group_thousands(&format!("{:.0}", real.abs())))
            }
            (Self::Plain | Self::P, Number::Real(real)) => three_digits(real),
        }
    }
}

/// A share in percentage points; more digits where one decimal would be nothing.
fn points(share: f64) -> String {
    let points = share * 100.0;
    match points.abs() {
        size if size >= 0.05 => with_sign(points, &format!("{size:.1}")),
        _ => three_digits_trimmed(points),
    }
}

/// Three significant digits; powers of ten where the number is very small or large.
fn three_digits(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e6).contains(&size) {
        return scientific_notation(value);
    }
    let exponent = size.log10().floor() as i32;
    let decimals = usize::try_from(2 - exponent).unwrap_or(0);
    let digits = format!("{size:.decimals$}");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let joint = if fraction.is_empty() { "" } else { "." };
    with_sign(value, &format!("{}{joint}{fraction}", group_thousands(whole)))
}

/// As [`significant`], without the zeros at the end.
fn three_digits_trimmed(value: f64) -> String {
    let digits = three_digits(value);
    match digits.split_once('.') {
        Some((_, fraction)) if !fraction.contains('×') => {
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => digits,
    }
}

fn scientific_notation(value: f64) -> String {
    let digits = format!("{:.2e}", value.abs());
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    let raised: String = exponent.chars().map(superscript_digit).collect();
    with_sign(value, &format!("{mantissa}×10{raised}"))
}

fn superscript_digit(digit: char) -> char {
    match digit {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        _ => '⁹',
    }
}

fn with_sign(value: f64, digits: &str) -> String {
    if value < 0.0 {
        format!("−{digits}")
    } else {
        digits.to_owned()
    }
}

/// Thousands apart, from five digits on.
fn group_thousands(digits: &str) -> String {
    if digits.len() < 5 {
        return digits.to_owned();
    }
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn format_millis(value: f64) -> String {
    if value < 1000.0 {
        format!("{} ms", three_digits_trimmed(value))
    } else if value < 120_000.0 {
        format!("{} s", three_digits_trimmed(value / 1000.0))
    } else {
        format!("{} min", three_digits_trimmed(value / 60_000.0))
    }
}

fn format_bytes(value: f64) -> String {
    const KIB: f64 = 1024.0;
    if value < KIB {
        format!("{value:.0} B")
    } else if value < KIB * KIB {
        format!("{} KiB", three_digits_trimmed(value / KIB))
    } else if value < KIB * KIB * KIB {
        format!("{} MiB", three_digits_trimmed(value / KIB / KIB))
    } else {
        format!("{} GiB", three_digits_trimmed(value / KIB / KIB / KIB))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_a_reader_expects() {
        let cases: [(NumberFormat, Number, &str); 22] = [
            (NumberFormat::Measure, 1.6.into(), "1.6"),
            (NumberFormat::Measure, (-9.204).into(), "−9.2"),
            (NumberFormat::OppositeMeasure, (-0.24).into(), "0.24"),
            (NumberFormat::Points, 0.0912.into(), "9.1"),
            (NumberFormat::OppositePoints, 0.1.into(), "−10.0"),
            (NumberFormat::Points, 0.0001.into(), "0.01"),
            (NumberFormat::Plain, 344_u64.into(), "344"),
            (NumberFormat::Plain, 12_345_678_u64.into(), "12,345,678"),
            (NumberFormat::Plain, (-0.23505).into(), "−0.235"),
            (NumberFormat::Plain, 0.871_202.into(), "0.871"),
            (NumberFormat::Plain, 4201.754.into(), "4202"),
            (NumberFormat::Plain, 39_999.6.into(), "40,000"),
            (NumberFormat::Plain, 3.0.into(), "3"),
            (NumberFormat::Plain, (-1500.0).into(), "−1500"),
            (NumberFormat::Plain, 0.0.into(), "0"),
            (NumberFormat::P, 0.0496.into(), "0.0496"),
            (NumberFormat::P, 4.37e-107.into(), "4.37×10⁻¹⁰⁷"),
            (NumberFormat::P, 0.0.into(), "<1×10⁻³⁰⁰"),
            (NumberFormat::Percent, 0.05.into(), "5 %"),
            (NumberFormat::Millis, 1234_u64.into(), "1.23 s"),
            (NumberFormat::Bytes, 2048_u64.into(), "2 KiB"),
            (NumberFormat::Plain, 1.5e9.into(), "1,500,000,000"),
        ];
        for (format, number, expected) in cases {
            assert_eq!(format.format_number(number), expected, "{format:?} {number:?}");
        }
    }

    #[test]
    fn equality_is_exact() {
        assert_eq!(Number::from(3_u64), Number::from(3.0));
        assert_ne!(Number::from(0.1 + 0.2), Number::from(0.3));
    }
}
