"""benchmarks/look_ups runs: its zones are served, and each contender of ours sees what it should. Nothing is timed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LOOK_UPS = Path(__file__).parents[2] / "benchmarks" / "look_ups"

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(LOOK_UPS))
        import served

        with served.served(tmp_path_factory.mktemp("zones"), served.names(12)) as port:
            yield port


def run(script: str, *arguments: object) -> list[float]:
    command = [sys.executable, LOOK_UPS / script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return [float(number) for number in done.stdout.split()]


@pytest.mark.parametrize("who", ["bare", "eye", "mailflow"])
def test_contenders_see_every_domain(who: str, port: int) -> None:
    seconds, processor = run("contenders.py", who, 12, port)
    assert seconds > 0
    assert processor > 0


def test_a_contender_that_misses_something_says_so(port: int) -> None:
    with pytest.raises(AssertionError, match="RuntimeError: eye: seen"):
        run("contenders.py", "eye", 13, port)  # there is no thirteenth


def test_a_long_way_is_as_long_as_it_should_be(port: int) -> None:
    with subprocess.Popen(
        [sys.executable, LOOK_UPS / "delay.py", str(port), "200"], stdout=subprocess.PIPE, text=True
    ) as way:
        try:
            assert way.stdout
            seconds, _ = run("contenders.py", "mailflow", 1, int(way.stdout.readline()))
        finally:
            way.terminate()
    assert seconds >= 0.6  # MX, then addresses, and three records of SPF in turn: three round trips at the least
