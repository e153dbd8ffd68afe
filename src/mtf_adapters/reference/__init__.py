"""Files in the format of the reference, converted into this project's; see docs/how-to/import-a-configuration.md."""

from mtf_adapters.reference.conversion import Conversion, convert
from mtf_adapters.reference.detection import Source, detect, is_profile_name
from mtf_adapters.reference.findings import Finding, FindingKind, Findings
from mtf_adapters.reference.importing import ExistsError, Imported, import_file, write_imported

__all__ = [
    "Conversion",
    "ExistsError",
    "Finding",
    "FindingKind",
    "Findings",
    "Imported",
    "Source",
    "convert",
    "detect",
    "import_file",
    "is_profile_name",
    "write_imported",
]
