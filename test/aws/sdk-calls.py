"""Calls services through AWS's own SDK, which checks each parameter against the service's model.

In:  on stdin, a JSON list of {"service", "operation", "parameters"}
Out: on stdout, a JSON list of what each call answered, without its metadata
"""

import json
import os
import sys

import boto3

answers = []
for call in json.load(sys.stdin):
    client = boto3.client(call["service"], endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    answer = getattr(client, call["operation"])(**call["parameters"])
    answer.pop("ResponseMetadata", None)
    answers.append(answer)
json.dump(answers, sys.stdout, default=str)
