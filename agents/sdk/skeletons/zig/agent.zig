const std = @import("std");
const kosmos = @import("kosmos_agent.zig");

comptime {
    kosmos.serve(handle);
}

const Config = struct { fewest: u64 };
const Drafted = struct { finding: Finding };
const Finding = struct { id: []const u8, n: u64 };

fn handle(lab: *kosmos.Lab, event: kosmos.Event) !void {
    const config = try lab.read(Config, lab.hello.config);
    const drafted = try lab.read(Drafted, event.body);
    if (!restsOnFew(drafted.finding, config)) return;
    const statement = "It rests on {d} rows; at least {d} were asked for.";
    try lab.say("challenge", .{
        .finding = drafted.finding.id,
        .grounds = "other",
        .statement = try lab.print(statement, .{ drafted.finding.n, config.fewest }),
    });
}

fn restsOnFew(finding: Finding, config: Config) bool {
    return finding.n < config.fewest;
}

test "few rows are challenged and many are not" {
    try std.testing.expect(restsOnFew(.{ .id = "h-1", .n = 20 }, .{ .fewest = 50 }));
    try std.testing.expect(!restsOnFew(.{ .id = "h-1", .n = 200 }, .{ .fewest = 50 }));
}
