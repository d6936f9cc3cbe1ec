"""A fault: one change to an environment as it happens in life, and the rows that fall with it.

`fixtures/faults/` holds one file for each. They prove that every requirement can fail, and show a user what a
red report looks like. A change that changes nothing is a mistake, so that no fault proves less than it says.
"""

import fnmatch
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mailflow.environment.environment import Environment
from mailflow.environment.fault_change import Change, apply
from mailflow.environment.file_mistakes import read_model
from mailflow.environment.file_types import nearest
from mailflow.environment.load import load
from mailflow.environment.yaml_text import read_yaml
from mailflow.input_error import InputError, Mistake

FOLDER = Path("fixtures/faults")

Text = Annotated[str, Field(min_length=1)]


class Rows(BaseModel):
    """What falls in one environment, in place of what falls in all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    breaks: tuple[Text, ...] = ()
    hides: tuple[Text, ...] = ()


class FaultFile(BaseModel):
    """One file of `fixtures/faults/`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text = Field(description="what is wrong, in one sentence")
    life: Text = Field(description="how it comes about, and what people then see")
    source: Text = Field(description="where that is told: a document of the library, or what was observed")
    environments: Annotated[tuple[Text, ...], Field(min_length=1, description="names below fixtures/")]
    given: Change | None = Field(None, description="what is set up otherwise, and rightly, before it goes wrong")
    change: Change
    breaks: tuple[Text, ...] = Field((), description="every row that must become non-compliant")
    hides: tuple[Text, ...] = Field((), description="every row that must become not verified: evidence is gone")
    may_break: Mapping[str, Text] = Field({}, description="rows that may change their verdict, each with the reason")
    rows: Mapping[str, Rows] = Field({}, description="by environment, where the rows differ from one to another")
    shows: Text = Field(description="words that the evidence or the finding must hold: the changed thing")
    mends: Text = Field(description="words that a remedy must hold: the mend")

    @model_validator(mode="after")
    def _given_in_files(self) -> Self:
        if self.given and self.given.server:
            raise ValueError("given stands in files; a server that misbehaves is a change")
        return self


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, by the name of its file."""

    name: str
    file: FaultFile
    path: str  # fixtures/faults/spf-ipv4-typo.yaml

    def falls(self, environment: str, kind: Literal["breaks", "hides"]) -> frozenset[str]:
        """Name the rows that fall in one environment."""
        own = self.file.rows.get(environment)
        return frozenset(getattr(own if own is not None else self.file, kind))


def read(path: Path, root: Path) -> Fault:
    """Read one fault.

    Raises:
        InputError: every mistake in the file.

    """
    name = path.relative_to(root).as_posix()
    document = read_yaml(path.read_text(encoding="utf-8"), name)
    return Fault(path.stem, read_model(FaultFile, document, name), name)


def read_all(root: Path) -> dict[str, Fault]:
    """Read every fault of a project, by name.

    Raises:
        InputError: every mistake in every file.

    """
    found: dict[str, Fault] = {}
    errors = []
    for path in sorted((root / FOLDER).glob("**/*.yaml")):
        try:
            fault = read(path, root)
        except InputError as error:
            errors.append(error)
            continue
        if fault.name in found:
            twice = Mistake(fault.path, None, f"a second fault '{fault.name}'", "file names that differ")
            errors.append(InputError(twice))
        found[fault.name] = fault
    if errors:
        raise InputError.gather(errors)
    return found


def named(root: Path, patterns: Sequence[str]) -> list[Fault]:
    """Read the faults of these names, `*` and `?` as wildcards; the others are not looked at.

    Raises:
        InputError: a name that is none, with the nearest right one; every mistake in the files.

    """
    files = {path.stem: path for path in sorted((root / FOLDER).glob("**/*.yaml"))}
    found = {pattern: [name for name in files if fnmatch.fnmatchcase(name, pattern)] for pattern in patterns}
    expected = f"the name of a file in {FOLDER.as_posix()}/"
    wrong = [
        Mistake("--fault", None, f"'{pattern}'", expected, nearest(pattern, list(files)))
        for pattern, matching in found.items()
        if not matching
    ]
    if wrong:
        raise InputError(*wrong)
    return [read(files[name], root) for name in dict.fromkeys(name for matching in found.values() for name in matching)]


@contextmanager
def changed(folder: Path, fault: Fault) -> Iterator[Path]:
    """Copy an environment's folder and make the fault's change in the copy; it is gone afterwards.

    Raises:
        InputError: the change changes nothing, or what it changes is not there.

    """
    with TemporaryDirectory(prefix="mailflow-") as place:
        copy = Path(place) / f"{folder.name}--{fault.name}"
        shutil.copytree(folder, copy)
        try:
            if fault.file.given:
                apply(fault.file.given, copy)
            apply(fault.file.change, copy)
        except LookupError as nothing:
            raise InputError(
                Mistake(fault.path, None, f"a change that changes nothing in {folder.name}", str(nothing.args[0]))
            ) from nothing
        yield copy


def load_faulty(folder: Path, fault: Fault) -> Environment:
    """Load an environment with a fault in it. Its name is that of both: `scenario-4--spf-ipv4-typo`.

    Raises:
        InputError: as `changed` and `load` do.

    """
    with changed(folder, fault) as copy:
        environment = load(copy)
    server = fault.file.change.server
    if server is None:
        return environment
    web = {host.name for host in environment.policy_hosts.values()}
    mail = {one.name for one in environment.servers}
    if server.name not in (web if server.of_web else mail):
        told = f"the server '{server.name}' that is '{server.does}'"
        raise InputError(Mistake(fault.path, None, told, f"a server of {folder.name} that can be so"))
    return replace(environment, disturbed={server.name: server.does})


def applies(fault: Fault, folder: Path) -> bool:
    """Whether a fault is meant for an environment."""
    return folder.name in fault.file.environments
