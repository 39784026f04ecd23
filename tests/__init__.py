"""The tests mirror the tree; each is named as the sentence it proves."""
