from dataclasses import replace

from mailflow.policy.finding import Verdict
from mailflow.report.matrix import Tall, Wide, matrix, rows


def test_anchors_are_the_key_of_a_result(row) -> None:
    found = rows([row(Verdict.COMPLIANT, "S4-MX-1"), row(Verdict.COMPLIANT, "HYB-TRUST-1", tenant=True)])
    assert [each.anchor for each in found] == ["S4-MX-1--contoso.com", "HYB-TRUST-1"]


def test_anchors_are_safe_and_unique_whatever_the_names(row) -> None:
    one = row(Verdict.COMPLIANT, 'A-1" onclick="')
    assert [each.anchor for each in rows([one, one, one])] == [
        "A-1_22__20_onclick_3d__22_--contoso.com",
        "A-1_22__20_onclick_3d__22_--contoso.com--2",
        "A-1_22__20_onclick_3d__22_--contoso.com--3",
    ]


def test_requirements_down_and_domains_across(build, row) -> None:
    tenant = row(Verdict.WAIVED, "HYB-TRUST-1", tenant=True)
    first = row(Verdict.NON_COMPLIANT, "S4-MX-1")
    second = replace(row(Verdict.COMPLIANT, "S4-MX-2"), domain="fabrikam.com")
    run = build(results=[first, second, tenant], domains={"fabrikam.com": 4, "contoso.com": 4})
    found = rows(run.results)
    (table,) = matrix(run, found)
    assert table.domains == (None, "fabrikam.com", "contoso.com")
    ((feature, lines),) = table.features
    assert feature == "feature"
    assert [(line.requirement.id, line.cells) for line in lines] == [
        ("S4-MX-1", (None, None, found[0])),
        ("S4-MX-2", (None, found[1], None)),
        ("HYB-TRUST-1", (found[2], None, None)),
    ]


def test_many_domains_stand_one_below_the_other_by_scenario_in_tables_that_fit_a_sheet(build, row) -> None:
    names = [f"domain-{number}.example" for number in range(6)]
    asked = [f"S4-MX-{number}" for number in range(1, 31)]
    results = [replace(row(Verdict.COMPLIANT, one), domain=name) for name in names for one in asked]
    results.append(row(Verdict.COMPLIANT, "HYB-TRUST-1", tenant=True))
    run = build(results=results, domains=dict.fromkeys(names[:5], 4) | {names[5]: 1})
    tenant, *tables = matrix(run, rows(results))
    assert isinstance(tenant, Wide)
    assert tenant.domains == (None,)
    assert all(isinstance(table, Tall) for table in tables)
    assert [(table.title, len(table.requirements), [name for name, _ in table.lines]) for table in tables] == [
        ("Domains of scenario 4, part 1 of 2: S4-MX-1 to S4-MX-24", 24, names[:5]),
        ("Domains of scenario 4, part 2 of 2: S4-MX-25 to S4-MX-30", 6, names[:5]),
        ("Domains of scenario 1, part 1 of 2: S4-MX-1 to S4-MX-24", 24, names[5:]),
        ("Domains of scenario 1, part 2 of 2: S4-MX-25 to S4-MX-30", 6, names[5:]),
    ]
    met = [cell.result for table in tables for _, cells in table.lines for cell in cells if cell]
    assert sorted(map(id, met)) == sorted(map(id, results[:-1]))


def test_a_scenario_may_be_a_word(build, row) -> None:
    names = [f"domain-{number}.example" for number in range(6)]
    results = [replace(row(Verdict.COMPLIANT, "CLOUD-MX-1"), domain=name) for name in names]
    run = build(results=results, domains=dict.fromkeys(names[:5], 4) | {names[5]: "all-in-cloud"})
    assert [table.title for table in matrix(run, rows(results))] == [
        "Domains of scenario 4: CLOUD-MX-1 to CLOUD-MX-1",
        "Domains of scenario all-in-cloud: CLOUD-MX-1 to CLOUD-MX-1",
    ]


def test_a_domain_without_a_row_and_a_row_without_its_domain_are_both_shown(build, row) -> None:
    run = build(results=[row(Verdict.COMPLIANT, "S4-MX-1")], domains={"fabrikam.com": 1})
    (table,) = matrix(run, rows(run.results))
    assert table.domains == ("fabrikam.com", "contoso.com")
