"""Inputs that are nearly right: good ones with pieces cut out, doubled, put in or replaced, as Hypothesis chooses and shrinks them."""

from collections.abc import Sequence

from hypothesis import strategies as st

_MOST_CHANGES = 6
_LONGEST_PIECE = 40


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """A seed after a few changes; or any bytes at all.

    Args:
        draw: Hypothesis's own.
        seeds: inputs that are right.
        tokens: what the format's parser looks for, and what makes it stumble.
    """
    content = draw(st.sampled_from(seeds) | st.binary(max_size=200))
    for _ in range(draw(st.integers(0, _MOST_CHANGES))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, _LONGEST_PIECE)))
        piece = draw(st.sampled_from([b"", content[start:end] * 2, *tokens]) | st.binary(max_size=4))
        content = content[:start] + piece + content[end:]
    return content
