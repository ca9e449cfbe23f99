//! Lists suspicious lines of a script for a person to read. Nothing is decided by them: the sandbox holds whatever a
//! script says, and a malicious script can hide its intentions.

use super::Language;

/// Pairs of a text to look for and its meaning.
type Signs = [(&'static str, &'static str)];

const PYTHON: &Signs = &[
    ("subprocess", "starts other programs"),
    ("os.system(", "starts other programs"),
    ("os.popen(", "starts other programs"),
    ("os.exec", "starts other programs"),
    ("os.fork(", "starts other processes"),
    ("multiprocessing", "starts other processes"),
    ("import socket", "uses the network"),
    ("urllib", "uses the network"),
    ("requests.", "uses the network"),
    ("http.client", "uses the network"),
    ("ctypes", "calls the system directly"),
    ("eval(", "runs text as code"),
    ("exec(", "runs text as code"),
    ("__import__(", "hides what it imports"),
    ("pickle.load", "runs what a file tells it to"),
    ("os.getenv(", "looks at environment variables"),
    ("os.environ.", "looks at environment variables"),
    ("/proc/", "looks at the system"),
    ("/etc/", "looks at the system"),
];

const R: &Signs = &[
    ("system(", "starts other programs"),
    ("system2(", "starts other programs"),
    ("download.file(", "uses the network"),
    ("socketConnection(", "uses the network"),
    ("url(", "uses the network"),
    ("install.packages(", "uses the network"),
    ("dyn.load(", "calls the system directly"),
    ("parse(text", "runs text as code"),
    ("Sys.getenv(", "looks at environment variables"),
    ("/proc/", "looks at the system"),
    ("/etc/", "looks at the system"),
];

/// Lists what `script` seems to do that an analysis does not need, each once, with the line of its first occurrence.
#[must_use]
pub fn list_risky_lines(script: &str, language: Language) -> Vec<String> {
    let signs = match language {
        Language::Python => PYTHON,
        Language::R => R,
    };
    let mut found: Vec<(&str, usize)> = Vec::new();
    for (line, text) in (1..).zip(script.lines()) {
        let code = text.split('#').next().unwrap_or_default();
        for (sign, what) in signs {
            let known = found.iter().any(|(earlier, _)| earlier == what);
            if !known && begins_a_word(code, sign) {
                found.push((what, line));
            }
        }
    }
    found
        .into_iter()
        .map(|(what, line)| format!("line {line} {what}"))
        .collect()
}

/// Returns true if `sign` is in `code` and is not the end of a longer name.
fn begins_a_word(code: &str, sign: &str) -> bool {
    code.match_indices(sign).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_named_with_their_line() {
        let script = "import numpy\nimport subprocess\nx = eval('1')\nsubprocess.run(['ls'])\nmodel.eval()\n# exec(\n";
        assert_eq!(
            list_risky_lines(script, Language::Python),
            ["line 2 starts other programs", "line 3 runs text as code"]
        );
        assert_eq!(
            list_risky_lines("x <- system('ls')", Language::R),
            ["line 1 starts other programs"]
        );
        assert!(list_risky_lines("import numpy as np\nprint(np.mean([1]))", Language::Python).is_empty());
    }
}
