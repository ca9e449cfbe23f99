//! An agent for Kosmos as a WebAssembly module. An agent is a function that receives events and sends messages;
//! agents/PROTOCOL.md of Kosmos describes both.
//!
//!     const kosmos = @import("kosmos_agent.zig");
//!
//!     comptime {
//!         kosmos.serve(handle);
//!     }
//!
//!     fn handle(lab: *kosmos.Lab, event: kosmos.Event) !void {
//!         const body = try lab.read(struct { question: []const u8 }, event.body);
//!         try lab.say("remark", .{ .text = try lab.print("You asked: {s}", .{body.question}) });
//!     }
//!
//! With this file beside it, build it with Zig 0.15:
//!
//!     python -m ziglang build-exe agent.zig -target wasm32-freestanding -fno-entry -rdynamic -O ReleaseSmall
//!
//! From the top: an agent's types, its lab, JSON with errors that name the place, and the component model's
//! canonical ABI for the world of agents/sdk/wit/agent.wit.

const builtin = @import("builtin");
const std = @import("std");

/// The newest version of the protocol. Version 1 is spoken too: the lab uses the one that agent.toml names.
pub const PROTOCOL = 2;

/// The introduction before an agent's first event.
pub const Hello = struct {
    protocol: u32,
    agent: []const u8,
    run: []const u8,
    /// Its configuration, a JSON object.
    config: []const u8,
    /// A JSON object `{deadline_ms, memory_bytes, messages_per_minute, fuel}`.
    limits: []const u8,
    /// The permitted host calls, by the protocol's names.
    may: []const []const u8,
    /// The run's false discovery rate.
    alpha: f64,
};

/// An event.
pub const Event = struct {
    run: []const u8,
    id: []const u8,
    /// 1, or more after failed attempts.
    attempt: u32,
    /// Its type, such as `research_finished`.
    kind: []const u8,
    /// A JSON object.
    body: []const u8,
};

/// Why an event could not be handled.
pub const Failure = struct { code: i32 = 0, message: []const u8 };

pub const Level = enum(u32) { err, warn, info, debug };

/// Options of `Lab.complete`; `schema` is a JSON Schema.
pub const Prompt = struct { prompt: []const u8, system: ?[]const u8 = null, schema: ?[]const u8 = null };

/// Options of `Lab.graph`, which asks a question of `kosmos graph query`.
pub const Question = struct { name: []const u8, argument: ?[]const u8 = null, limit: ?u32 = null };

/// Options of `Lab.runScript`; `parameters` is a JSON object.
pub const Script = struct {
    script: []const u8,
    dataset: ?[]const u8 = null,
    title: ?[]const u8 = null,
    parameters: ?[]const u8 = null,
};

/// A header of `Lab.fetch`.
pub const Header = extern struct { name: Text, value: Text };

/// Returned by a rejected host call; `Lab.failure` then gives the reason.
pub const CallError = error{ NotPermitted, LimitReached, CallFailed };

