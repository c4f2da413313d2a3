"""YAML that a person or another program wrote, as plain values. Storyboards have a stricter reader with places of its own."""

from __future__ import annotations

from collections import Counter
from typing import Any


def read_yaml(raw: bytes) -> Any:
    """Mappings, lists, text, numbers, true, false and null. Dates stay text.

    Raises ValueError, in words, for what is not UTF-8 text, not YAML, nested too deeply, has a key twice, or has tags or
    aliases: nothing in such a file makes objects or costs more than its size.
    """
    import yaml

    class Loader(_base()):  # type: ignore[misc]
        """YAML's plain values, nothing more."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()
            if isinstance(event, yaml.AliasEvent) or event.anchor is not None or getattr(event, "tag", None) is not None:
                mark = event.start_mark
                raise ValueError(f"line {mark.line + 1}, column {mark.column + 1}: tags, anchors and aliases are not used here")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            times = Counter(key.value for key, _ in node.value if isinstance(key.value, str))
            if twice := {name for name, count in times.items() if count > 1}:
                raise ValueError(f"{', '.join(sorted(twice))} is there twice")
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
    """SafeLoader, with libyaml's parser where that is there; libyaml's own composer would not end a deep file with an error."""
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
