"""Inputs of the kinds that were reported, with other columns, values and spellings."""