/// The calls that an agent may make while it handles an event. They must not depend on time or chance. All texts that it
/// returns live until the event is answered.
pub const Lab = struct {
    hello: *const Hello,
    /// Memory for this event.
    arena: std.mem.Allocator,
    /// Why the last call was rejected, or the words given to `fail`.
    failure: Failure = .{ .message = "" },
    messages: std.ArrayList(RawMessage) = .empty,

    /// Sends a message after the event is handled. `body` is any value that `std.json` can write.
    pub fn say(lab: *Lab, kind: []const u8, body: anytype) !void {
        try lab.messages.append(lab.arena, .{ .kind = .of(kind), .body = .of(try lab.json(body)) });
    }

    /// `return lab.fail(...)` answers the event with this error instead of messages.
    pub fn fail(lab: *Lab, comptime words: []const u8, values: anytype) error{Failed} {
        lab.failure = .{ .message = lab.print(words, values) catch "no memory is left" };
        return error.Failed;
    }

    /// Formats a text by the rules of `std.fmt`.
    pub fn print(lab: *Lab, comptime words: []const u8, values: anytype) ![]const u8 {
        return std.fmt.allocPrint(lab.arena, words, values);
    }

    /// Writes a value as JSON. Numbers must be finite.
    pub fn json(lab: *Lab, value: anytype) ![]const u8 {
        return std.json.Stringify.valueAlloc(lab.arena, value, .{});
    }

    /// Reads JSON as a value: structs, slices, optionals (null if missing), numbers, bools and `std.json.Value`. It
    /// fails with the JSON pointer of a value that is missing or of another type, and ignores unknown keys.
    pub fn read(lab: *Lab, comptime T: type, text: []const u8) !T {
        const value = std.json.parseFromSliceLeaky(std.json.Value, lab.arena, text, .{}) catch |wrong|
            return lab.fail("this is not JSON: {s}", .{@errorName(wrong)});
        return readValue(lab, T, value, .{});
    }

    /// Writes a line to the run's log.
    pub fn log(lab: *Lab, level: Level, comptime words: []const u8, values: anytype) !void {
        const line = try lab.print(words, values);
        host.log(@intFromEnum(level), at(line), line.len);
    }

    /// A stored value as JSON; `null` if there is none.
    pub fn stateGet(lab: *Lab, key: []const u8) CallError![]const u8 {
        var answer: Answer = undefined;
        host.@"state-get"(at(key), key.len, &answer);
        return lab.told(&answer);
    }

    /// Stores a value, committed with the answer to the event.
    pub fn statePut(lab: *Lab, key: []const u8, value: anytype) !void {
        const text = try lab.json(value);
        var answer: Answer = undefined;
        host.@"state-put"(at(key), key.len, at(text), text.len, &answer);
        if (answer.tag != 0) return lab.refused(answer.payload.failure);
    }

    /// Asks the run's language model: an object `{text, value, model}`.
    pub fn complete(lab: *Lab, asked: Prompt) CallError![]const u8 {
        const system: Option = .of(asked.system);
        const schema: Option = .of(asked.schema);
        var answer: Answer = undefined;
        host.@"llm-complete"(at(asked.prompt), asked.prompt.len, system.some, system.ptr, system.len, schema.some, schema.ptr, schema.len, &answer);
        return lab.told(&answer);
    }

    /// Asks the knowledge graph: an object `{columns, rows}`.
    pub fn graph(lab: *Lab, asked: Question) CallError![]const u8 {
        const argument: Option = .of(asked.argument);
        var answer: Answer = undefined;
        host.@"graph-query"(at(asked.name), asked.name.len, argument.some, argument.ptr, argument.len, @intFromBool(asked.limit != null), asked.limit orelse 0, &answer);
        return lab.told(&answer);
    }

    /// Runs Python as an experiment of the run: an object `{experiment, outcome, result, stdout, stderr}`.
    pub fn runScript(lab: *Lab, asked: Script) CallError![]const u8 {
        const dataset: Option = .of(asked.dataset);
        const title: Option = .of(asked.title);
        const parameters: Option = .of(asked.parameters);
        var answer: Answer = undefined;
        host.@"sandbox-run"(at(asked.script), asked.script.len, dataset.some, dataset.ptr, dataset.len, title.some, title.ptr, title.len, parameters.some, parameters.ptr, parameters.len, &answer);
        return lab.told(&answer);
    }

    /// Fetches a page: an object `{status, headers, text, truncated}`.
    pub fn fetch(lab: *Lab, url: []const u8, headers: []const Header) CallError![]const u8 {
        var answer: Answer = undefined;
        host.@"net-fetch"(at(url), url.len, at(headers), headers.len, &answer);
        return lab.told(&answer);
    }

    fn told(lab: *Lab, answer: *const Answer) CallError![]const u8 {
        if (answer.tag != 0) return lab.refused(answer.payload.failure);
        return answer.payload.text.slice();
    }

    fn refused(lab: *Lab, failure: RawFailure) CallError {
        lab.failure = .{ .code = failure.code, .message = failure.message.slice() };
        return switch (failure.code) {
            -32001 => error.NotPermitted,
            -32002 => error.LimitReached,
            else => error.CallFailed,
        };
    }
};

/// Registers the agent's function: `fn (lab: *Lab, event: Event) !void`.
pub fn serve(comptime handle: anytype) void {
    // Tests of an agent are built for the machine that runs them.
    if (!builtin.target.cpu.arch.isWasm()) return;
    const guest = Guest(handle);
    const interface = "kosmos:agent/guest@1.0.0#";
    @export(&guest.initialize, .{ .name = interface ++ "initialize" });
    @export(&guest.handleEvent, .{ .name = interface ++ "handle" });
    @export(&guest.done, .{ .name = "cabi_post_" ++ interface ++ "initialize" });
    @export(&guest.done, .{ .name = "cabi_post_" ++ interface ++ "handle" });
    @export(&guest.allocate, .{ .name = "cabi_realloc" });
}

// --- JSON ---

/// The place of a value in a document.
const Place = struct {
    within: ?*const Place = null,
    key: union(enum) { name: []const u8, index: usize } = .{ .name = "" },

    pub fn format(place: Place, out: *std.Io.Writer) !void {
        if (place.within == null) return out.writeAll("the whole");
        try out.writeByte('`');
        try place.pointer(out);
        try out.writeByte('`');
    }

    fn pointer(place: Place, out: *std.Io.Writer) !void {
        const within = place.within orelse return;
        try within.pointer(out);
        switch (place.key) {
            .name => |name| try out.print("/{s}", .{name}),
            .index => |index| try out.print("/{d}", .{index}),
        }
    }
};

