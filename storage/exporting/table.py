"""The table of formats: to add one is a module with a writer, and a line here."""

from __future__ import annotations

from storage.exporting import atom, json_lines, linked_data, ninjs, parquet, spreadsheet
from storage.exporting.form import Form

FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form("jsonl", (".jsonl",), "application/x-ndjson", json_lines.write),
        Form("csv", (".csv",), "text/csv; charset=utf-8", spreadsheet.write, raw=spreadsheet.write_raw),
        Form("parquet", (".parquet",), "application/vnd.apache.parquet", parquet.write, is_text=False),
        Form("jsonld", (".jsonld",), "application/ld+json", linked_data.write),
        Form("ninjs", (".ninjs.jsonl", ".ninjs"), "application/x-ndjson", ninjs.write),
        Form("atom", (".atom",), "application/atom+xml", atom.write),
    )
}
"""The formats by their names."""
