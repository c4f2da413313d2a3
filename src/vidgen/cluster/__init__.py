"""Runs work on the machines of a Ray cluster. The driver, which is the process that a person started, plans, pays and keeps.

```
 driver: client --socket--> gateway (a process of its own, the only driver of Ray) --actors--> slot --socket--> worker (does it)
                            scheduler: which work where                    one for each GPU or core   engines, post, cut
```

Only ``gateway_ray.py`` and ``slot_ray.py`` import ray. Files travel by their content (``packing.py``, ``cache.py``).
"""
