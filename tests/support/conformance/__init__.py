"""conda's own solver tests, run against this library.

The wheel `pytest-conda-solvers` holds the solver tests of conda as data: YAML cases and the channels they use. Its
runner needs conda; this package reads the data alone. A case becomes channels and an environment on disk
(setup.py), and a call of `solve` (translate.py); where this project's contract asks for another answer than conda
gives, the case is listed with the reason (exceptions.py).

The wheel is not part of the project. It is looked for in the folder that `RESOLVENT_CONFORMANCE` names, else in
`conformance` inside the virtual environment (where `pip install --no-deps --target` puts it), else among the
installed packages. It is never imported: its pytest plugin would import conda.
"""
