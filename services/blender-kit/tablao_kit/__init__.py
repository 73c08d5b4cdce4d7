"""Tablao's kit: what runs inside Blender on a worker. Works in Blender 3.4 to 5.x (Python 3.10 to 3.13)."""
