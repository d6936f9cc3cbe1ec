"""The JSON Schema of environment.yaml, for editors: `python -m mailflow.environment.schema`."""

import json
import sys
from pathlib import Path
from typing import Any

from mailflow.environment.file_model import EnvironmentFile

FILE = Path(__file__).with_name("environment.schema.json")


def schema() -> dict[str, Any]:
    """Make the schema from the model; draft 2020-12."""
    made: dict[str, Any] = _untitled(EnvironmentFile.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Mailflow environment"} | made


def _untitled(part: Any) -> Any:
    """Leave out the titles: pydantic derives them from the keys, and editors would show them in place of these."""
    if isinstance(part, dict):
        return {key: _untitled(value) for key, value in part.items() if key != "title"}
    return [_untitled(value) for value in part] if isinstance(part, list) else part


def text() -> str:
    """Write the schema as it is committed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{FILE}\n")
