"""The programme behind a rota: the turns of one kind of patrol, and its teams."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack, kron, vstack
from scipy.sparse import eye_array as eye

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
# Each of the three aims may take so long; what is found by then is taken and called unproven.
_SECONDS = 15.0
_SHARED = 3


@dataclass(frozen=True)
class Work:
    """Turns to be filled (n) and teams (m): minutes, people, what is to be shared evenly.

    ``free`` is the minute from which a team that took the turn may begin another. Of what was
    before the first of them ``rested`` is the minute from which a team may begin (m), and ``had``
    how many nights, weekends and turns it had (3, m), which count as its own.
    """

    start: Ints
    free: Ints
    wanted: Ints
    night: Bools
    weekend: Bools
    people: Ints
    rested: Ints
    had: Ints


def share(work: Work) -> tuple[Bools, bool]:
    """Return which team takes which turn (m, n), and whether that is proven best.

    Variables: x[m, n], whether a team takes a turn; lack[n], people who lack; and for nights,
    weekends and all turns the least and the most that a team has and by how much they differ
    beyond 1. The aims are ranked: each is reached and held before the next.
    """
    teams, turns = len(work.people), len(work.start)
    size = teams * turns
    width = size + turns + 3 * _SHARED
    if not teams:
        return np.zeros((0, turns), dtype=bool), True
    beyond = np.arange(size + turns + 2, width, 3)
    lacking, unfair, effort = np.zeros(width), np.zeros(width), np.zeros(width)
    lacking[size : size + turns] = 1.0
    unfair[beyond[:2]] = 1.0
    effort[:size], effort[beyond[2]] = 1.0, 1.0
    upper = np.full(width, np.inf)
    upper[:size] = (work.start[None, :] >= work.rested[:, None]).ravel()
    rules = [_cover(work, width), _rest(work, width), _fair(work, width)]
    found, proven = np.zeros(width), True
    found[size : size + turns] = work.wanted
    for aim in (lacking, unfair, effort):
        done = milp(
            aim,
            integrality=np.ones(width),
            bounds=Bounds(np.zeros(width), upper),
            constraints=rules,
            options={"time_limit": _SECONDS},
        )
        proven = proven and done.status == 0
        if done.x is not None:
            found = np.asarray(done.x)
            rules.append(LinearConstraint(csr_array(aim[None, :]), -np.inf, np.rint(aim @ found)))
    return found[:size].round().reshape(teams, turns).astype(bool), proven


def _cover(work: Work, width: int) -> LinearConstraint:
    """Let the people on each turn and those who lack be as many as are wanted."""
    turns = len(work.start)
    people = kron(csr_array(work.people[None, :].astype(float)), eye(turns))
    return LinearConstraint(_wide([people, eye(turns)], width), work.wanted, np.inf)


def _rest(work: Work, width: int) -> LinearConstraint:
    """Let each team take one at most of the turns that keep it busy or resting at one time.

    Of spans on a line any two of which meet, all hold at the beginning of one of them.
    """
    busy = (work.start[None, :] <= work.start[:, None]) & (work.start[:, None] < work.free[None, :])
    return LinearConstraint(
        _wide([kron(eye(len(work.people)), csr_array(busy.astype(float)))], width), -np.inf, 1.0
    )


def _fair(work: Work, width: int) -> LinearConstraint:
    """Hold each team's nights, weekends and turns, had and to come, between least and most."""
    teams, turns = len(work.people), len(work.start)
    blocks, low, high = [], [], []
    for n, marked in enumerate((work.night, work.weekend, np.ones(turns, dtype=bool))):
        least = teams * turns + turns + 3 * n
        count = _wide([kron(eye(teams), csr_array(marked[None, :].astype(float)))], width)
        blocks += [
            count - _column(least, teams, width),
            count - _column(least + 1, teams, width),
            _column(least, 1, width) - _column(least + 1, 1, width) + _column(least + 2, 1, width),
        ]
        low += [-work.had[n], np.full(teams, -np.inf), np.array([-1.0])]
        high += [np.full(teams, np.inf), -work.had[n], np.array([np.inf])]
    return LinearConstraint(vstack(blocks).tocsr(), np.concatenate(low), np.concatenate(high))


def _column(at: int, height: int, width: int) -> csr_array:
    ones = (np.ones(height), (np.arange(height), np.full(height, at)))
    return coo_array(ones, shape=(height, width)).tocsr()


def _wide(blocks: list[csr_array], width: int) -> csr_array:
    """Return blocks side by side, with nothing in the columns that are left."""
    height = blocks[0].shape[0]
    rest = width - sum(block.shape[1] for block in blocks)
    return hstack([*blocks, csr_array((height, rest))]).tocsr()
