from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.environment.environment import Domain, Stage
from mailflow.policy.requirement import Level
from mailflow.policy.selection import Selection, sort

ENVIRONMENT = SimpleNamespace(
    name="toy", domains=(Domain("contoso.com", 4, ()), Domain("fabrikam.com", 3, ()), Domain("tailspin.com", 4, ()))
)
ALL = ("contoso.com", "fabrikam.com", "tailspin.com")


@pytest.mark.parametrize(
    ("levels", "rows"),
    [
        ([[]], ALL),
        ([["scenario:4"]], ("contoso.com", "tailspin.com")),
        ([["scenario:4", "scenario:3"]], ALL),
        ([["scenario:1"]], ()),
        ([["domain:FABRIKAM.com"]], ("fabrikam.com",)),
        ([["domain:contoso.com", "scenario:3"]], ()),
        ([["environment:toy"]], ALL),
        ([["environment:other"]], ()),
        ([["tenant"]], (None,)),
        ([["tenant", "scenario:3"]], (None,)),
        ([["tenant", "scenario:1"]], ()),
        ([["scenario:4", "scenario:3"], ["scenario:3"]], ("fabrikam.com",)),
        ([["scenario:4"], ["scenario:3"]], ()),
        ([["scenario:all-in-cloud"]], ()),
        ([["tenant"], ["scenario:3"]], (None,)),
        ([["except:3"]], ("contoso.com", "tailspin.com")),
        ([["except:parked"]], ALL),
        ([["except:3", "except:4"]], ()),
        ([["except:3"], ["except:4"]], ()),
        ([["scenario:4"], ["except:4"]], ()),
        ([["tenant"], ["except:3"]], (None,)),
        ([["tenant", "except:3", "except:4"]], ()),
    ],
)
def test_rows(levels: list[list[str]], rows: tuple[str | None, ...]) -> None:
    chosen = Selection()
    for tags in levels:
        chosen = sort(tags).selection.within(chosen)
    assert chosen.rows(ENVIRONMENT) == rows


@pytest.mark.parametrize(
    ("levels", "stages"),
    [
        ([[]], {Stage.PLAN, Stage.BEFORE, Stage.AFTER}),
        ([["stage:plan", "stage:after"]], {Stage.PLAN, Stage.AFTER}),
        ([["stage:plan", "stage:after"], ["stage:before"]], set()),
        ([["stage:before"], ["scenario:4"]], {Stage.BEFORE}),
    ],
)
def test_stages(levels: list[list[str]], stages: set[Stage]) -> None:
    chosen = Selection()
    for tags in levels:
        chosen = sort(tags).selection.within(chosen)
    assert {stage for stage in Stage if chosen.at(stage)} == stages


def test_what_a_tag_means() -> None:
    told = sort(["S4-MX-1", "must", "x-night", "should", "HYB-SPF-10"])
    assert (told.identifiers, told.levels, told.unknown) == (
        ["S4-MX-1", "HYB-SPF-10"],
        [Level.MUST, Level.SHOULD],
        [],
    )


@pytest.mark.parametrize(
    ("tag", "mend"),
    [
        ("scenario:5", "Scenarios are @scenario:1 to @scenario:4 and words such as @scenario:all-in-cloud."),
        ("scenario:12", "Scenarios are @scenario:1 to @scenario:4 and words such as @scenario:all-in-cloud."),
        ("stage:later", "Stages are @stage:plan, @stage:before and @stage:after."),
        ("scenario", "Scenarios are @scenario:1 to @scenario:4 and words such as @scenario:all-in-cloud."),
        ("except:5", "Scenarios are @except:1 to @except:4 and words such as @except:all-in-cloud."),
        ("domian:contoso.com", "Did you mean @domain:contoso.com?"),
        ("enviroment:a", "Did you mean @environment:a?"),
        ("wip", "For a tag of your own, write @x-wip."),
        ("Must", "Did you mean @must?"),
        ("s4-mx-1", "Identifiers are written in capitals: @S4-MX-1."),
    ],
)
def test_unknown_tags(tag: str, mend: str) -> None:
    assert sort([tag]).unknown == [(tag, mend)]


@given(st.lists(st.text(max_size=20)))
def test_every_tag_has_a_meaning_or_is_unknown(tags: list[str]) -> None:
    told = sort(tags)
    plain = [tag for tag in tags if tag.startswith("x-") or tag == "tenant" or ":" in tag]
    assert len(told.identifiers) + len(told.levels) + len(told.unknown) >= len(tags) - len(plain)
