//! Whether a finding's effect stands for a risk ratio, and for which. Where the formulas do not hold there is a reason
//! instead, and a measure that is not known has none.

const std = @import("std");
const e_value = @import("e_value.zig");

/// A finding as `research_finished` has it, as far as it matters here.
pub const Finding = struct {
    statement: []const u8,
    x: []const u8,
    y: []const u8,
    kind: []const u8,
    effect: Effect,
    covariates: []const []const u8 = &.{},
    by: ?[]const u8,
    why: ?[]const u8,
    n: ?f64,
    statistic: ?f64,
    direction: ?[]const u8,
    y_level: ?[]const u8,
    groups: ?[]const Group,
    caveats: []const []const u8 = &.{},

    pub fn has(finding: Finding, caveat: []const u8) bool {
        return among(caveat, finding.caveats);
    }

    pub fn isOf(finding: Finding, kind: []const u8) bool {
        return is(finding.kind, kind);
    }
};

pub const Effect = struct { name: []const u8, value: ?f64, ci_low: ?f64, ci_high: ?f64 };

/// A level and its rate of `y_level`.
pub const Group = struct { level: []const u8, n: f64, value: ?f64 };

/// A value with its 95 % interval, where there is one.
pub const Estimate = struct { value: f64, interval: ?Interval = null };

pub const Interval = struct { low: f64, high: f64 };

/// How an effect is turned into a risk ratio.
pub const Scale = enum {
    difference,
    correlation,
    partial_correlation,
    odds,
    odds_per_sd,
    hazards,
    hazards_per_sd,
    /// It is one, of the rates of two groups.
    rates,

    fn ratio(scale: Scale, value: f64) f64 {
        return switch (scale) {
            .difference => e_value.ofDifference(value),
            .correlation, .partial_correlation => e_value.ofCorrelation(value),
            .odds, .odds_per_sd => e_value.ofOdds(value),
            .hazards, .hazards_per_sd => e_value.ofHazards(value),
            .rates => value,
        };
    }

    /// Whether a value can be one.
    fn holds(scale: Scale, value: f64) bool {
        return std.math.isFinite(value) and switch (scale) {
            .difference => true,
            .correlation, .partial_correlation => @abs(value) < 1,
            else => value > 0,
        };
    }
};

/// A risk ratio and the effect that it was turned from.
pub const Found = struct { scale: Scale, effect: Estimate, ratio: Estimate };

/// Why there is no E-value.
pub const Reason = enum {
    interaction,
    custom,
    explained,
    drift,
    bent,
    hazards,
    ranks,
    groups,
    pairs,
    steps,
    levels,
    unknown,
    numbers,
};

pub const Outcome = union(enum) { found: Found, none: Reason };

/// What of Kosmos's kinds and measures the formulas hold for.
const conversions = [_]struct { kind: []const u8, effects: []const []const u8, scale: Scale }{
    .{ .kind = "numeric_numeric", .effects = &.{ "r", "pearson_r" }, .scale = .correlation },
    .{ .kind = "group_numeric", .effects = &.{ "hedges_g", "cohens_d" }, .scale = .difference },
    .{ .kind = "numeric_binary", .effects = &.{"odds_ratio_per_sd"}, .scale = .odds_per_sd },
    .{ .kind = "adjusted", .effects = &.{"odds_ratio_per_sd"}, .scale = .odds_per_sd },
    .{ .kind = "adjusted", .effects = &.{"odds_ratio"}, .scale = .odds },
    .{ .kind = "adjusted", .effects = &.{"partial_r"}, .scale = .partial_correlation },
    .{ .kind = "stratified", .effects = &.{"partial_r"}, .scale = .partial_correlation },
    .{ .kind = "survival", .effects = &.{"hazard_ratio"}, .scale = .hazards },
    .{ .kind = "survival", .effects = &.{"hazard_ratio_per_sd"}, .scale = .hazards_per_sd },
};

/// Measures that say how far ranks agree.
const ranks = [_][]const u8{ "rho", "spearman_rho", "partial_rho", "tau", "kendall_tau", "rank_biserial", "auc" };

/// Measures that say how much several groups differ in all.
const shares = [_][]const u8{
    "cramers_v", "phi", "omega_squared", "epsilon_squared", "eta_squared", "eta", "partial_v", "concordance",
};

