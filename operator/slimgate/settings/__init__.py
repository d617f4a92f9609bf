"""The only reader of the environment and of the configuration file's content.

A setting that one value can hold has a variable, SLIMGATE_*, too; variables win over the file.
Nothing here opens files.
"""

from slimgate.settings.model import (
    MAX_LAYER_BYTES,
    MEASURED_LAYER_BYTES,
    WHOLE_LAYER_BYTES,
    CertificateSource,
    Exemption,
    LogFormat,
    Settings,
)
from slimgate.settings.read import CONFIG, MAX_FILE_BYTES, File, read

__all__ = [
    "CONFIG",
    "MAX_FILE_BYTES",
    "MAX_LAYER_BYTES",
    "MEASURED_LAYER_BYTES",
    "WHOLE_LAYER_BYTES",
    "CertificateSource",
    "Exemption",
    "File",
    "LogFormat",
    "Settings",
    "read",
]
