//! Graphs for the exports: one as a run writes it, and one whose texts mean harm.

use kosmos::graph::{Edge, EdgeKind, Facts, Label, Node};
use serde_json::{Map, Value, json};

/// What a run on the penguins' table leaves, in small: two findings, one of them replicated, and a refuted hypothesis.
pub fn penguins() -> Facts {
    let mut facts = Facts::default();
    let (run, question, dataset) = ("run:penguins-1", "question:00aa", "dataset:0011223344556677");
    let origin = |more: Value| {
        let mut all = json!({ "runs": ["penguins-1"], "messages": ["m-01", "m-02"] });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let node = |facts: &mut Facts, label, id: &str, properties| {
        facts.add_node(Node::new(label, id).with_properties(origin(properties)));
    };
    let edge = |facts: &mut Facts, kind, from: &str, to: &str, properties| {
        facts.add_edge(Edge::new(kind, from, to).with_properties(origin(properties)));
    };
    node(&mut facts, Label::Run, run, json!({ "name": "penguins-1" }));
    node(
        &mut facts,
        Label::Question,
        question,
        json!({ "text": "What goes with body mass?" }),
    );
    node(
        &mut facts,
        Label::Dataset,
        dataset,
        json!({ "name": "penguins.csv", "sha256": "0011223344556677", "rows": 344 }),
    );
    node(
        &mut facts,
        Label::Agent,
        "agent:heuristic",
        json!({ "name": "heuristic", "kind": "built-in" }),
    );
    edge(&mut facts, EdgeKind::Asks, run, question, json!({}));
    edge(&mut facts, EdgeKind::Uses, run, dataset, json!({}));
    for (name, role) in [
        ("species", "group"),
        ("island", "group"),
        ("body_mass_g", "numeric"),
        ("bill_length_mm", "numeric"),
    ] {
        let (variable, concept) = (format!("variable:0011223344556677:{name}"), format!("concept:{name}"));
        node(
            &mut facts,
            Label::Variable,
            &variable,
            json!({ "name": name, "role": role }),
        );
        node(&mut facts, Label::Concept, &concept, json!({ "name": name }));
        edge(&mut facts, EdgeKind::HasVariable, dataset, &variable, json!({}));
        edge(&mut facts, EdgeKind::Mentions, &variable, &concept, json!({}));
    }
    let tested = [
        (
            "h-01",
            "bill_length_mm",
            "body_mass_g",
            "+",
            4.370681e-64,
            0.595,
            Some(true),
        ),
        ("h-02", "species", "body_mass_g", "Gentoo", 2.89e-82, 0.67, Some(false)),
        ("h-03", "island", "bill_length_mm", "Torgersen", 0.31, 0.004, None),
    ];
    for (id, x, y, direction, p, effect, replicated) in tested {
        let hypothesis = format!("hypothesis:{id}");
        let experiment = format!("experiment:e-{id}");
        let result = format!("result:e-{id}:{id}");
        let statement = format!("{x} goes with {y}");
        node(
            &mut facts,
            Label::Hypothesis,
            &hypothesis,
            json!({ "statement": statement, "x": x, "y": y, "covariates": [], "part": "whole" }),
        );
        node(
            &mut facts,
            Label::Experiment,
            &experiment,
            json!({ "template": "group_numeric", "script_sha256": "ab", "result_sha256": "cd" }),
        );
        node(
            &mut facts,
            Label::Result,
            &result,
            json!({ "test": "welch", "n": 342, "statistic": 13.65, "p": p, "q": p * 3.0, "effect": effect }),
        );
        edge(&mut facts, EdgeKind::SpawnedBy, &hypothesis, question, json!({}));
        edge(
            &mut facts,
            EdgeKind::ProposedBy,
            &hypothesis,
            "agent:heuristic",
            json!({}),
        );
        edge(&mut facts, EdgeKind::Tests, &experiment, &hypothesis, json!({}));
        edge(&mut facts, EdgeKind::SpawnedBy, &experiment, run, json!({}));
        edge(&mut facts, EdgeKind::Uses, &experiment, dataset, json!({}));
        edge(&mut facts, EdgeKind::Produced, &experiment, &result, json!({}));
        let verdict = if replicated.is_some() {
            EdgeKind::Supports
        } else {
            EdgeKind::Refutes
        };
        edge(
            &mut facts,
            verdict,
            &result,
            &hypothesis,
            json!({ "p": p, "q": p * 3.0, "effect": effect, "ci_low": -0.0, "ci_high": 1.0 }),
        );
        for (role, name) in [("x", x), ("y", y)] {
            edge(
                &mut facts,
                EdgeKind::Mentions,
                &hypothesis,
                &format!("concept:{name}"),
                json!({ "role": role }),
            );
        }
        if let Some(replicated) = replicated {
            let finding = format!("finding:{id}:0011");
            node(
                &mut facts,
                Label::Finding,
                &finding,
                json!({
                    "statement": statement, "direction": direction, "replicated": replicated, "caveats": ["tiny_effect", "confounded"], "q": p * 3.0,
                }),
            );
            edge(&mut facts, EdgeKind::DerivedFrom, &finding, &result, json!({}));
            for (role, name) in [("x", x), ("y", y)] {
                edge(
                    &mut facts,
                    EdgeKind::Mentions,
                    &finding,
                    &format!("concept:{name}"),
                    json!({ "role": role }),
                );
            }
        }
    }
    facts
}

/// Texts that end what they are in, in one format or another.
pub const TEXTS: [&str; 16] = [
    "it's \"quoted\" and `ticked` $and ${braced}",
    "'}) DETACH DELETE n // \\",
    "\\u0027 \\\\u0027 \\U0001F427 \\n \\'",
    "</script><!-- <script>alert(1)</script>",
    "]]></data></node><node id=\"x\"/>&amp;&#0;",
    "line\nline\r\nline\rtab\tend\u{85}\u{2028}\u{2029}",
    "\u{0}\u{1}\u{8}\u{b}\u{c}\u{1b}[31m\u{7f}\u{9f}",
    "_x0000_ _x005F_ __x0041_",
    "\u{FFFE}\u{FFFF}\u{FFFD}\u{10FFFF}",
    "\u{1F427}\u{200D}\u{2744}\u{FE0F} \u{202E}backwards \u{FEFF}",
    "@id @context @list urn:kosmos:node:x property:a kosmos:USES",
    "%00%2F%zz ../../x?y#z",
    "  blanks around  ",
    "",
    "null",
    "-0.0",
];

/// Names of properties that end what they are in.
const NAMES: [&str; 14] = [
    "label",
    "type",
    "name.json",
    "name.text",
    "it's",
    "a\"b",
    "a`b``",
    "a b;",
    "</data>&",
    "@id",
    "a:b",
    "é🐧",
    "a\\b",
    "}) DELETE n //",
];

/// A node and an edge for each of the texts, with each of them in every place.
pub fn hostile() -> Facts {
    let mut facts = Facts::default();
    let long = "megabyte ' \\ \u{1F427} <\n".repeat(50_000);
    for (n, text) in TEXTS.into_iter().chain([long.as_str()]).enumerate() {
        let start: String = text.chars().take(60).collect();
        let (a, b) = (format!("concept:{n}{start}"), format!("paper:{start}{n}"));
        let mut properties = Map::new();
        for (at, name) in NAMES.into_iter().enumerate() {
            let value = match (n + at) % 4 {
                0 => json!(text),
                1 => json!([text, "b", text]),
                2 => json!([true, false]),
                _ => json!([]),
            };
            properties.insert(name.to_owned(), if at > 4 && n > 15 { json!(at) } else { value });
        }
        facts.add_node(Node::new(Label::Concept, &a).with_properties(Value::Object(properties.clone())));
        facts.add_edge(Edge::new(EdgeKind::Mentions, &b, &a).with_properties(Value::Object(properties)));
        facts.add_edge(Edge::new(EdgeKind::DerivedFrom, &b, &a).with_properties(json!({ "text": text })));
        facts.add_edge(Edge::new(EdgeKind::Refines, &a, &a));
    }
    let numbers = json!({
        "zero": 0.0, "minus": -0.0, "whole": 3.0, "tenth": 0.1, "least": 5e-324, "small": f64::MIN_POSITIVE, "most": f64::MAX,
        "lowest": f64::MIN, "exact": 9_007_199_254_740_993_i64, "top": i64::MAX, "bottom": i64::MIN, "third": 1.0 / 3.0,
        "floats": [1e300, -0.0, 1e-7, 123456789.125], "wholes": [0, -1, i64::MAX, i64::MIN], "yes": true, "no": false,
    });
    facts.add_node(Node::new(Label::Result, "result:numbers").with_properties(numbers.clone()));
    facts.add_edge(
        Edge::new(EdgeKind::Supports, "result:numbers", "hypothesis:made by its edge").with_properties(numbers),
    );
    facts
}
