# ---- limits: second looks at one finding of Kosmos, and how much it takes to contradict it ----
# PROTOCOL holds `finding`, a record of findings.json, and `table`, the path of the canonical table. result.json gets
# `checks`: for each its name, grounds, `estimate` {n, p, effect, direction}, whether it contradicts the finding, and why.
#
# A relation that turns round must do so at a level of .01, divided by the number of looks. One that is gone must not only have
# p above .05: the interval of its effect must end well below the finding's, so that few rows alone never make a relation go.
# Below two thirds, with an estimate below 0.3 of it, where the look uses the finding's own rows and so shares their noise; below
# a half where rows were left out. Effects are slopes of standardised columns, so that leaving out rows does not weaken them by
# narrowing the range.
ROWS = 20000  # more are sampled: enough to contradict anything
GROUP_COLUMNS, LEVELS, LEVEL_ROWS = 30, (2, 20), 8
COPIES = 199
TURNED, GONE, INTERVAL = 0.01, 0.05, 0.05
SMALL, FAR_SAME_ROWS, FAR_FEWER_ROWS = 0.3, 2 / 3, 0.5
CLEARLY = 4  # times the level, where a p of the same effect must say it alone
INFLUENTIAL = 0.05  # the largest share of rows that is left out as influential
RANK_TESTS = ("spearman", "mannwhitney", "brunnermunzel", "kruskal", "wilcoxon", "of ranks")


class CannotLook(Exception):
    """These checks make no sense for this finding; the message says why."""
