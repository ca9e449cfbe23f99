//! A still picture of what was found: variables, and the findings that join them.

mod choose;
mod draw;
mod ink;
mod layout;
mod legend;
mod wording;

use super::Facts;
pub(crate) use ink::{Ink, VisibleWords};
pub(crate) use wording::PictureWording;

/// The picture as an SVG document: the concepts that findings speak of, a line for each pair that findings join,
/// coloured by sign and broken where nothing was replicated, and a thin grey one for pairs that were tested in vain.
/// Empty where there are no findings.
///
/// It shows at most forty variables, those of most findings, and says so where it leaves others out. It has no
/// script, is 800 wide and as high as it needs, follows the reader's choice of light or dark, and the same facts give
/// the same picture. No digit is seen in it that is not part of a name.
pub fn render_svg(facts: &Facts) -> String {
    draw_graph(facts, &PictureWording::CURRENT)
        .map(|ink| ink.to_document())
        .unwrap_or_default()
}

/// The picture before it is text, so that what it says can be checked.
pub(crate) fn draw_graph(facts: &Facts, wording: &PictureWording) -> Option<Ink> {
    let chosen = choose::choose_contents(facts);
    (!chosen.names.is_empty()).then(|| draw::draw_picture(&chosen, wording))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Edge, EdgeKind, Label, Node};
    use serde_json::{Value, json};

    /// A finding between two variables.
    fn found(facts: &mut Facts, x: &str, y: &str, properties: Value) {
        let finding = format!("finding:{x}:{y}:{}", facts.nodes.len());
        facts.add_node(Node::new(Label::Finding, &finding).with_properties(properties));
        for (role, name) in [("x", x), ("y", y)] {
            let concept = format!("concept:{name}");
            facts.add_node(Node::new(Label::Concept, &concept).with_properties(json!({ "name": name })));
            facts.add_edge(Edge::new(EdgeKind::Mentions, &finding, &concept).with_properties(json!({ "role": role })));
        }
    }

    fn texts(svg: &str) -> String {
        let mut out = String::new();
        for piece in svg.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap();
            if !tag.starts_with("style") {
                out.push_str(text);
                out.push('\n');
            }
        }
        out
    }

    #[test]
    fn without_findings_there_is_no_picture() {
        assert_eq!(render_svg(&Facts::default()), "");
        let mut facts = Facts::default();
        facts.add_node(Node::new(Label::Concept, "concept:a").with_properties(json!({ "name": "a" })));
        facts.add_node(Node::new(Label::Finding, "finding:1"));
        assert_eq!(render_svg(&facts), "");
    }

    #[test]
    fn it_draws_sign_and_replication_of_each_pair() {
        let mut facts = Facts::default();
        found(
            &mut facts,
            "mass",
            "length",
            json!({ "direction": "+", "replicated": true }),
        );
        found(
            &mut facts,
            "mass",
            "depth",
            json!({ "direction": "-", "replicated": false }),
        );
        found(&mut facts, "species", "mass", json!({ "direction": "Gentoo" }));
        let svg = render_svg(&facts);
        for drawn in ["kp-plus kp-solid", "kp-minus kp-broken", "kp-level kp-broken"] {
            assert_eq!(
                svg.matches(&format!("class=\"kp-line {drawn}\"")).count(),
                1,
                "{drawn}: {svg}"
            );
        }
        for said in ["length", "depth", "species", "Gentoo", "rise together"] {
            assert!(texts(&svg).contains(said), "{said}: {svg}");
        }
        assert!(!texts(&svg).contains("tested and not found"));
    }

    #[test]
    fn pairs_tested_in_vain_are_grey() {
        let mut facts = Facts::default();
        found(&mut facts, "a", "b", json!({ "direction": "+" }));
        found(&mut facts, "b", "c", json!({ "direction": "+" }));
        for (hypothesis, ends) in [("hypothesis:1", ["a", "c"]), ("hypothesis:2", ["a", "b"])] {
            facts.add_node(
                Node::new(Label::Hypothesis, hypothesis).with_properties(json!({ "x": ends[0], "y": ends[1] })),
            );
            for name in ends {
                facts.add_edge(Edge::new(EdgeKind::Mentions, hypothesis, &format!("concept:{name}")));
            }
            facts.add_edge(Edge::new(EdgeKind::Refutes, "result:1", hypothesis));
        }
        let svg = render_svg(&facts);
        assert_eq!(
            svg.matches("class=\"kp-grey\"").count(),
            1 + 1,
            "one pair and the legend: {svg}"
        );
    }

    #[test]
    fn no_more_is_drawn_than_can_be_read_and_the_rest_is_said_to_be_missing() {
        let mut facts = Facts::default();
        for n in 0..60 {
            found(&mut facts, "hub", &format!("v{n}"), json!({ "direction": "+" }));
        }
        let svg = render_svg(&facts);
        assert_eq!(svg.matches("class=\"kp-node\"").count(), 40);
        assert!(texts(&svg).contains("left out"), "{svg}");
        assert!(texts(&svg).contains("hub"));
    }

    #[test]
    fn replicated_lines_are_kept_where_there_are_too_many() {
        let mut facts = Facts::default();
        for a in 0..20 {
            for b in 0..a {
                let replicated = (a + b) % 5 == 0;
                let properties = json!({ "direction": "-", "replicated": replicated });
                found(&mut facts, &format!("v{a}"), &format!("v{b}"), properties);
            }
        }
        let svg = render_svg(&facts);
        let of = |style: &str| svg.matches(&format!("class=\"kp-line kp-minus {style}\"")).count();
        assert_eq!((of("kp-solid"), of("kp-broken")), (38, 120 - 38));
        assert!(texts(&svg).contains("Only the pairs of most findings"));
    }

    #[test]
    fn hostile_names_are_text_and_digits_are_theirs() {
        let mut facts = Facts::default();
        let names = [
            "</title><script>alert(1)</script>",
            "a\"b'&\u{0}\u{202E}\n",
            &"w".repeat(1_000_000),
            "🐧 ]]>",
        ];
        for pair in names.windows(2) {
            found(
                &mut facts,
                pair[0],
                pair[1],
                json!({ "direction": "\"/><image href='x'/>", "replicated": "?" }),
            );
        }
        let svg = render_svg(&facts);
        assert!(svg.len() < 40_000, "{}", svg.len());
        for raw in ["<script", "<image", "\0", "\u{202E}"] {
            assert!(!svg.contains(raw), "{raw:?}");
        }
        let ours = texts(&svg).replace("alert(1)", "");
        assert!(!ours.contains(|letter: char| letter.is_numeric()), "{ours}");
    }

    #[test]
    fn the_order_of_facts_does_not_matter() {
        let mut facts = Facts::default();
        for (x, y) in [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("b", "d")] {
            found(&mut facts, x, y, json!({ "direction": "+" }));
        }
        let one = render_svg(&facts);
        facts.nodes.reverse();
        facts.edges.reverse();
        assert_eq!(one, render_svg(&facts));
        assert!(one.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    }
}
