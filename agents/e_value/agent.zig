//! Says how strong an unmeasured confounder would have to be to explain each finding away: a section of the report.

const std = @import("std");
const kosmos = @import("kosmos_agent.zig");
const e_value = @import("e_value.zig");
const measure = @import("measure.zig");

comptime {
    kosmos.serve(handle);
}

/// Findings that have a paragraph, at most.
const MOST = 30;

/// Bytes of a text of the run's, at most.
const LONGEST = 500;

/// Key of the state.
const RANDOMISED = "randomised";

const Started = struct { randomised: []const []const u8 };
const Finished = struct { findings: []const measure.Finding };

fn handle(lab: *kosmos.Lab, event: kosmos.Event) !void {
    if (measure.is(event.kind, "run_started")) {
        const started = try lab.read(Started, event.body);
        try lab.statePut(RANDOMISED, started.randomised);
    } else if (measure.is(event.kind, "research_finished")) {
        const finished = try lab.read(Finished, event.body);
        const randomised = try lab.read(?[]const []const u8, try lab.stateGet(RANDOMISED));
        if (finished.findings.len > 0) try write(lab, finished.findings, randomised);
    }
}

const INTRODUCTION =
    "What was not assigned at random may go with an outcome because something unmeasured goes with both. The E-value says how strong " ++
    "that would have to be: the least risk ratio that an unmeasured confounder must have with each of the two columns, beyond what is " ++
    "held fixed, to explain the estimate away, or to stretch its 95 % interval to no effect (VanderWeele and Ding 2017, Annals of " ++
    "Internal Medicine 167:268-274). 1 means that none is needed. Other measures are turned into risk ratios by approximations for " ++
    "outcomes that may be common; a numeric outcome is thought of as cut in two. A large E-value does not say that there is no such " ++
    "confounder, and nothing on selection, measurement or chance.";

fn write(lab: *kosmos.Lab, findings: []const measure.Finding, randomised: ?[]const []const u8) !void {
    var section: Section = .{ .lab = lab };
    try section.told("{s}", .{INTRODUCTION});
    if (randomised == null) try section.told("Which columns were assigned at random is not known to this section.", .{});
    for (findings) |finding| try section.add(finding, randomised orelse &.{});
    if (section.left_out > 0) try section.told("Further findings that have an E-value or need none, and are left out here: {d}.", .{section.left_out});
    try section.withoutAny(findings);
    try lab.say("write_section", .{
        .title = "How strong an unmeasured confounder would have to be",
        .paragraphs = section.paragraphs.items,
    });
}

const Section = struct {
    lab: *kosmos.Lab,
    paragraphs: std.ArrayList([]const u8) = .empty,
    shown: usize = 0,
    left_out: usize = 0,
    without: std.EnumArray(measure.Reason, usize) = .initFill(0),
    /// Effects that are not known, each once.
    unknown: std.ArrayList([]const u8) = .empty,

    fn told(section: *Section, comptime words: []const u8, values: anytype) !void {
        try section.paragraphs.append(section.lab.arena, try section.lab.print(words, values));
    }

    fn add(section: *Section, finding: measure.Finding, randomised: []const []const u8) !void {
        const outcome = measure.outcome(finding);
        const assigned = assignedColumn(finding, randomised);
        if (assigned == null and outcome == .none) return section.leave(finding, outcome.none);
        if (section.shown == MOST) {
            section.left_out += 1;
            return;
        }
        section.shown += 1;
        const column = assigned orelse return section.explain(finding, outcome.found);
        const fixed = finding.covariates.len > 0 or finding.by != null;
        try section.told("{f}: none is needed, because `{f}` was assigned at random{s}.", .{
            sentence(finding),
            short(column),
            if (fixed) ", as long as what is held fixed was there before" else "",
        });
    }

    fn leave(section: *Section, finding: measure.Finding, reason: measure.Reason) !void {
        section.without.getPtr(reason).* += 1;
        const effect = finding.effect.name;
        if (reason == .unknown and section.unknown.items.len < MOST and !measure.among(effect, section.unknown.items)) {
            try section.unknown.append(section.lab.arena, effect);
        }
    }

    /// The paragraph of a finding that has an E-value.
    fn explain(section: *Section, finding: measure.Finding, found: measure.Found) !void {
        const limit = if (finding.has("repeated_units"))
            "none for the limit, whose interval takes rows of the same unit for independent"
        else if (found.ratio.interval) |interval| blk: {
            const value = e_value.eValueOfLimit(interval.low, interval.high);
            const covers = if (value > 1) "" else ", because the interval covers no effect";
            break :blk try section.lab.print("{f} for the limit{s}", .{ Number{ .value = value }, covers });
        } else "none for the limit, because there is no interval";
        try section.told("{f}: an E-value of {f} for the estimate and {s}. {s}", .{
            sentence(finding),
            Number{ .value = e_value.eValue(found.ratio.value) },
            limit,
            try section.reckoning(finding, found),
        });
    }

    /// From the effect to the risk ratio.
    fn reckoning(section: *Section, finding: measure.Finding, found: measure.Found) ![]const u8 {
        const lab = section.lab;
        const effect, const x = .{ figures(found.effect), short(finding.x) };
        const told_effect = switch (found.scale) {
            .difference => try lab.print("standardised difference of {f}", .{effect}),
            .correlation => try lab.print("correlation of {f}, over two standard deviations of `{f}`,", .{ effect, x }),
            .partial_correlation => blk: {
                // Of a column of 0 and 1 they are 1 at most.
                const group = if (speaksOfGroups(finding)) " (no more than one group against the other)" else "";
                const words = "partial correlation of {f}, over two standard deviations of `{f}` among rows that are alike in what is held fixed{s},";
                break :blk try lab.print(words, .{ effect, x, group });
            },
            .odds => try lab.print("odds ratio of {f}", .{effect}),
            .odds_per_sd => try lab.print("odds ratio of {f} per standard deviation of `{f}`", .{ effect, x }),
            .hazards => try lab.print("hazard ratio of {f}", .{effect}),
            .hazards_per_sd => try lab.print("hazard ratio of {f} per standard deviation of `{f}`", .{ effect, x }),
            .rates => {
                const groups = finding.groups.?;
                return lab.print("`{f}` is {f} times as frequent in `{f}` as in `{f}`.", .{
                    short(finding.y_level.?), effect, short(groups[0].level), short(groups[1].level),
                });
            },
        };
        return lab.print("The {s} stands for a risk ratio of about {f}.", .{ told_effect, figures(found.ratio) });
    }

    /// The findings that have none, counted by the reason.
    fn withoutAny(section: *Section, findings: []const measure.Finding) !void {
        var out: std.Io.Writer.Allocating = .init(section.lab.arena);
        var reasons = section.without.iterator();
        while (reasons.next()) |entry| {
            if (entry.value.* == 0) continue;
            try out.writer.print(" {d} {s}", .{ entry.value.*, why(entry.key) });
            if (entry.key == .unknown) for (section.unknown.items, 0..) |name, index| {
                try out.writer.print("{s}`{f}`", .{ if (index == 0) ": " else ", ", short(name) });
            };
            try out.writer.writeByte('.');
        }
        if (out.written().len > 0) try section.told("Of {d} findings, these have no E-value here.{s}", .{ findings.len, out.written() });
    }
};

