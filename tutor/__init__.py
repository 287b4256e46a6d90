"""Autograd Tutor: the learner's code runs on real torch, leaves a trace, and is played back step by step."""

__version__ = "0.1.0"
