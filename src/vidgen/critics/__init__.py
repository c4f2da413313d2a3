"""The scorers that come with vidgen and ask a model: fidelity to the prompt, and plausible physics. Off until configured
(``score:`` in ``config.yaml``). ``scoring.scorers`` names and runs them, as it does those of other packages.
"""
