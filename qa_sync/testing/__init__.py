"""Suites that a connector author imports; needs pytest, which nothing else in qa-sync does.

``contract.SourceContract`` and ``contract.SinkContract`` say what a connector must keep to.
Importing this package imports nothing, so that a connector may name it without installing pytest.
"""
