"""Plays the features of a client that a test asks for: a job a line of JSON on stdin, what came of it a line on stdout."""

import json
import sys


def serve(features):
    """`features` maps a name to a function from a job (`baseUrl`, `url`, `model`, `prompt`) to anything that is JSON."""
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = {"came": features[job["feature"]](job)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


ADD = {
    "name": "add",
    "description": "Adds.",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
}

SUM = {
    "type": "object",
    "properties": {"sum": {"type": "number"}},
    "required": ["sum"],
    "additionalProperties": False,
}


def say(prompt):
    return [{"role": "user", "content": prompt}]


def add(arguments):
    return str(arguments["a"] + arguments["b"])
