"""How the report looks, on a screen and on A4."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.audit.export.labels import Group

COLOURS: Mapping[Group, str] = {
    "work": "#2f7d8c",
    "people": "#5560a8",
    "release": "#b4831a",
    "alarm": "#b23a2b",
    "system": "#9aa1ab",
}

CSS = """
@page { size: A4; margin: 16mm 14mm 18mm }
:root { --ink: #1d2329; --soft: #5d6670; --line: #dde1e6; --ground: #f5f6f8 }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 2rem; color: var(--ink);
  font: 14px/1.5 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; background: #fff }
h1 { margin: 0; font-size: 1.9rem; font-weight: 650; letter-spacing: -.01em }
h2 { margin: 2.4rem 0 .7rem; font-size: 1.12rem; font-weight: 650 }
p { margin: .3rem 0 }
.soft, figcaption { color: var(--soft) }
.hex { font: .86em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
.verdict { margin: 1.4rem 0; padding: .9rem 1.1rem; border-left: 5px solid; border-radius: 4px }
.verdict strong { display: block; font-size: 1.1rem }
.sound { border-color: #2e7d4f; background: #eef7f1 }
.unsound { border-color: #b23a2b; background: #fbeeec }
.verdict ul { margin: .4rem 0 0; padding-left: 1.2rem }
.tally { display: grid; grid-template-columns: repeat(6, 1fr); gap: .6rem; margin: 0 }
.tally div { padding: .7rem .8rem; background: var(--ground); border-radius: 6px }
.tally dt { color: var(--soft); font-size: .8rem }
.tally dd { margin: 0; font-size: 1.45rem; font-weight: 600; line-height: 1.25 }
.tally .alarm dd { color: #b23a2b }
figure { margin: 0 }
svg { display: block; width: 100%; height: auto }
svg text { font-size: 11px; fill: var(--soft) }
.legend { display: flex; gap: 1.2rem; margin-top: .4rem; font-size: .85rem; color: var(--soft) }
.dot { display: inline-block; width: .65rem; height: .65rem; margin-right: .4rem;
  border-radius: 50% }
table { width: 100%; border-collapse: collapse; font-size: .86rem }
thead { display: table-header-group }
th { padding: .3rem .5rem; border-bottom: 1.5px solid var(--ink); text-align: left;
  font-weight: 600; white-space: nowrap }
td { padding: .32rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top }
td.number, th.number { text-align: right }
.line { white-space: nowrap }
.bad { color: #b23a2b; font-weight: 600 }
.check { padding: .9rem 1.1rem; background: var(--ground); border-radius: 6px }
code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; print-color-adjust: exact;
    -webkit-print-color-adjust: exact }
  table { font-size: 7.5pt; line-height: 1.35 } td, th { padding: .14rem .35rem }
  h2 { break-after: avoid } tr, figure, .verdict, .tally, .check { break-inside: avoid }
}
"""
