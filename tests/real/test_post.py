"""Every test message of a correct plan arrives, sent for real."""

from pathlib import Path

import pytest

from mailflow.environment.message import Kind
from tests.real import plans
from tests.real.conftest import planned
from tests.real.keys import Keys
from tests.real.lab import Lab
from tests.real.post import OFFERED, send_and_save

pytestmark = pytest.mark.real


@pytest.mark.parametrize("scenario", plans.FACTS)
def test_every_message_of_a_correct_plan_arrives_or_is_reported(scenario: str, keys: Keys, tmp_path: Path) -> None:
    environment = planned(plans.copy(scenario, tmp_path / scenario), keys)
    with Lab(environment, keys) as lab:
        missing = send_and_save(lab, environment.domains[0], tmp_path / "messages")
        assert missing == set(), lab.programs.printed()
    names = [file.name for file in tmp_path.glob("messages/*")]
    assert environment.devices == ()  # so nobody sends, or poses, as one
    marks = {kind.name.lower().replace("_", "-") for kind in Kind if kind not in OFFERED and "DEVICE" not in kind.name}
    assert {mark for mark in marks if not any(name.startswith(f"{mark}-1") for name in names)} == set()
