# ---- proportion: does the share of k out of n go with x? ----
from types import SimpleNamespace


def judge(table, explore, test, family):
    return judge_rates(table, explore, test, "odds_ratio")


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