fn readValue(lab: *Lab, comptime T: type, value: std.json.Value, place: Place) error{ Failed, OutOfMemory }!T {
    if (T == std.json.Value) return value;
    if (T == []const u8) return if (value == .string) value.string else unlike(lab, place, "a text");
    switch (@typeInfo(T)) {
        .optional => |optional| return if (value == .null) null else try readValue(lab, optional.child, value, place),
        .bool => return if (value == .bool) value.bool else unlike(lab, place, "true or false"),
        .int => {
            if (value == .integer) if (std.math.cast(T, value.integer)) |number| return number;
            return unlike(lab, place, "a whole number in its range");
        },
        .float => return switch (value) {
            .integer => |number| @floatFromInt(number),
            .float => |number| number,
            .number_string => |digits| std.fmt.parseFloat(T, digits) catch unlike(lab, place, "a number"),
            else => unlike(lab, place, "a number"),
        },
        .pointer => |pointer| {
            if (value != .array) return unlike(lab, place, "a list");
            const items = try lab.arena.alloc(pointer.child, value.array.items.len);
            for (items, value.array.items, 0..) |*item, inner, index| {
                item.* = try readValue(lab, pointer.child, inner, .{ .within = &place, .key = .{ .index = index } });
            }
            return items;
        },
        .@"struct" => |shape| {
            if (value != .object) return unlike(lab, place, "an object");
            var all: T = undefined;
            inline for (shape.fields) |field| {
                const inside: Place = .{ .within = &place, .key = .{ .name = field.name } };
                @field(all, field.name) = if (value.object.get(field.name)) |inner|
                    try readValue(lab, field.type, inner, inside)
                else
                    field.defaultValue() orelse if (@typeInfo(field.type) == .optional) null else return lab.fail("{f} is missing", .{inside});
            }
            return all;
        },
        else => @compileError("there is no JSON for " ++ @typeName(T)),
    }
}

fn unlike(lab: *Lab, place: Place, comptime kind: []const u8) error{Failed} {
    return lab.fail("{f} must be " ++ kind, .{place});
}

// --- the canonical ABI ---

/// A string in memory.
pub const Text = extern struct {
    ptr: [*]const u8,
    len: usize,

    pub fn of(text: []const u8) Text {
        return .{ .ptr = at(text), .len = text.len };
    }

    pub fn slice(text: Text) []const u8 {
        return text.ptr[0..text.len];
    }
};

/// The address of a list. The ABI requires even an empty list to be aligned and within memory, which Zig does not promise.
fn at(list: anytype) [*]const std.meta.Elem(@TypeOf(list)) {
    return if (list.len == 0) @ptrCast(&nowhere) else list.ptr;
}

const nowhere: u64 = 0;

const Option = struct {
    some: u32,
    ptr: [*]const u8,
    len: usize,

    fn of(text: ?[]const u8) Option {
        const there = text orelse "";
        return .{ .some = @intFromBool(text != null), .ptr = at(there), .len = there.len };
    }
};

const RawMessage = extern struct { kind: Text, body: Text };
const RawFailure = extern struct { code: i32, message: Text };

/// `result<T, failure>`: the tag is 1 for a failure.
const Answer = extern struct {
    tag: u8,
    payload: extern union {
        protocol: u32,
        text: Text,
        messages: extern struct { ptr: [*]const RawMessage, len: usize },
        failure: RawFailure,
    },

    fn failed(failure: Failure) Answer {
        return .{ .tag = 1, .payload = .{ .failure = .{ .code = failure.code, .message = .of(failure.message) } } };
    }
};

const host = struct {
    extern "kosmos:agent/host@1.0.0" fn log(u32, [*]const u8, usize) void;
    extern "kosmos:agent/host@1.0.0" fn @"state-get"([*]const u8, usize, *Answer) void;
    extern "kosmos:agent/host@1.0.0" fn @"state-put"([*]const u8, usize, [*]const u8, usize, *Answer) void;
    extern "kosmos:agent/host@1.0.0" fn @"llm-complete"([*]const u8, usize, u32, [*]const u8, usize, u32, [*]const u8, usize, *Answer) void;
    extern "kosmos:agent/host@1.0.0" fn @"graph-query"([*]const u8, usize, u32, [*]const u8, usize, u32, u32, *Answer) void;
    extern "kosmos:agent/host@1.0.0" fn @"sandbox-run"([*]const u8, usize, u32, [*]const u8, usize, u32, [*]const u8, usize, u32, [*]const u8, usize, *Answer) void;
    extern "kosmos:agent/host@1.0.0" fn @"net-fetch"([*]const u8, usize, [*]const Header, usize, *Answer) void;
};

