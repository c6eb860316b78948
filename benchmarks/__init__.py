"""The figures that the project promises, measured on this machine: ``python -m benchmarks``.

Each figure is a ratio of two ways to do the same thing with the same data, interleaved in one run
(A B A B …), so that a slow machine or a busy disk slows both. ``BENCH_QUICK=1`` takes smaller data.
"""
