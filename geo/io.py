"""Reading and writing the files that describe a coast."""

from geo._layers import read_layer
from geo._likely_crs import likely_crs
from geo._stations import read_stations
from geo._write import FORMATS, write_layers

__all__ = ["FORMATS", "likely_crs", "read_layer", "read_stations", "write_layers"]
