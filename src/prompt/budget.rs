//! What fits into a prompt, and what is said of the rest.

/// Stands where a text was cut.
const CUT: &str = " [... the rest is not shown]";

/// Tokens of a text, rather too many than too few: one for three bytes. Tokenisers make one of about four bytes of
/// English, and more only of digits and rare scripts.
pub fn tokens(text: &str) -> usize {
    text.len().div_ceil(3)
}

/// The first of `lines`, most relevant first, that fit into `room` tokens together, with a last line that says how many
/// `things` more there are where some do not.
pub fn fit(lines: Vec<String>, room: usize, things: &str) -> Vec<String> {
    let all = lines.len();
    if lines.iter().map(|line| cost(line)).sum::<usize>() <= room {
        return lines;
    }
    let room = room.saturating_sub(cost(&left_out(all, things)));
    let mut used = 0;
    let mut kept: Vec<String> = lines
        .into_iter()
        .take_while(|line| {
            used += cost(line);
            used <= room
        })
        .collect();
    kept.push(left_out(all - kept.len(), things));
    kept
}

/// The beginning of a text that fits into `room` tokens, with a mark where it was cut.
pub fn shorten(text: &str, room: usize) -> String {
    if tokens(text) <= room {
        return text.to_owned();
    }
    let most = (room * 3).saturating_sub(CUT.len());
    let end = text
        .char_indices()
        .map(|(at, letter)| at + letter.len_utf8())
        .take_while(|end| *end <= most);
    format!("{}{CUT}", text.get(..end.last().unwrap_or(0)).unwrap_or_default())
}

/// The first `letters` of a text, with an ellipsis where there were more.
pub fn shorten_to(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A line with its end.
fn cost(line: &str) -> usize {
    tokens(line) + 1
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
            assert_eq!(fit(lines(count), room, "columns"), expected, "{count} in {room}");
        }
    }

    #[test]
    fn a_long_line_ends_the_list_and_is_not_cut() {
        let lines = vec!["a".repeat(30), "b".repeat(300), "c".repeat(30)];
        let fitted = fit(lines.clone(), 40, "tests");
        assert_eq!(fitted, [lines[0].clone(), "... and 2 tests more, not shown".to_owned()]);
    }

    #[test]
    fn what_is_cut_is_said_to_be() {
        assert_eq!(shorten("short", 100), "short");
        let cut = shorten(&"é".repeat(100), 20);
        assert!(
            tokens(&cut) <= 20 && cut.ends_with("not shown]") && cut.starts_with("éé"),
            "{cut}"
        );
        assert_eq!(shorten("anything at all", 0), CUT);
        assert_eq!(
            (shorten_to("ééé", 2), shorten_to("ééé", 3)),
            ("éé…".to_owned(), "ééé".to_owned())
        );
    }

    #[test]
    fn the_estimate_is_not_too_small() {
        // 5 words, and at most as many tokens of any tokeniser in use.
        assert!(tokens("flipper length and body mass") >= 5);
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens("é"), 1);
    }
}
