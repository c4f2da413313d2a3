"""Where a film comes from: the record of its shots, hashes of their frames, the C2PA signature, and the check of all three.

A film has a record in two places: the sidecar beside it (always) and the C2PA manifest in it (where it is signed). Both name
the same shots. ``verify`` needs the film alone.
"""
