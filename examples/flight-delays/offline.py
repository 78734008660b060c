"""The story of this example without Trivium: the same policy replayed in pandas, as an independent check of what the data give.

    .venv/bin/python examples/flight-delays/offline.py [--weeks 13] [--permute SEED]

It prints one line a week: the champion's log loss, what drifted, and what a retraining came to. `--permute` deals the departure dates out
anew among the rows (same rows, same dates): a world without change, in which nothing may happen.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

HERE = Path(__file__).parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "training"))
from train import CATEGORIES, FEATURES, LABEL, NUMBERS, build  # noqa: E402

SOURCE = HERE / "../../node_modules/vega-datasets/data/flights-3m.parquet"
MINUTES_A_WEEK = 7 * 1440
AIRPORTS, WINDOW_HOURS = 9, 3
FIRST_WEEKS, TRAIN_WEEKS, COOLDOWN_WEEKS = 4, 8, 3
GATE_MARGIN, LOSS_MARGIN = 0.005, 0.03
KS_FLOOR, SHARE_FLOOR, Q = 0.1, 0.05, 0.05
SETTINGS = {"learning_rate": 0.08, "max_iter": 80, "max_leaf_nodes": 15, "random_state": 7}


def load(permute: int | None) -> pd.DataFrame:
    flights = pd.read_parquet(SOURCE)
    busiest = flights["origin"].value_counts().index[:AIRPORTS]
    flights = flights[flights["origin"].isin(busiest) & flights["destination"].isin(busiest)].reset_index(drop=True)
    if permute is not None:
        flights["date"] = np.random.default_rng(permute).permutation(flights["date"].to_numpy())
        flights = flights.sort_values("date", kind="stable").reset_index(drop=True)
    departed = ((flights["date"] - pd.Timestamp("2001-01-01")).dt.total_seconds() // 60).astype(int)
    return with_recent_delays(flights.assign(
        departed=departed, landed=departed + 40 + flights["distance"] // 8, day=departed // 1440, week=departed // MINUTES_A_WEEK,
        weekday=flights["date"].dt.dayofweek, hour=flights["date"].dt.hour, **{LABEL: (flights["delay"] > 15).astype(int)},
    ))


def with_recent_delays(flights: pd.DataFrame) -> pd.DataFrame:
    """For each flight: the landings at its origin in (departure - 3 h, departure]."""
    found = {name: np.zeros(len(flights)) for name in NUMBERS if name.startswith("recent_")}
    for airport in flights["origin"].unique():
        landings = flights[flights["destination"] == airport].sort_values("landed", kind="stable")
        sums = [np.r_[0.0, np.cumsum(landings[column])] for column in ("delay", LABEL)]
        here = np.flatnonzero(flights["origin"] == airport)
        at = flights["departed"].to_numpy()[here]
        end = np.searchsorted(landings["landed"], at, "right")
        begin = np.searchsorted(landings["landed"], at - 60 * WINDOW_HOURS, "right")
        count = end - begin
        found["recent_arrivals"][here] = count
        for name, total in zip(("recent_delay", "recent_late"), sums):
            found[name][here] = (total[end] - total[begin]) / np.maximum(count, 1)
    return flights.assign(**found).astype({name: "float32" for name in NUMBERS})


def losses(model, rows: pd.DataFrame) -> np.ndarray:
    p = model.predict_proba(rows[FEATURES])[:, 1].clip(1e-7, 1 - 1e-7)
    return -np.where(rows[LABEL] == 1, np.log(p), np.log(1 - p))


def mean_by_day(values: np.ndarray, days: pd.Series) -> tuple[float, float]:
    """Mean over rows and its standard error when whole days are drawn, not rows."""
    sums = pd.DataFrame({"value": values, "day": days.to_numpy()}).groupby("day")["value"].agg(["sum", "size"])
    rows, days_seen = sums["size"].sum(), len(sums)
    mean = sums["sum"].sum() / rows
    spread = ((sums["sum"] - mean * sums["size"]) ** 2).sum()
    return mean, float(np.sqrt(days_seen / (days_seen - 1) * spread) / rows)


def drifted(reference: pd.DataFrame, window: pd.DataFrame) -> dict[str, float]:
    """Features whose effect reaches its floor and whose p-value Benjamini-Hochberg admits."""
    tests = []
    for name in NUMBERS:
        test = stats.ks_2samp(reference[name], window[name], method="asymp")
        tests.append((name, test.statistic, test.pvalue, KS_FLOOR))
    for name in CATEGORIES:
        counts = pd.crosstab(pd.concat([reference[name], window[name]]).to_numpy(), np.repeat([0, 1], [len(reference), len(window)]))
        share = (counts[0] / len(reference) - counts[1] / len(window)).abs().max()
        tests.append((name, share, stats.chi2_contingency(counts.T)[1], SHARE_FLOOR))
    tests.sort(key=lambda test: test[2])
    admitted = max((rank for rank, test in enumerate(tests, start=1) if test[2] <= Q * rank / len(tests)), default=0)
    return {name: effect for name, effect, _, floor in tests[:admitted] if effect >= floor}


def fit(flights: pd.DataFrame, first: int, end: int):
    rows = flights[(flights["week"] >= first) & (flights["week"] < end)]
    return build(SETTINGS).fit(rows[FEATURES], rows[LABEL]), rows


def replay(flights: pd.DataFrame, weeks: int) -> None:
    champion, reference = fit(flights, 0, FIRST_WEEKS)
    fresh = known(flights, FIRST_WEEKS)
    baseline = mean_by_day(losses(champion, fresh), fresh["day"])
    always = reference[LABEL].mean()
    worth = mean_by_day(losses(champion, fresh) - entropy(fresh[LABEL], always), fresh["day"])
    print(f"v1: {len(reference):,} flights, log loss {baseline[0]:.4f} on {len(fresh):,} fresh ones, {worth[0]:+.4f} against always saying {always:.3f}")
    version, last_run, memory, predictions = 1, -99, [], 0
    for week in range(FIRST_WEEKS + 1, FIRST_WEEKS + 1 + weeks):
        predictions += int((flights["week"] == week).sum())
        rows = known(flights, week)
        mean, error = mean_by_day(losses(champion, rows), rows["day"])
        worse = mean - baseline[0] - stats.t.ppf(0.975, 6) * np.hypot(error, baseline[1])
        found = drifted(reference, flights[flights["week"] == week])
        memory = [*memory[-2:], set(found)]
        persistent = sorted(name for name in found if sum(name in seen for seen in memory) >= 2)
        reasons = ([f"drift of {', '.join(persistent)}"] if persistent else []) + (["loss of performance"] if worse > LOSS_MARGIN else [])
        line = f"week {week:2d}  v{version}  late {rows[LABEL].mean():.3f}  log loss {mean:.4f} ({worse:+.3f})  {' '.join(f'{n} {e:.3f}' for n, e in found.items()):42s}"
        if reasons and week - last_run >= COOLDOWN_WEEKS:
            last_run = week
            challenger, learnt = fit(flights, max(0, week - TRAIN_WEEKS), week)
            gap, gap_error = mean_by_day(losses(challenger, rows) - losses(champion, rows), rows["day"])
            half = stats.t.ppf(0.975, rows["day"].nunique() - 1) * gap_error
            passed = gap + half <= GATE_MARGIN
            line += f"  {' and '.join(reasons)}: retrained, {gap:+.4f} [{gap - half:+.4f}, {gap + half:+.4f}] {'PASSED' if passed else 'REJECTED'}"
            if passed:
                champion, reference, memory, version = challenger, learnt, [], version + 1
                baseline = mean_by_day(losses(champion, rows), rows["day"])
        elif reasons:
            line += f"  {' and '.join(reasons)}: cooling down"
        print(line.rstrip())
    print(f"{predictions:,} predictions")


def known(flights: pd.DataFrame, week: int) -> pd.DataFrame:
    """Flights of a week that have landed by its end."""
    return flights[(flights["week"] == week) & (flights["landed"] < (week + 1) * MINUTES_A_WEEK)]


def entropy(labels: pd.Series, share: float) -> np.ndarray:
    return -np.where(labels == 1, np.log(share), np.log(1 - share))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--weeks", type=int, default=13)
    parser.add_argument("--permute", type=int)
    arguments = parser.parse_args()
    replay(load(arguments.permute), arguments.weeks)
