"""Measure the learned forecast on simulated counties (docs/learned.md)."""

import argparse
import hashlib
import json
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from risk.backtest import DECAYED, UNIFORM, backtest
from risk.learned import learned, offer
from tests.validation import _incidents

HERE = Path(__file__).parent
SETTINGS = tomllib.loads((HERE / "counties.toml").read_text(encoding="utf-8"))
RISING = ("landable", "road", "unguarded", "loitering", "darkness")
SHARE = 0.05


def measure(seed: int, kind: str) -> dict:
    """Backtest the learned model beside decayed counts on the last years of one county."""
    rule = SETTINGS["measure"]
    made = _incidents.county(seed, kind, SETTINGS)
    start = datetime.fromisoformat(rule["start"])
    end = start + timedelta(days=rule["years"] * 365.25)
    forecast = learned(
        made.shore, features=made.features, rising=RISING if made.features else (), seed=seed
    )
    result = backtest(
        made.shore,
        made.incidents,
        {"learned": forecast},
        start=end - timedelta(days=rule["tested_years"] * 365.25),
        end=end,
        step_days=rule["step_days"],
        horizon_days=rule["step_days"],
        seed=seed,
    )
    at = result.by_share.filter(share=SHARE)
    pai = dict(zip(at["forecaster"], at["pai"], strict=True))
    told = result.by_forecaster.filter(forecaster="learned").row(0, named=True)
    return {
        "kind": kind,
        "seed": seed,
        "km": float(made.shore.length_km.sum()),
        "incidents": made.incidents.height,
        "tested": result.incidents,
        "outside": made.outside,
        "pai_uniform": pai[UNIFORM],
        "pai_decayed": pai[DECAYED],
        "pai_learned": pai["learned"],
        "gain_more": told["gain_more"],
        "expected": told["expected"],
        "happened": told["happened"],
        "verdict": result.verdict,
        "offered": offer(result, "learned").offered,
        "pai_ratio_lo": told["pai_ratio_lo"],
    }


def main() -> None:
    """Measure and print a table for each kind of county."""
    frozen = SETTINGS["measure"]["seeds"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default=f"{frozen[0]}-{frozen[-1]}")
    parser.add_argument("--kinds", default=",".join(_incidents.KINDS))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    first, _, last = args.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    digest = hashlib.blake2b((HERE / "_incidents.py").read_bytes(), digest_size=10).hexdigest()
    same = digest == SETTINGS["generator"]["blake2"]
    print(f"generator {'as frozen' if same else 'NOT as frozen'}")
    rows = []
    for kind in args.kinds.split(","):
        print(f"\n{kind}\nseed   km   n tested outside  decayed learned gain  verdict offered")
        for seed in seeds:
            r = measure(seed, kind)
            rows.append(r)
            print(
                f"{seed:4d} {r['km']:4.0f} {r['incidents']:4d} {r['tested']:5d} "
                f"{r['outside']:8.2f} {r['pai_decayed']:8.2f} {r['pai_learned']:7.2f} "
                f"{r['gain_more']:5.2f} {r['verdict']:>10} {'yes' if r['offered'] else 'no'}",
                flush=True,
            )
        _sum_up(rows[-len(seeds) :])
    if args.out:
        args.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _sum_up(rows: list[dict]) -> None:
    old = np.array([r["pai_decayed"] for r in rows])
    new = np.array([r["pai_learned"] for r in rows])
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(rows), (2000, len(rows)))
    ratio = new[drawn].mean(axis=1) / np.maximum(old[drawn].mean(axis=1), 1e-12)
    low, high = np.quantile(ratio, [0.025, 0.975])
    print(
        f"mean PAI at 5 %: decayed {old.mean():.2f}, learned {new.mean():.2f}, ratio "
        f"{new.mean() / max(old.mean(), 1e-12):.2f} ({low:.2f}-{high:.2f} over counties); "
        f"offered in {sum(r['offered'] for r in rows)} of {len(rows)}; no signal in "
        f"{sum(r['verdict'] == 'no_signal' for r in rows)}; happened over expected "
        f"{sum(r['happened'] for r in rows) / sum(r['expected'] for r in rows):.2f}"
    )


if __name__ == "__main__":
    main()
