"""The object store of one machine as a maker of buckets."""
