//! What a model says of the findings, in the report.

use serde_json::json;

use crate::lab::Lab;

fn told(lab: &mut Lab, words: &[(Option<&str>, &str)]) {
    let words = words
        .iter()
        .map(|(finding, text)| json!({"finding": finding, "text": text, "model": "tiny-model:1.5b"}));
    lab.dossier["interpretations"] = words.collect();
}

const ANSWER: &str =
    "A longer `bill_length_mm` goes with a smaller `bill_depth_mm` over all rows (r = -0.235, n = 342).";
const FINDING: &str = "The `bill_length_mm` and the `bill_depth_mm` go together; p < 0.001.";

#[test]
fn words_that_the_numbers_bear_out_are_shown_as_the_models() {
    let mut lab = Lab::new();
    told(&mut lab, &[(None, ANSWER), (Some("h-500000000005"), FINDING)]);
    lab.dossier["model_remarks"] = json!([{"cycle": 2, "agent": "hypothesis_generator", "text": "an idea of the model was dropped: `x9` is no column"}]);
    lab.dossier["tests"][0]["proposed_by"] = json!("tiny-model:1.5b");
    lab.render().unwrap();
    let (markdown, html, notebook) = (
        lab.read("report.md"),
        lab.read("report.html"),
        lab.read("notebook.ipynb"),
    );
    assert!(!markdown.contains("are not shown"), "{markdown}");
    for text in [&markdown, &html] {
        assert!(
            text.contains("In a model’s words") && text.contains("It adds no evidence"),
            "{text}"
        );
        for piece in [
            "tiny-model:1.5b",
            "over all rows (r = ",
            "is no column",
            "registered before its test",
        ] {
            assert!(text.contains(piece), "{piece}");
        }
    }
    assert!(notebook.contains("In the words of the model"));
    assert!(
        lab.read("findings.json")
            .contains("\"proposed_by\": \"tiny-model:1.5b\"")
    );
    assert!(
        !lab.read("findings.json").contains("over all rows (r ="),
        "words are no findings"
    );
}

#[test]
fn whatever_the_record_holds_no_other_words_are() {
    for bad in [
        "A longer `bill_length_mm` goes with a smaller `bill_depth_mm` (r = -0.99).",
        "A longer `bill_length_mm` causes a smaller `bill_depth_mm` in the end.",
        "This proves that the `bill_length_mm` goes with the `bill_depth_mm`.",
        "The `bill_length_mm` goes with the `bill_depth_mm` <script>alert(1)</script>",
        "The `bill_length_mm` goes with the `diet` and the `bill_depth_mm`.",
    ] {
        let mut lab = Lab::new();
        told(
            &mut lab,
            &[
                (None, bad),
                (Some("h-500000000005"), bad),
                (Some("h-300000000003"), FINDING),
                (Some("h-200000000002"), FINDING),
            ],
        );
        lab.render().unwrap();
        for file in ["report.md", "report.html", "notebook.ipynb", "findings.json"] {
            let text = lab.read(file);
            assert!(
                !text.contains("-0.99") && !text.contains("causes a smaller"),
                "{bad} in {file}"
            );
            assert!(
                !text.contains("This proves") && !text.contains("alert(1)") && !text.contains("diet"),
                "{bad} in {file}"
            );
        }
        let markdown = lab.read("report.md");
        assert!(
            markdown.contains("are not shown") && !markdown.contains("tiny-model"),
            "{markdown}"
        );
    }
}

#[test]
fn a_run_without_a_model_says_nothing_of_one() {
    let lab = Lab::new();
    lab.render().unwrap();
    for file in ["report.md", "report.html", "notebook.ipynb"] {
        assert!(!lab.read(file).contains("model’s words"), "{file}");
    }
    assert!(!lab.read("findings.json").contains("proposed_by"));
}
