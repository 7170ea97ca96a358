"""The real files of the shared data."""

NMEA = (
    "aishub_world_85k.nmea.gz",
    "uscg_nais_20160728_100k.nm4.gz",
    "libais_typeexamples.nmea",
    "libais_test.aivdm",
    "pyais_nmea_data_sample.txt",
    "aisdb_test_20211101.nm4",
)
"""Odd each in its own way: see the README beside them."""
