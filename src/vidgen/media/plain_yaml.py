"""Read small YAML files (lock file, configuration) as plain values. Storyboards have a stricter reader with line numbers."""

from __future__ import annotations

from collections import Counter
from typing import Any


def read_yaml(raw: bytes) -> Any:
    """Parse YAML to mappings, lists, text, numbers, booleans and None. Dates stay text.

    Raises ValueError, with a message for the user, for invalid UTF-8 or YAML, deep nesting, duplicate keys, tags and aliases.
    So a file cannot create objects or expand beyond its size.
    """
    import yaml

    class Loader(_base()):  # type: ignore[misc]
        """A safe loader without tags, aliases and duplicate keys."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()
            if isinstance(event, yaml.AliasEvent) or event.anchor is not None or getattr(event, "tag", None) is not None:
                mark = event.start_mark
                raise ValueError(
                    f"line {mark.line + 1}, column {mark.column + 1}: tags, anchors and aliases are not allowed here"
                )
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            times = Counter(key.value for key, _ in node.value if isinstance(key.value, str))
            if twice := {name for name, count in times.items() if count > 1}:
                raise ValueError(f"duplicate key {', '.join(sorted(twice))}")
            found: dict[Any, Any] = super().construct_mapping(node, deep)
            return found

    Loader.yaml_implicit_resolvers = {
        first: [row for row in rows if row[0] != "tag:yaml.org,2002:timestamp"]
        for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(raw.decode("utf-8-sig"), Loader=Loader)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line}: it is not UTF-8 text; save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _base() -> Any:
    """SafeLoader, with libyaml's parser if available. libyaml's own composer does not raise an error for deep nesting."""
    import yaml

    parser: Any = getattr(yaml, "CParser", None)
    if parser is None:
        return yaml.SafeLoader
    composer, constructor, resolver = yaml.composer.Composer, yaml.constructor.SafeConstructor, yaml.resolver.Resolver

    class Fast(composer, parser, constructor, resolver):  # type: ignore[misc, valid-type]
        def __init__(self, stream: str) -> None:
            parser.__init__(self, stream)
            composer.__init__(self)
            constructor.__init__(self)
            resolver.__init__(self)

    return Fast
