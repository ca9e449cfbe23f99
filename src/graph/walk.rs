//! The one question that stores answer besides what they hold: where does a way through the graph lead?

use super::{EdgeKind, Label, Node};

/// Which way an edge is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From its beginning to its end.
    Out,
    /// From its end to its beginning.
    In,
}

/// One edge of a way, and the label of the node that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkStep {
    /// The type of the edges.
    pub relation: EdgeKind,
    /// The direction in which edges are followed.
    pub way: Way,
    /// The label of the nodes that it leads to.
    pub to: Label,
}

/// A way from some nodes over edges of given types, over no edge twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk {
    /// Ids where it begins.
    pub from: Vec<String>,
    /// Edge by edge; without one, the nodes themselves are asked for.
    pub steps: Vec<WalkStep>,
    /// The property of the last node by which the trails are put in order, the smallest first; those without come last.
    pub order: Option<&'static str>,
    /// Trails at most.
    pub limit: usize,
}

/// The nodes that a walk came by, without the one where it began, and that one where there is no step.
pub type Trail = Vec<Node>;

/// Trails that one walk gives at most where nothing else is said.
pub const MOST_TRAILS: usize = 10_000;

impl Walk {
    /// A walk that begins at these ids.
    pub fn starting_at<I: Into<String>>(ids: impl IntoIterator<Item = I>) -> Self {
        Self {
            from: ids.into_iter().map(Into::into).collect(),
            steps: Vec::new(),
            order: None,
            limit: MOST_TRAILS,
        }
    }

    /// Goes on along edges of that type to nodes of that label.
    pub fn along(mut self, relation: EdgeKind, to: Label) -> Self {
        let way = Way::Out;
        self.steps.push(WalkStep { relation, way, to });
        self
    }

    /// Goes on against edges of that type to nodes of that label.
    pub fn against(mut self, relation: EdgeKind, to: Label) -> Self {
        let way = Way::In;
        self.steps.push(WalkStep { relation, way, to });
        self
    }

    /// The best by a property of the last node, the smallest first.
    pub fn keep_best(mut self, by: &'static str, limit: usize) -> Self {
        self.order = Some(by);
        self.limit = limit;
        self
    }
}

/// The order of trails in every store: by their values of the property that is asked for, then by their ids from the
/// last to the first.
pub(super) fn compare_trails<'a>(
    values: (Option<f64>, Option<f64>),
    a: impl DoubleEndedIterator<Item = &'a str>,
    b: impl DoubleEndedIterator<Item = &'a str>,
) -> std::cmp::Ordering {
    let by_value = match values {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    by_value.then_with(|| a.rev().cmp(b.rev()))
}

/// The value by which a trail is put in order.
pub(super) fn order_value(order: Option<&str>, trail: &Trail) -> Option<f64> {
    order.and_then(|name| trail.last()?.number_property(name))
}