/// The risk ratio that a finding stands for.
pub fn outcome(finding: Finding) Outcome {
    const effect = finding.effect.name;
    if (finding.isOf("interaction")) return .{ .none = .interaction };
    // Of a model's code there is no more than a name for its effect.
    if (finding.isOf("custom")) return .{ .none = .custom };
    // An E-value is for what is left when what was measured is held fixed, as these two kinds do.
    const holds_fixed = finding.isOf("adjusted") or finding.isOf("stratified");
    if (!holds_fixed and (finding.has("confounded") or finding.has("simpson_reversal"))) return .{ .none = .explained };
    if (finding.has("time_order")) return .{ .none = .drift };
    if (finding.has("nonlinear")) return .{ .none = .bent };
    if (finding.isOf("survival") and finding.has("assumption_violated")) return .{ .none = .hazards };
    if (finding.isOf("paired")) return .{ .none = .pairs };
    if (finding.isOf("categorical_categorical")) {
        if (riskRatio(finding)) |found| return .{ .found = found };
    }
    for (conversions) |conversion| {
        if (!finding.isOf(conversion.kind) or !among(effect, conversion.effects)) continue;
        if (conversion.scale == .partial_correlation) {
            // A stratified test takes ranks where a column is skewed, and says so; and a level as 0 and 1.
            if (std.mem.indexOf(u8, finding.why orelse "", "ranks") != null) return .{ .none = .ranks };
            if (finding.y_level != null) return .{ .none = .levels };
        }
        return if (converted(conversion.scale, finding.effect)) |found| .{ .found = found } else .{ .none = .numbers };
    }
    // The steps are numbered, and the outcome may be in ranks: the record does not say which.
    if (finding.isOf("dose_response")) return .{ .none = .steps };
    if (among(effect, &ranks)) return .{ .none = .ranks };
    if (among(effect, &shares)) return .{ .none = .groups };
    return .{ .none = if (is(effect, "none")) .numbers else .unknown };
}

fn converted(scale: Scale, effect: Effect) ?Found {
    const value = effect.value orelse return null;
    if (!scale.holds(value)) return null;
    var found: Found = .{
        .scale = scale,
        .effect = .{ .value = value },
        .ratio = .{ .value = scale.ratio(value) },
    };
    if (effect.ci_low) |low| if (effect.ci_high) |high| {
        if (!scale.holds(low) or !scale.holds(high) or low > value or high < value) return null;
        found.effect.interval = .{ .low = low, .high = high };
        found.ratio.interval = .{ .low = scale.ratio(low), .high = scale.ratio(high) };
    };
    return found;
}

/// Of two groups and an outcome of two levels, from the rates that the record has. Its interval: Katz, Baptista, Azen and Pike
/// (1978), Biometrics 34:469-474.
fn riskRatio(finding: Finding) ?Found {
    const groups = finding.groups orelse return null;
    if (groups.len != 2 or finding.y_level == null) return null;
    const n, const m = .{ groups[0].n, groups[1].n };
    const p, const q = .{ groups[0].value orelse return null, groups[1].value orelse return null };
    // The interval is the normal distribution's: it needs some rows in each cell.
    for ([_]f64{ n * p, n * (1 - p), m * q, m * (1 - q) }) |rows| if (!(rows > 4.5 and rows < 1e15)) return null;
    // Where the rates alone give the chi-squared of the record, the outcome has no third level, and they are of the rows
    // that were judged.
    const rate = (n * p + m * q) / (n + m);
    const chi2 = (p - q) * (p - q) / (rate * (1 - rate) * (1 / n + 1 / m));
    const told = finding.statistic orelse return null;
    if (!(@abs(chi2 - told) <= 1e-6 * chi2)) return null;
    const half = 1.959964 * @sqrt((1 - p) / (n * p) + (1 - q) / (m * q));
    const ratio: Estimate = .{
        .value = p / q,
        .interval = .{ .low = p / q * @exp(-half), .high = p / q * @exp(half) },
    };
    return .{ .scale = .rates, .effect = ratio, .ratio = ratio };
}

pub fn among(word: []const u8, words: []const []const u8) bool {
    for (words) |other| if (is(word, other)) return true;
    return false;
}

pub fn is(a: []const u8, b: []const u8) bool {
    return std.mem.eql(u8, a, b);
}
