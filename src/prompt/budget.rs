//! Fitting texts into a prompt, and stating what was left out.

/// Marks the place where a text was cut.
const CUT: &str = " [... the rest is not shown]";

/// An upper estimate of the tokens of a text: one per three bytes. Tokenisers produce one per about four bytes of
/// English, and more only for digits and rare scripts.
pub fn estimate_prompt_tokens(text: &str) -> usize {
    text.len().div_ceil(3)
}

/// The first of `lines`, the most relevant first, that fit into `room` tokens together; if some do not fit, the last
/// line says how many more `things` there are.
pub fn fit_lines(lines: Vec<String>, room: usize, things: &str) -> Vec<String> {
    let all = lines.len();
    if lines.iter().map(|line| line_tokens(line)).sum::<usize>() <= room {
        return lines;
    }
    let room = room.saturating_sub(line_tokens(&left_out(all, things)));
    let mut used = 0;
    let mut kept: Vec<String> = lines
        .into_iter()
        .take_while(|line| {
            used += line_tokens(line);
            used <= room
        })
        .collect();
    kept.push(left_out(all - kept.len(), things));
    kept
}

/// The beginning of a text that fits into `room` tokens, with a mark where it was cut.
pub fn shorten_to_tokens(text: &str, room: usize) -> String {
    if estimate_prompt_tokens(text) <= room {
        return text.to_owned();
    }
    let most = (room * 3).saturating_sub(CUT.len());
    let end = text
        .char_indices()
        .map(|(at, letter)| at + letter.len_utf8())
        .take_while(|end| *end <= most);
    format!("{}{CUT}", text.get(..end.last().unwrap_or(0)).unwrap_or_default())
}

/// The first `letters` of a text, with an ellipsis if there are more.
pub fn shorten_to(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Tokens of a line with its line break.
fn line_tokens(line: &str) -> usize {
    estimate_prompt_tokens(line) + 1
}

fn left_out(count: usize, things: &str) -> String {
    format!("... and {count} {things} more, not shown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let lines = |count: usize| (0..count).map(|at| format!("line {at:04}")).collect::<Vec<_>>();
        let table: [(usize, usize, &[&str]); 5] = [
            (0, 0, &[]),
            (2, 8, &["line 0000", "line 0001"]),
            (2, 7, &["... and 2 columns more, not shown"]),
            (9, 21, &["line 0000", "line 0001", "... and 7 columns more, not shown"]),
            (3, 0, &["... and 3 columns more, not shown"]),
        ];
        for (count, room, expected) in table {
            assert_eq!(fit_lines(lines(count), room, "columns"), expected, "{count} in {room}");
        }
    }

    #[test]
    fn a_long_line_ends_the_list_and_is_not_cut() {
        let lines = vec!["a".repeat(30), "b".repeat(300), "c".repeat(30)];
        let fitted = fit_lines(lines.clone(), 40, "tests");
        assert_eq!(fitted, [lines[0].clone(), "... and 2 tests more, not shown".to_owned()]);
    }

    #[test]
    fn what_is_cut_is_said_to_be() {
        assert_eq!(shorten_to_tokens("short", 100), "short");
        let cut = shorten_to_tokens(&"é".repeat(100), 20);
        assert!(
            estimate_prompt_tokens(&cut) <= 20 && cut.ends_with("not shown]") && cut.starts_with("éé"),
            "{cut}"
        );
        assert_eq!(shorten_to_tokens("anything at all", 0), CUT);
        assert_eq!(
            (shorten_to("ééé", 2), shorten_to("ééé", 3)),
            ("éé…".to_owned(), "ééé".to_owned())
        );
    }

    #[test]
    fn the_estimate_is_not_too_small() {
        // 5 words, and at most as many tokens of any tokeniser in use.
        assert!(estimate_prompt_tokens("flipper length and body mass") >= 5);
        assert_eq!(estimate_prompt_tokens(""), 0);
        assert_eq!(estimate_prompt_tokens("é"), 1);
    }
}