fn Guest(comptime agent: anytype) type {
    return struct {
        /// Memory of one call: its input, its host calls and its output.
        var passing: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);
        var lasting: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);
        var hello: Hello = undefined;
        var answer: Answer = undefined;

        fn initialize(
            protocol: u32,
            agent_ptr: [*]const u8,
            agent_len: usize,
            run_ptr: [*]const u8,
            run_len: usize,
            config_ptr: [*]const u8,
            config_len: usize,
            limits_ptr: [*]const u8,
            limits_len: usize,
            may_ptr: [*]const Text,
            may_len: usize,
            alpha: f64,
        ) callconv(.c) *const Answer {
            answer = if (protocol < 1 or protocol > PROTOCOL)
                .failed(.{ .message = "this agent speaks versions 1 and 2 of the protocol" })
            else if (keep(.{
                .protocol = protocol,
                .agent = agent_ptr[0..agent_len],
                .run = run_ptr[0..run_len],
                .config = config_ptr[0..config_len],
                .limits = limits_ptr[0..limits_len],
                .may = &.{},
                .alpha = alpha,
            }, may_ptr[0..may_len]))
                .{ .tag = 0, .payload = .{ .protocol = protocol } }
            else |wrong|
                .failed(.{ .message = @errorName(wrong) });
            return &answer;
        }

        fn keep(told: Hello, may: []const Text) !void {
            _ = lasting.reset(.free_all);
            const memory = lasting.allocator();
            const names = try memory.alloc([]const u8, may.len);
            for (names, may) |*name, text| name.* = try memory.dupe(u8, text.slice());
            hello = told;
            hello.may = names;
            inline for (.{ "agent", "run", "config", "limits" }) |field| {
                @field(hello, field) = try memory.dupe(u8, @field(told, field));
            }
        }

        fn handleEvent(
            run_ptr: [*]const u8,
            run_len: usize,
            id_ptr: [*]const u8,
            id_len: usize,
            attempt: u32,
            kind_ptr: [*]const u8,
            kind_len: usize,
            body_ptr: [*]const u8,
            body_len: usize,
        ) callconv(.c) *const Answer {
            var lab: Lab = .{ .hello = &hello, .arena = passing.allocator() };
            answer = if (agent(&lab, .{
                .run = run_ptr[0..run_len],
                .id = id_ptr[0..id_len],
                .attempt = attempt,
                .kind = kind_ptr[0..kind_len],
                .body = body_ptr[0..body_len],
            }))
                .{ .tag = 0, .payload = .{ .messages = .{ .ptr = at(lab.messages.items), .len = lab.messages.items.len } } }
            else |wrong| switch (@as(anyerror, wrong)) {
                error.Failed, error.NotPermitted, error.LimitReached, error.CallFailed => .failed(lab.failure),
                else => .failed(.{ .message = @errorName(wrong) }),
            };
            return &answer;
        }

        /// The host has read the answer.
        fn done(_: *const Answer) callconv(.c) void {
            _ = passing.reset(.{ .retain_with_limit = 1 << 20 });
        }

        fn allocate(old: ?[*]const u8, old_len: usize, alignment: u32, len: usize) callconv(.c) [*]u8 {
            if (len == 0) return @ptrFromInt(alignment);
            const fresh = passing.allocator().rawAlloc(len, .fromByteUnits(alignment), 0) orelse @trap();
            const kept = @min(old_len, len);
            if (old) |bytes| @memcpy(fresh[0..kept], bytes[0..kept]);
            return fresh;
        }
    };
}

test "what is missing or of another type is named" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    var lab: Lab = .{ .hello = undefined, .arena = arena.allocator() };
    const Body = struct { list: []const struct { n: u8, x: ?f64, words: []const u8 = "none" } };

    const body = try lab.read(Body, "{\"list\": [{\"n\": 7, \"more\": {}}, {\"n\": 8, \"x\": 2, \"words\": \"some\"}]}");
    try std.testing.expectEqual(null, body.list[0].x);
    try std.testing.expectEqual(2, body.list[1].x);
    try std.testing.expectEqualStrings("none", body.list[0].words);
    for ([_][2][]const u8{
        .{ "{}", "`/list` is missing" },
        .{ "7", "the whole must be an object" },
        .{ "{\"list\": [{\"n\": 7}, {\"n\": 256}]}", "`/list/1/n` must be a whole number in its range" },
        .{ "{\"list\": [{\"n\": 7, \"words\": null}]}", "`/list/0/words` must be a text" },
        .{ "{\"list\":", "this is not JSON: UnexpectedEndOfInput" },
    }) |case| {
        try std.testing.expectError(error.Failed, lab.read(Body, case[0]));
        try std.testing.expectEqualStrings(case[1], lab.failure.message);
    }
}
