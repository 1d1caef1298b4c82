"""Ways to damage a volume, each with what the doctor must say of it."""

from tests.damage import markers, originals, places, records, renditions, strays, trash
from tests.damage.volume import DAMAGES, Said, Volume

__all__ = ["DAMAGES", "Said", "Volume", "markers", "originals", "places", "records", "renditions", "strays", "trash"]
