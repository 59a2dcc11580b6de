"""`ringi schema`."""

import json

import typer

from api.schemas.json_schema import definition_schema


def run() -> None:
    """Print the JSON Schema of definitions, for editors that check YAML and JSON as it is typed."""
    typer.echo(json.dumps(definition_schema(), indent=2))
