"""The reference pages say what the code says today."""

from docs.build import REFERENCE, pages


def test_the_reference_pages_are_up_to_date():
    """What `make docs` would write is what is there."""
    written = {name: (REFERENCE / name).read_text("utf-8") for name in pages()}

    assert written == pages(), "run: make docs"
