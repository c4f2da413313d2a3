"""One module for each command: options in, a result out, whose ``as_dict`` is the JSON of the contract.

The CLI parses the options, calls one of these, and prints what it gives.
"""
