"""Prints the body that submits a sample: sample.py FOLDER. The .py file is the code, .csv files are the inputs."""

import base64
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
inputs = sorted(folder.glob("*.csv"))
[code] = folder.glob("*.py")
print(json.dumps({
    "environment": "local",
    "name": folder.name,
    "jobType": "Single",
    "code": {"language": "python", "source": code.read_text(encoding="utf-8")},
    "inputFiles": {file.name: {"base64": base64.b64encode(file.read_bytes()).decode("ascii")} for file in inputs},
}))
