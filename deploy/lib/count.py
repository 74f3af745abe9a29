"""Adds up JUnit reports: count.py TESTS-FOLDER REPORT...; ends with "N passed, M failed".

Fails if a test failed or was skipped, if a report is missing, or if a folder of TESTS-FOLDER (one test target each, or
system) contributed no test: a suite that does not run must not look like one that passes.
"""

import pathlib
import sys
import xml.etree.ElementTree

folder, *reports = map(pathlib.Path, sys.argv[1:])
passed, failed, skipped, seen = 0, [], [], set()
for report in reports:
    if not report.exists():
        failed.append(f"{report} was not written")
        continue
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f'{case.get("classname")}.{case.get("name")}'
        seen.add("system" if report.stem.startswith("system") else name.split(".")[0])
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif case.find("skipped") is not None:
            skipped.append(name)
        else:
            passed += 1

wanted = {part.name for part in folder.iterdir() if part.is_dir() and (part.name == "system" or part.name.endswith("Tests"))}
for name in sorted(wanted - seen):
    failed.append(f"{name}: no test ran")
for name in skipped:
    failed.append(f"{name}: skipped")
for name in failed:
    print(f"  failed: {name}")
print(f"{passed} passed, {len(failed)} failed")
sys.exit(1 if failed or not passed else 0)
