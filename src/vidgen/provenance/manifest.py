"""The C2PA manifest of a film, made of its record."""

from __future__ import annotations

from typing import Any

from vidgen.provenance.record import Record, ShotRecord

ASSERTION = "vidgen.provenance"
"""Label of the assertion that holds the whole record."""


def definition(record: Record) -> dict[str, Any]:
    """The manifest as the C2PA library takes it: what was done, the shots as ingredients, and the record itself."""
    agent = {"name": "vidgen", "version": record.version}
    edited = "cut together" + (", with a visible label" if record.label else "")
    actions = [
        {"action": "c2pa.created", "digitalSourceType": record.source_type, "softwareAgent": agent},
        *(_placed(shot) for shot in record.shots),
        {"action": "c2pa.edited", "softwareAgent": agent, "parameters": {"description": edited}},
    ]
    return {
        "claim_generator_info": [agent],
        "title": record.title or "film",
        "ingredients": [ingredient(shot) for shot in record.shots],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": ASSERTION, "data": record.as_dict()},
        ],
    }


def ingredient(shot: ShotRecord) -> dict[str, Any]:
    """A shot as a part of the film."""
    take = f", take {shot.take}" if shot.take else ""
    known = {
        "engine": shot.engine,
        "model": shot.model,
        "digitalSourceType": shot.source_type,
        "prompt sha256": shot.prompt_sha256,
        "take sha256": shot.take_sha256,
    }
    return {
        "label": shot.id,
        "title": f"{shot.id}{take}",
        "format": "video/mp4",
        "relationship": "componentOf",
        "description": "; ".join(f"{name}: {value}" for name, value in known.items() if value),
    }


def _placed(shot: ShotRecord) -> dict[str, Any]:
    source = {"digitalSourceType": shot.source_type} if shot.source_type else {}
    return {"action": "c2pa.placed", **source, "parameters": {"ingredientIds": [shot.id]}}
