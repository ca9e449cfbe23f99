//! The words of the picture, so that a report of an earlier version keeps its own.

use super::choose::Sign;

/// The picture's own words. None may have a digit.
#[derive(Debug)]
pub(crate) struct PictureWording {
    pub(crate) title: &'static str,
    /// Between the two variables of a line.
    pub(crate) and: &'static str,
    /// Before the first level with more of the other variable.
    pub(crate) more_in: &'static str,
    /// A line of sign plus.
    pub(crate) rise: &'static str,
    /// A line of sign minus.
    pub(crate) fall: &'static str,
    /// A line between a variable and a grouping.
    pub(crate) differ: &'static str,
    /// A line of no single direction.
    pub(crate) together: &'static str,
    pub(crate) replicated: &'static str,
    pub(crate) not_replicated: &'static str,
    /// A grey line.
    pub(crate) not_found: &'static str,
    pub(crate) variables_left_out: &'static str,
    pub(crate) lines_left_out: &'static str,
    pub(crate) grey_left_out: &'static str,
}

impl PictureWording {
    /// The words of this version.
    pub(crate) const CURRENT: Self = Self {
        title: "What was found: variables, and the findings that join them",
        and: " and ",
        more_in: ", more in ",
        rise: "rise together",
        fall: "one falls as the other rises",
        differ: "differ between groups",
        together: "go together",
        replicated: "replicated",
        not_replicated: "not replicated",
        not_found: "tested and not found",
        variables_left_out: "Only the variables of most findings are drawn; the others are left out.",
        lines_left_out: "Only the pairs of most findings are joined, replicated ones first; the others are left out.",
        grey_left_out: "The pairs that were tested and not found are left out: there are too many.",
    };

    /// The words for a line of that sign.
    pub(super) fn of_sign(&self, sign: Sign) -> &'static str {
        match sign {
            Sign::Plus => self.rise,
            Sign::Minus => self.fall,
            Sign::Level => self.differ,
            Sign::Unsaid => self.together,
        }
    }

    /// The words for a line that is replicated or not.
    pub(super) fn of_replication(&self, replicated: bool) -> &'static str {
        if replicated {
            self.replicated
        } else {
            self.not_replicated
        }
    }
}
