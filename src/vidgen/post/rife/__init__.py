"""RIFE: pictures between two pictures by a network that estimates the motion at any moment between them."""
