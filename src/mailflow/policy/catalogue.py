"""Every feature file of a project, and that each identifier belongs to one scenario of all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailflow.input_error import InputError, Mistake
from mailflow.policy.documents import documents
from mailflow.policy.feature import Feature
from mailflow.policy.read_feature import read
from mailflow.policy.requirement import Requirement


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every feature file of a project."""

    features: tuple[Feature, ...]  # those without mistakes
    mistakes: Mapping[str, InputError]  # the others, by path

    def without(self, found: Iterable[Mistake]) -> "Catalogue":
        """Give the same, with the features in which further mistakes were found among those with mistakes."""
        by_file: dict[str, list[Mistake]] = {}
        for mistake in found:
            by_file.setdefault(mistake.file, []).append(mistake)
        return Catalogue(
            tuple(feature for feature in self.features if feature.path not in by_file),
            {**self.mistakes, **{path: InputError(*told) for path, told in by_file.items()}},
        )

    def demand_none_wrong(self) -> None:
        """Hold that every feature file could be read.

        Raises:
            InputError: with the mistakes of all of them.

        """
        if self.mistakes:
            raise InputError.gather(self.mistakes.values())


def read_folder(folder: Path, root: Path) -> Catalogue:
    """Read every feature file below a folder, by path. Never raises for what a file holds."""
    return read_files((path, root) for path in sorted(folder.rglob("*.feature")))


def read_files(files: Iterable[tuple[Path, Path]]) -> Catalogue:
    """Read feature files, each with the root from which its path is told. Never raises for what a file holds."""
    features: dict[str, Feature] = {}
    mistakes: dict[str, InputError] = {}
    owners: dict[str, Requirement] = {}
    for path, root in files:
        name = path.relative_to(root).as_posix()
        if name in features or name in mistakes:
            mistakes[name] = InputError(Mistake(name, None, "a file that Mailflow brings", "another name"))
            continue
        try:
            feature = read(path, root, documents())
            _claim(feature, owners)
        except InputError as error:
            mistakes[name] = error
        else:
            features[name] = feature
    return Catalogue(tuple(features.values()), mistakes)


def _claim(feature: Feature, owners: dict[str, Requirement]) -> None:
    """Hold every identifier to one scenario: reports, waivers and faults refer to it."""
    twice = [
        Mistake(
            ours.path,
            ours.line,
            f"the identifier {ours.id} once more",
            "an identifier of its own",
            f"{owners[ours.id].path}:{owners[ours.id].line} has it already.",
        )
        for ours in (scenario.requirement for scenario in feature.scenarios)
        if ours.id in owners
    ]
    if twice:
        raise InputError(*twice)
    owners.update((scenario.requirement.id, scenario.requirement) for scenario in feature.scenarios)
