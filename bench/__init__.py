"""Benchmarks. Each prints ratios measured in one run; a noisy machine moves both sides of a ratio."""
