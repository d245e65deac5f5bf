"""A seeded generator of package indices with the statistics of conda-forge.

`fit` measures a real index and writes `conda_forge.json`; `timeline` draws each name's life from it; `records` turns a
life into repodata records; `requests` draws satisfiable requests with the solution that proves it.
"""
