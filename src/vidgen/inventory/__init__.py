"""What there is: engines, models, this machine. Answers questions; makes nothing."""
