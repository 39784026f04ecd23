"""Tests of the room boiler."""