/// After the number of findings.
fn why(reason: measure.Reason) []const u8 {
    return switch (reason) {
        .interaction => "on how a relation depends on a third column: an E-value is for one relation, not for the difference of several",
        .custom => "by code that a model wrote: of its effect no more is known than the name",
        .explained => "that a measured column accounts for or turns round: what was measured must be held fixed first",
        .drift => "where both columns drift in time, which is a confounder that was measured",
        .bent => "whose relation bends: a risk ratio between two points of it does not follow from one number for its strength",
        .hazards => "whose hazards are not proportional: a hazard ratio then stands for no one risk ratio",
        .ranks => "by ranks (rank correlation, rank-biserial correlation or area under the curve): they are turned into a standardised difference only where both columns are normal, and ranks are taken where they are not",
        .groups => "by how much several groups or levels differ in all (Cramér's V, ω², ε², canonical correlation, concordance): that does not say by how much two of them do",
        .pairs => "of pairs: what stays the same within a unit cannot confound them, and the spread of differences is not that of the outcome",
        .steps => "over ordered steps: the correlation is with the number of the step, and may be of ranks",
        .levels => "by a correlation with an outcome that has levels: it says how far two columns of 0 and 1 agree, not how much a risk differs",
        .unknown => "by a measure for which no formula is known",
        .numbers => "whose effect or interval is missing or cannot be true",
    };
}

/// The column of a finding that was assigned at random: nothing goes with it that could go with the other too. Of a difference
/// of relations, and of what a model's code does, that does not follow.
fn assignedColumn(finding: measure.Finding, randomised: []const []const u8) ?[]const u8 {
    if (finding.isOf("interaction") or finding.isOf("custom")) return null;
    for ([_][]const u8{ finding.x, finding.y }) |column| if (measure.among(column, randomised)) return column;
    return null;
}

/// Whether its direction is a level, and so x a group.
fn speaksOfGroups(finding: measure.Finding) bool {
    const direction = finding.direction orelse return false;
    return !measure.among(direction, &.{ "+", "-" });
}

/// With two decimals, or as a power of ten where they do not serve.
const Number = struct {
    value: f64,

    pub fn format(number: Number, out: *std.Io.Writer) !void {
        const size = @abs(number.value);
        if (std.math.isInf(size)) return out.writeAll("more than 1e300");
        if (size == 0 or (size >= 0.005 and size < 1e6)) return out.print("{d:.2}", .{number.value});
        try out.print("{e:.2}", .{number.value});
    }
};

/// `0.71 [0.39 to 0.88]`.
const Figures = struct {
    estimate: measure.Estimate,

    pub fn format(it: Figures, out: *std.Io.Writer) !void {
        try out.print("{f}", .{Number{ .value = it.estimate.value }});
        const interval = it.estimate.interval orelse return;
        try out.print(" [{f} to {f}]", .{ Number{ .value = interval.low }, Number{ .value = interval.high } });
    }
};

fn figures(estimate: measure.Estimate) Figures {
    return .{ .estimate = estimate };
}

/// A text of the run's, cut between two letters where it is long.
const Short = struct {
    text: []const u8,

    pub fn format(it: Short, out: *std.Io.Writer) !void {
        if (it.text.len <= LONGEST) return out.writeAll(it.text);
        var end: usize = LONGEST;
        while (it.text[end] & 0xC0 == 0x80) end -= 1;
        try out.print("{s}…", .{it.text[0..end]});
    }
};

fn short(text: []const u8) Short {
    return .{ .text = text };
}

/// What a finding states, without its full stop.
fn sentence(finding: measure.Finding) Short {
    return short(std.mem.trimRight(u8, finding.statement, "."));
}
