"""Loads what a report needs before the process is sealed and can open no file."""

from __future__ import annotations

import numpy as np

from appliance.audit.export.certificate.facts import Fact
from appliance.cli.simulate.report.content import Content, Definition, Table
from appliance.cli.simulate.report.html import as_html
from appliance.cli.simulate.report.pdf import as_pdf
from appliance.cli.simulate.report.pictures import SIZE, encoded
from appliance.pipeline.simulation.lettering import load_words
from appliance.pipeline.simulation.words import WORDS


def prepare() -> None:
    """Make a report of nothing: libraries load their fonts and modules at their first use."""
    load_words()
    picture = encoded(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), "")
    table = Table(("", "", "", ""), (("", "±", "", ""),))
    page = Content(
        headline=WORDS,
        compared=(picture, picture),
        explained=(picture,),
        handles=table,
        measures=table,
        notes=("",),
        definitions=(Definition("", "", ""),),
        facts=(Fact("", "0", exact=True),),
        proof="0",
    )
    as_pdf(page)
    as_html(page)
