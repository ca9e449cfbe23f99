//! E-values, and the risk ratios that other measures stand for.
//!
//! VanderWeele TJ, Ding P (2017): Sensitivity analysis in observational research: introducing the E-value. Annals of
//! Internal Medicine 167:268-274; the conversions are those of its table 2, for outcomes that may be common. For rarer ones
//! they lie nearer to 1, which makes the E-value smaller.

/// The least risk ratio that a confounder must have with both sides to explain this one away.
pub fn eValue(ratio: f64) f64 {
    const away = if (ratio < 1) 1 / ratio else ratio;
    return away + @sqrt(away) * @sqrt(away - 1);
}

/// The same for the limit of the interval that is nearest to 1; 1 where the interval covers it.
pub fn eValueOfLimit(low: f64, high: f64) f64 {
    if (low > 1) return eValue(low);
    return if (high < 1) eValue(high) else 1;
}

/// Of a standardised difference of means.
pub fn ofDifference(d: f64) f64 {
    return @exp(0.91 * d);
}

/// Of an odds ratio. VanderWeele (2017): On a square-root transformation of the odds ratio for a common outcome.
/// Epidemiology 28:e58-e60.
pub fn ofOdds(odds: f64) f64 {
    return @sqrt(odds);
}

/// Of a hazard ratio. VanderWeele (2020): Optimal approximate conversions of odds ratios and hazard ratios to risk ratios.
/// Biometrics 76:746-752.
pub fn ofHazards(hazards: f64) f64 {
    return (1 - @exp2(-@sqrt(hazards))) / (1 - @exp2(-@sqrt(1 / hazards)));
}

/// Of a correlation of two numbers, for two standard deviations of one of them: d = 2r / sqrt(1 - r²) (Borenstein, Hedges,
/// Higgins and Rothstein 2009: Introduction to Meta-Analysis, chapter 7). That it speaks of two standard deviations follows from
/// Mathur and VanderWeele (2020): A simple, interpretable conversion from Pearson's correlation to Cohen's d for
/// continuous exposures. Epidemiology 31:e16-e18.
pub fn ofCorrelation(r: f64) f64 {
    return ofDifference(2 * r / @sqrt(1 - r * r));
}

const std = @import("std");

fn near(expected: f64, found: f64) !void {
    try std.testing.expectApproxEqAbs(expected, found, 0.005);
}

test "the example of the paper, both ways round" {
    try near(7.26, eValue(3.9));
    try near(3.0, eValueOfLimit(1.8, 8.7));
    try near(7.26, eValue(1.0 / 3.9));
    try near(3.0, eValueOfLimit(1.0 / 8.7, 1.0 / 1.8));
    try near(1, eValueOfLimit(0.9, 1.4));
}

test "what other measures stand for" {
    try near(1.58, ofDifference(0.5));
    try near(3, ofOdds(9));
    // R's package EValue for a hazard ratio of 0.56 [0.46 to 0.69] of a common outcome.
    try near(0.67, ofHazards(0.56));
    try near(1 / ofHazards(2.5), ofHazards(0.4));
    try near(1, ofHazards(1));
    try near(2.86, ofCorrelation(0.5));
}
