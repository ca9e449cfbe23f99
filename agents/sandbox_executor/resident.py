"""Stays in a container and starts the scripts that it is asked to run.

A placeholder.
"""
