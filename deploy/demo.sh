#!/usr/bin/env bash
# The main jobs, in an archive of its own under build/demo: saved articles, then a crawl of a news site made up for the
# tests and served on this machine alone. Asks nothing, and fetches nothing from elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf build/demo && mkdir -p build/demo/seeds/sources
export COPYDESK_DATABASE=sqlite:///build/demo/archive.db COPYDESK_BLOBS=build/demo/raw COPYDESK_SEEDS=build/demo/seeds

run() {
    printf '\n$ copydesk %s\n' "$*"
    .venv/bin/copydesk "$@"
}

field() {  # the value of a field in a line of JSON
    .venv/bin/python -c 'import json, sys; print(eval("json.load(sys.stdin)" + sys.argv[1]))' "$1"
}

printf '%s\n' '— Saved articles —'
run ingest seeds/articles
run why seeds/articles/fr_phare_de_kergoat.txt
run search phare
run show "$(.venv/bin/copydesk search phare --limit 1 --json | field '["id"][:8]')"
run export build/demo/articles.csv

printf '\n%s\n' '— A crawl —'
coproc SITE { .venv/bin/python -m tests.sites --outlets 1 --articles 24 --log build/demo/access.jsonl; }
read -r site <&"${SITE[0]}"
base=$(field '["bases"]["127.0.0.1"]' <<<"$site")
cat >build/demo/seeds/sources/morning-ledger.toml <<TOML
title = "The Morning Ledger"
language = "en"
homepage = "$base/"
enabled = false
[[place]]
kind = "feed"
urls = ["$base/rss.xml"]
[schedule]
every = "30m"
[fetch]
delay_seconds = 0.05
allow_private = ["127.0.0.0/8"]  # a site on this machine: copydesk fetches from no such address unless it is told to
TOML
printf '\n$ cat build/demo/seeds/sources/morning-ledger.toml\n'
cat build/demo/seeds/sources/morning-ledger.toml
run sources preview morning-ledger
run sources enable morning-ledger
run crawl morning-ledger
run crawl morning-ledger
run why "$(.venv/bin/copydesk search --source morning-ledger --limit 1 --json | field '["url"]')"
run status
exec {SITE[1]}>&-
wait "$SITE_PID" || true
printf '\nNext: .venv/bin/copydesk ingest YOUR-FILES, docs/tutorial.md and docs/add-a-source.md. This archive: build/demo.\n'
