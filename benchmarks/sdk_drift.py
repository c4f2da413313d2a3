"""Compares the providers' SDKs that are installed with the table of engines: ``python -m benchmarks.sdk_drift``.

Run it after an SDK was upgraded. Prints what was added, removed or renamed, one line each; ends with 1 where a row offers what
its SDK does not know.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

from vidgen.engines.cloud.drift import SDKS, findings


def main() -> int:
    for sdk in SDKS:
        try:
            print(f"{sdk.engine}: {sdk.package} {version(sdk.package)}")
        except PackageNotFoundError:
            print(f"{sdk.engine}: {sdk.package} is not installed")
    found, missing = findings()
    for line in missing:
        print(f"not compared: {line}")
    for one in sorted(found, key=lambda one: (not one.wrong, one.engine, one.model)):
        print(f"{'WRONG' if one.wrong else 'more '} {one.change:8} {one.engine} {one.model}: {one.text}")
    wrong = sum(one.wrong for one in found)
    print(f"{wrong} rows offer what their SDK does not know; {len(found) - wrong} SDKs' offers that are not in the table")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
