from datetime import date
from pathlib import Path

import pytest

from mailflow.policy.catalogue import read_folder
from mailflow.policy.documents import OWN, Document, document, documents, parse

ROOT = Path(__file__).parents[2]


def test_parse() -> None:
    text = '["RFC 7208"]\ntitle = "SPF"\naddress = "https://example.com"\nread = 2026-11-20\nremark = "r"\n'
    assert parse(text) == {"RFC 7208": Document("RFC 7208", "SPF", "https://example.com", date(2026, 11, 20), "r")}


@pytest.mark.parametrize(
    "text",
    [
        "Training = 3",
        '[Training]\ntitle = "t"\nread = 2026-11-20\n',
        '[Training]\ntitle = "t"\naddress = "a"\nread = "2026-11-20"\n',
        '[Training]\ntitle = "t"\naddress = "a"\nread = 2026-11-20\nremarks = "r"\n',
        "[Training",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(ValueError, match=r"Training|end of a table"):
        parse(text)


def test_the_library_holds_what_features_name_and_nothing_else() -> None:
    catalogue = read_folder(ROOT / "features", ROOT)
    assert catalogue.mistakes == {}
    named = {s.document for f in catalogue.features for c in f.scenarios for s in c.requirement.sources}
    assert named - {OWN} == set(documents())


def test_document() -> None:
    assert document("Training").key == "Training"
    with pytest.raises(KeyError):
        document("Gossip")
