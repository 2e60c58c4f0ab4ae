#!/usr/bin/env bash
# The main job on the sample articles, in an archive of its own under build/demo: ingest, look, search.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf build/demo && mkdir -p build/demo
export COPYDESK_DATABASE=sqlite:///build/demo/archive.db COPYDESK_BLOBS=build/demo/raw

run() {
    printf '\n$ copydesk %s\n' "$*"
    .venv/bin/copydesk "$@"
}

run ingest seeds/articles
run why seeds/articles/fr_phare_de_kergoat.txt
run search phare
run show "$(.venv/bin/copydesk search phare --limit 1 --json | .venv/bin/python -c 'import json, sys; print(json.load(sys.stdin)["id"][:8])')"
run export build/demo/articles.csv
run status
printf '\nNext: .venv/bin/copydesk ingest YOUR-FILES, and docs/tutorial.md. This archive: build/demo.\n'
