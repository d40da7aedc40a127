"""Object masks: which patches of a picture belong together."""

from forensics.objects.masks import MAX_OBJECTS, ObjectMasks, ObjectSegmenter, Rule
from forensics.objects.none import NoObjects
from forensics.objects.regions import RegionMerging

__all__ = ["MAX_OBJECTS", "NoObjects", "ObjectMasks", "ObjectSegmenter", "RegionMerging", "Rule"]
