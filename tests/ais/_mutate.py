"""Make damaged NMEA by the million: whole arrays at a time, always the same for a seed."""

import random
from collections.abc import Sequence

import numpy as np

STAR, COMMA, NEWLINE = 42, 44, 10
_ODD = np.frombuffer(b"\0\0\\\\!$*,,\r\t #0199wW`_~\x7f\x80\xff\xc3:-", np.uint8)
_HEX = np.frombuffer(b"0123456789ABCDEF", np.uint8)


def checked(body: bytes, tags: bytes = b"") -> bytes:
    """Return ``!body*hh`` behind a tag block, both with their checksums."""
    block = b"\\%s*%02X\\" % (tags, _xor(tags)) if tags else b""
    return block + b"!%s*%02X" % (body, _xor(body))


def _xor(text: bytes) -> int:
    return int(np.bitwise_xor.reduce(np.frombuffer(text, np.uint8))) if text else 0


def rarities(lines: Sequence[bytes], seed: int) -> list[bytes]:
    """Return lines that are wrong as a whole, made of sound ones: their checksums still hold."""
    rng = random.Random(seed)
    made = [
        b"", b"\r", b"\\", b"\\\\", b"\\*00\\", b"\\\\\\\\", b"!", b"$", b"!AIVDM", b"!AIVDM,",
        b"#", b"!AIVDM,,,,,,*00", b"!AIVDM,1,1,,A,,0*26", b"\0" * 40, b"\xff" * 40, b",,,,,,,",
        b"*", b"*00", *[checked(b"AIVDM,1,1,,A,H5MiOp>uJ0MDhJ0,0")] * 20,  # a type 24, part D
        b"!AIVDM,1,1,,A," + b"0" * 70_000 + b",0*00", b"\\" * 70_000, b"g:" * 40_000,
        b"!" * 5_000, b"!AIVDM,1" * 2_000,
    ]  # fmt: skip
    for line in rng.sample(list(lines), min(len(lines), 3_000)):
        start = line.find(b"!")
        if start < 0 or b"*" not in line[start:]:
            continue
        tags, body = line[:start], line[start + 1 :].partition(b"*")[0]
        field = body.split(b",")
        swapped = field.copy()
        i, j = rng.randrange(len(field)), rng.randrange(len(field))
        swapped[i], swapped[j] = swapped[j], swapped[i]
        huge = field.copy()
        huge[rng.randrange(1, len(field))] = rng.choice(
            [b"9" * 30, b"-1", b"1e9", b"99", b"0", b"256", b"257", b"65537", b"4294967297",
             b" 1", b"+1", b"18446744073709551617", b"1.0", b"\xb2", b"\0"]
        )  # fmt: skip
        tag = rng.choice(
            [b"c:" + b"9" * 40, b"c:-5", b"c:", b"s:", b"g:1-2", b"g:9-2-1", b"g:1-99999999999-1",
             b"g:1-2-1-3", b"c:1469664000,c:0", b"s:" + b"x" * 300, b"x", b",,,", b"::::",
             b"s:\xe6\xb5\x8b"]
        )  # fmt: skip
        made += [
            tags + checked(b",".join(swapped)),
            tags + checked(b",".join(huge)),
            checked(body, tag),
            b"\\" + tags + checked(body),
            tags * 3 + checked(body),
            tags + tags[:-1] + checked(body),
            line + line,
            line + b"\r" + line,
            checked(body[:-2] + rng.randbytes(3).hex().encode() * rng.randrange(400) + body[-2:]),
            checked(body + b"," * rng.randrange(9)),
        ]
    return [one.replace(b"\n", b"") for one in made]


class Pool:
    """Lines one after another in one array, to be drawn from."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.flat = np.frombuffer(b"".join(line + b"\n" for line in lines), np.uint8)
        self.size = np.array([len(line) + 1 for line in lines])
        self.start = np.concatenate([[0], np.cumsum(self.size)[:-1]])

    def drawn(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the bytes of some lines, one after another, and how long each is."""
        size = self.size[which]
        shift = self.start[which] - np.concatenate([[0], np.cumsum(size)[:-1]])
        return self.flat[np.repeat(shift, size) + np.arange(size.sum())], size


def block(pool: Pool, n: int, rng: np.random.Generator) -> bytes:
    """Return ``n`` lines: runs of neighbours out of order or doubled, then damaged.

    A third stays as it is, a third is damaged anywhere, a third is damaged and given new
    checksums, so that the damage reaches what lies behind them.
    """
    run = 8
    first = rng.integers(0, len(pool.size) - run, -(-n // run))
    order = np.argsort(rng.random((len(first), run)) + np.arange(run) * 0.3, axis=1)
    order = np.where(rng.random(order.shape) < 0.05, order[:, ::-1], order)
    which = (first[:, None] + order).ravel()[:n]
    flat, size = pool.drawn(which)
    fate = rng.integers(0, 3, len(which))
    flat, size, fate = _damaged(flat, size, fate, rng)
    _checksums(flat, size, fate == 2)
    return flat.tobytes()


def _damaged(
    flat: np.ndarray, size: np.ndarray, fate: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    line = np.repeat(np.arange(len(size)), size)
    inside = np.ones(len(flat), np.bool_)
    inside[np.cumsum(size) - 1] = False
    open_ = np.flatnonzero(inside & (fate[line] > 0))

    def some(share: float) -> np.ndarray:
        return rng.choice(open_, int(share * len(size)))

    at = some(0.6)
    flat[at] ^= (1 << rng.integers(0, 8, len(at))).astype(np.uint8)
    at = some(0.4)
    flat[at] = rng.choice(_ODD, len(at))
    at = some(0.2)
    flat[at] = rng.integers(0, 256, len(at))
    keep = np.ones(len(flat), np.bool_)
    keep[some(0.3)] = False
    # From a random byte to the end of the line.
    end = np.cumsum(size)
    at = some(0.05)
    cut = np.zeros(len(flat) + 1, np.int64)
    np.add.at(cut, at, 1)
    np.add.at(cut, end[line[at]] - 1, -1)
    keep &= (np.cumsum(cut[:-1]) <= 0) | ~inside
    times = keep.astype(np.int64)
    times[some(0.1)] += rng.integers(1, 30)
    line = np.repeat(line, times)
    flat = np.repeat(flat, times)
    return flat, np.bincount(line, minlength=len(size)), fate


def _checksums(flat: np.ndarray, size: np.ndarray, which: np.ndarray) -> None:
    """Write the right checksum behind the last star of some lines, where there is room for it."""
    n = len(size)
    end = np.cumsum(size) - 1
    line = np.repeat(np.arange(n), size)
    at = np.arange(len(flat))
    star = np.full(n, -1)
    here = flat == STAR
    star[line[here]] = at[here]
    bang = np.full(n, -1)
    here = np.flatnonzero(flat == ord("!"))[::-1]
    bang[line[here]] = here
    good = np.flatnonzero(which & (bang >= 0) & (star > bang + 1) & (star + 2 < end))
    pairs = np.column_stack([bang[good] + 1, star[good]]).ravel()
    if not len(pairs):
        return
    xor = np.bitwise_xor.reduceat(flat, pairs)[::2]
    flat[star[good] + 1] = _HEX[xor >> 4]
    flat[star[good] + 2] = _HEX[xor & 15]
