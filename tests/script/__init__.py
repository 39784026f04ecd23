"""Tests of the room script."""
