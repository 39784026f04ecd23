"""Tests of the room sensor."""
