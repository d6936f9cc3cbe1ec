"""Names in commands that people paste: what stands in an export must not become a command."""

import re

_SINGLE = re.compile("(['\u2018\u2019\u201a\u201b])")  # PowerShell takes the typeset ones for quotation marks too
_EXPANDED = re.compile('["$`\u201c\u201d\u201e]')


def quoted(name: str) -> str:
    """Write a name as PowerShell reads it whole (about_Quoting_Rules).

    In double quotes `$(…)` would be carried out; in single ones nothing is, and a quotation mark is written twice.
    """
    whole = _SINGLE.sub(r"\1\1", name)
    return f"'{whole}'" if _EXPANDED.search(name) else f'"{name}"'
