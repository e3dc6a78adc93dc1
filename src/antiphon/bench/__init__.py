"""Measurements that anyone can repeat: one command each, real recordings, figures with intervals.

A bench writes one JSON document and one picture, compares within one run, and says on which machine. What
needs the recordings of real people says where it looked for them.
"""
