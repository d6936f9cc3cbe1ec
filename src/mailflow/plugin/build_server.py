"""What a build server is told, where one is recognised: annotations, and the summary of the job."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from mailflow.policy.run import Run
from mailflow.report import annotations, as_markdown


def commands(runs: Sequence[Run], reports: Sequence[Path], environ: Mapping[str, str]) -> Iterator[str]:
    """Give the lines that GitHub Actions or Azure Pipelines reads in the output of a job; none elsewhere.

    Args:
        runs: of this job.
        reports: the folder of each run's report, in their order; none where they could not be written.
        environ: the environment variables. GITHUB_ACTIONS is `true` and TF_BUILD is `True` on these servers.

    """
    if environ.get("GITHUB_ACTIONS") == "true":
        for run in runs:
            yield from annotations.github(run)
    elif environ.get("TF_BUILD") == "True":
        for run in runs:
            yield from annotations.azure(run)
        for folder in reports:
            yield f"##vso[task.uploadsummary]{folder / 'summary.md'}"


def add_summary(runs: Sequence[Run], environ: Mapping[str, str], unreadable: Collection[str] = ()) -> None:
    """Append the summary of the job to the file that GitHub Actions names in GITHUB_STEP_SUMMARY.

    Raises:
        OSError: it cannot be written.

    """
    if file := environ.get("GITHUB_STEP_SUMMARY"):
        with Path(file).open("ab") as summary:
            summary.write(as_markdown.job(runs, unreadable))
