#!/bin/sh
# Writes the lock files from what is named `*.in`, for all versions of Python that are supported. Needs uv.
set -eu
cd "$(dirname "$0")"
for name in test dev frameworks; do
  uv pip compile --quiet --universal --generate-hashes --python-version 3.10 --custom-compile-command requirements/lock.sh \
    "$name.in" --output-file "$name.txt"
done
