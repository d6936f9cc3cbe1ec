"""The features and sentences that come with the kit, in a project of somebody's own.

Such a project says `shipped_features = true` (`mailflow init` writes it). Its rows, its sentences and its files stand
beside the kit's, which lie where the package was installed; on the terminal and in reports both are `features/…`.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from mailflow.policy.kit import shipped_root

FEATURES = "features"
OPTION = "shipped_features"


def roots(config: pytest.Config) -> tuple[Path, ...]:
    """Give the folders whose features/ and steps/ count, the kit's first."""
    return (shipped_root(), config.rootpath) if config.getini(OPTION) else (config.rootpath,)


def feature_files(config: pytest.Config) -> Iterable[tuple[Path, Path]]:
    """Give every feature file that counts with its root. Of the kit's none that is of a single domain."""
    own = config.rootpath
    for root in roots(config):
        found = (root / FEATURES).rglob("*.feature") if root == own else (root / FEATURES).glob("*.feature")
        for path in sorted(found):
            yield path, root


class Arguments:
    """Node ids of the kit's files on the command line: pytest looks for a file there and finds none.

    The folder is collected in their place, and what was not asked for is left out again.
    """

    def __init__(self, config: pytest.Config, shipped: Iterable[str]) -> None:
        """`shipped`: the paths of the kit's feature files, as they are told."""
        self._asked = [_node_id(config, argument) for argument in config.args]
        known = set(shipped)
        strangers = [node_id.partition("::")[0] in known for node_id in self._asked]
        self._leaves_out = any(strangers)
        whole = str(config.rootpath / FEATURES)
        config.args[:] = dict.fromkeys(
            whole if strange else argument for argument, strange in zip(config.args, strangers, strict=True)
        )

    def leave_out(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect what was not asked for."""
        if not self._leaves_out:
            return
        kept = [item for item in items if any(_below(item.nodeid, asked) for asked in self._asked)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def _node_id(config: pytest.Config, argument: str) -> str:
    path, colons, names = argument.partition("::")
    place = Path(os.path.normpath(config.invocation_params.dir / path))
    known = place.relative_to(config.rootpath).as_posix() if place.is_relative_to(config.rootpath) else argument
    return f"{known}{colons}{names}"


def _below(node_id: str, asked: str) -> bool:
    return asked in (".", node_id) or node_id.startswith((f"{asked}::", f"{asked}/"))
