"""A run as one HTML page that needs nothing else: words, then pictures, then the worst conversations."""

from antiphon.evals.report.page import page

__all__ = ["page"]
